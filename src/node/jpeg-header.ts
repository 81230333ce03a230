// What a JPEG says about itself: enough to know its colours, and to refuse, with a reason, what jpeg-js would get wrong.
import { JPEG, jpegSegments } from '../data/jpeg-segments.js';

/** A component as the frame declares it. */
export interface JpegComponent {
  id: number;
  /** Samples across and down, in relation to the other components'. */
  across: number;
  down: number;
}

export interface JpegHeader {
  width: number;
  height: number;
  components: JpegComponent[];
  /** Colours are stored as luma and chroma: YCbCr of three components, YCCK of four. */
  lumaChroma: boolean;
  /** False in frames of motion JPEG, which mean the usual tables. */
  hasHuffmanTables: boolean;
}

/** A scan of one component, which has no blocks but the component's own. */
interface SingleScan {
  id: number;
  /** Blocks between restart markers; 0 is none. */
  interval: number;
}

/** In the first scan every block of 8 x 8 pixels takes at least one bit. */
const MAX_PIXELS_A_BYTE = 512;

/** A progressive file has about ten; each costs a pass over the picture. */
const MAX_SCANS = 100;

/** Scans times megapixels: ten scans of the largest picture. */
const MAX_WORK = 1000;

/** Kinds of JPEG that jpeg-js does not decode, by the low byte of their start-of-frame marker. */
const FOREIGN_FRAMES: Record<number, string> = {
  0xc3: 'a lossless JPEG',
  0xc5: 'a hierarchical JPEG',
  0xc6: 'a hierarchical JPEG',
  0xc7: 'a hierarchical JPEG',
  0xc9: 'an arithmetic-coded JPEG',
  0xca: 'an arithmetic-coded JPEG',
  0xcb: 'an arithmetic-coded JPEG',
  0xcd: 'an arithmetic-coded JPEG',
  0xce: 'an arithmetic-coded JPEG',
  0xcf: 'an arithmetic-coded JPEG',
};

/** Baseline, extended and progressive. */
export const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xc2;

/** Reads all segments. @throws Error with a reason for what cannot or should not be decoded. */
export function readJpegHeader(bytes: Uint8Array, maxMegapixels: number): JpegHeader {
  let frame: Uint8Array | undefined;
  let [scans, lines, interval] = [0, 0, 0];
  let [jfif, adobe, hasHuffmanTables] = [false, null as number | null, false];
  const single: SingleScan[] = [];
  const tables = new Map<number, string>();
  for (const { marker, body } of jpegSegments(bytes)) {
    const early = scans === 0;
    if (Object.hasOwn(FOREIGN_FRAMES, marker)) throw new Error(`${FOREIGN_FRAMES[marker]}, which is not supported`);
    if (marker === JPEG.start) throw new Error('damaged in its header (a second picture begins inside it)');
    if (marker === JPEG.end && early) throw new Error('a JPEG without a picture');
    if (isFrame(marker)) {
      if (frame) throw new Error('damaged in its header (it has two sizes)');
      frame = body;
    }
    if (marker === JPEG.huffmanTables) hasHuffmanTables = true;
    else if (marker === JPEG.app0 && early) jfif ||= body.length >= 14 && begins(body, 'JFIF\0');
    else if (marker === JPEG.app14 && early && body.length >= 12 && begins(body, 'Adobe')) adobe = body[11];
    else if (marker === JPEG.quantizationTables) noteTables(body, tables, early);
    else if (marker === JPEG.restartInterval) interval = body[0] * 256 + body[1];
    else if (marker === JPEG.numberOfLines) lines ||= body[0] * 256 + body[1];
    else if (marker === JPEG.startOfScan) {
      if (!frame) throw new Error('damaged in its header (the picture comes before its size)');
      scans++;
      if (scans <= MAX_SCANS && body[0] === 1) single.push({ id: body[1], interval });
    }
  }
  if (!frame || scans === 0) throw new Error('cut off before its picture');
  const { width, height, components } = readFrame(frame, lines, maxMegapixels);
  checkEffort(width, height, scans, bytes.length);
  checkSingleScans(width, height, components, single);
  return { width, height, components, lumaChroma: isLumaChroma(components, jfif, adobe), hasHuffmanTables };
}

