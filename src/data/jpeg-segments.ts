// The one walk over a JPEG's segments (T.81, B.1.1): its orientation, its size and the copy that a decoder gets all come
// from here.

/** A piece of a JPEG that begins with a marker. */
export interface JpegSegment {
  /** The marker's second byte; its names are in JPEG below. */
  marker: number;
  /** What follows the length; empty where the marker has none. */
  body: Uint8Array;
  /** Of a start of scan: the entropy-coded bytes behind it, with their restart markers; else empty. */
  scan: Uint8Array;
}

/** Second bytes of the markers that are asked for by name. */
export const JPEG = {
  huffmanTables: 0xc4,
  restart0: 0xd0,
  restart7: 0xd7,
  start: 0xd8,
  end: 0xd9,
  startOfScan: 0xda,
  quantizationTables: 0xdb,
  numberOfLines: 0xdc,
  restartInterval: 0xdd,
  app0: 0xe0,
  app1: 0xe1,
  app14: 0xee,
} as const;

const NOTHING = new Uint8Array(0);

/** Whether a byte after 0xff stands inside a scan: a stuffed zero or a restart marker. */
const insideScan = (byte: number) => byte === 0 || (byte >= JPEG.restart0 && byte <= JPEG.restart7);

/**
 * The segments behind the first two bytes, up to the end marker, which is the last one. Fill bytes (any number of 0xff
 * before a marker), bytes between segments that belong to none, and markers that carry nothing are passed over, as
 * libjpeg does. A segment that is cut off ends the walk.
 */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  for (let at = 2; ; ) {
    at = bytes.indexOf(0xff, at);
    while (at >= 0 && bytes[at] === 0xff) at++;
    if (at < 0 || at >= bytes.length) return;
    const marker = bytes[at++];
    if (marker < 0xc0 || insideScan(marker)) continue;
    if (marker === JPEG.start || marker === JPEG.end) {
      yield { marker, body: NOTHING, scan: NOTHING };
      if (marker === JPEG.end) return;
      continue;
    }
    const end = at + bytes[at] * 256 + bytes[at + 1];
    if (!(end <= bytes.length)) return;
    const body = bytes.subarray(at + 2, Math.max(end, at + 2));
    at = Math.max(end, at + 2);
    const next = marker === JPEG.startOfScan ? scanEnd(bytes, at) : at;
    yield { marker, body, scan: bytes.subarray(at, next) };
    at = next;
  }
}

/** Where the entropy-coded bytes from `from` on end: at the 0xff of a marker that is no restart, or with the file. */
function scanEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; ; ) {
    const found = bytes.indexOf(0xff, at);
    if (found < 0) return bytes.length;
    at = found;
    while (bytes[at] === 0xff) at++;
    if (at >= bytes.length || !insideScan(bytes[at])) return found;
  }
}