/** `lines` is the height that a frame leaves open (0): it stands behind the first scan. */
function readFrame(frame: Uint8Array, lines: number, maxMegapixels: number) {
  const [precision, h1, h0, w1, w0, count] = frame;
  const [width, height] = [w1 * 256 + w0, h1 * 256 + h0 || lines];
  if (precision !== 8) throw new Error(`a JPEG of ${precision} bits a sample, which is not supported`);
  if (!(width > 0 && height > 0)) throw new Error(`a JPEG of ${width} x ${height} pixels`);
  if (width * height > maxMegapixels * 1e6) {
    throw new Error(`claims ${Math.round((width * height) / 1e6)} megapixels, more than ${maxMegapixels}`);
  }
  if (![1, 3, 4].includes(count)) throw new Error(`a JPEG of ${count} components, which is not supported`);
  const components = Array.from({ length: count }, (_, i): JpegComponent => {
    const [id, sampling] = frame.subarray(6 + i * 3);
    const [across, down] = [sampling >> 4, sampling & 15];
    if (!(across >= 1 && across <= 4 && down >= 1 && down <= 4)) {
      throw new Error(`damaged in its header (component ${i} is sampled ${across} x ${down}, expected 1 to 4)`);
    }
    return { id, across, down };
  });
  return { width, height, components };
}

/** As libjpeg tells: JFIF means YCbCr; else Adobe's marker says it; else three components called R, G and B are that, four are CMYK. */
function isLumaChroma(components: JpegComponent[], jfif: boolean, adobe: number | null): boolean {
  if (components.length === 4) return adobe !== null && adobe !== 0;
  if (components.length === 1) return false;
  if (jfif) return true;
  if (adobe !== null) return adobe !== 0;
  return String.fromCharCode(...components.map(({ id }) => id)) !== 'RGB';
}

function checkEffort(width: number, height: number, scans: number, bytes: number): void {
  const megapixels = (width * height) / 1e6;
  if (scans > MAX_SCANS) throw new Error(`a JPEG of ${scans} scans, more than ${MAX_SCANS}`);
  if (scans * megapixels > MAX_WORK)
    throw new Error(`a JPEG of ${scans} scans of ${Math.round(megapixels)} megapixels`);
  if (width * height > bytes * MAX_PIXELS_A_BYTE) {
    throw new Error(`cut off: claims ${width} x ${height} pixels, which ${bytes} bytes cannot hold`);
  }
}

/**
 * jpeg-js counts the blocks of a component in its own way: in scans of one component that is wrong for samplings such as
 * 2 to 3, and after a last restart interval that is not full it reads on into the rows that only fill up.
 */
function checkSingleScans(width: number, height: number, components: JpegComponent[], scans: SingleScan[]): void {
  const most = (side: 'across' | 'down') => Math.max(...components.map((c) => c[side]));
  const [acrossMost, downMost] = [most('across'), most('down')];
  for (const { id, interval } of scans) {
    const component = components.find((c) => c.id === id);
    if (!component) throw new Error(`damaged in its header (a scan of component ${id}, which the picture has not)`);
    const { across, down } = component;
    const own = [blocks(width, across, acrossMost), blocks(height, down, downMost)];
    const theirs = [
      Math.ceil((Math.ceil(width / 8) * across) / acrossMost),
      Math.ceil((Math.ceil(height / 8) * down) / downMost),
    ];
    if (own.join() !== theirs.join()) {
      throw new Error(
        `a JPEG sampled ${across} x ${down} of ${acrossMost} x ${downMost} in scans of one component, which is not supported`,
      );
    }
    const filledUp = Math.ceil(height / 8 / downMost) * down > own[1];
    if (interval > 0 && (own[0] * own[1]) % interval !== 0 && filledUp) {
      throw new Error(
        'a JPEG whose last restart interval is not full in a scan of one component, which is not supported',
      );
    }
  }
}

/** Rows or columns of 8 x 8 blocks of a component (T.81, A.1.1 and A.2.2). */
const blocks = (side: number, samples: number, most: number) => Math.ceil(Math.ceil((side * samples) / most) / 8);

/** jpeg-js uses the last tables for all scans. */
function noteTables(body: Uint8Array, tables: Map<number, string>, early: boolean): void {
  for (let at = 0; at < body.length; ) {
    const [id, long] = [body[at] & 15, body[at] >> 4];
    const end = at + 1 + (long ? 128 : 64);
    const table = body.subarray(at, end).join();
    if (!early && tables.has(id) && tables.get(id) !== table) {
      throw new Error('a JPEG whose quantization tables change between its scans, which is not supported');
    }
    tables.set(id, table);
    at = end;
  }
}

function begins(body: Uint8Array, text: string): boolean {
  return [...text].every((letter, i) => body[i] === letter.charCodeAt(0));
}
