// A JPEG as jpeg-js reads it: only the segments that make the picture, without what it stumbles over.
import jpeg from 'jpeg-js';
import { JPEG, type JpegSegment, jpegSegments } from '../data/jpeg-segments.js';
import { isFrame, type JpegHeader } from './jpeg-header.js';

const KEPT: readonly number[] = [
  JPEG.huffmanTables,
  JPEG.quantizationTables,
  JPEG.restartInterval,
  JPEG.startOfScan,
] satisfies number[];

/**
 * The same picture with the height in its frame, Huffman tables, Adobe's marker where there are four components, and an end
 * marker; without fill bytes, comments and application data, and without what follows the picture.
 */
export function plainJpeg(bytes: Uint8Array, header: JpegHeader): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0xff, JPEG.start)];
  if (header.components.length === 4) parts.push(adobe(header.lumaChroma ? 2 : 0));
  if (!header.hasHuffmanTables) parts.push(...usualTables());
  for (const { marker, body, scan } of jpegSegments(bytes)) {
    if (isFrame(marker)) parts.push(...segment(marker, withHeight(body, header.height)));
    else if (KEPT.includes(marker)) parts.push(...segment(marker, body), withoutFill(scan));
  }
  parts.push(Uint8Array.of(0xff, JPEG.end));
  return Buffer.concat(parts);
}

function segment(marker: number, body: Uint8Array): Uint8Array[] {
  const length = body.length + 2;
  return [Uint8Array.of(0xff, marker, length >> 8, length & 255), body];
}

function withHeight(frame: Uint8Array, height: number): Uint8Array {
  const copy = frame.slice();
  copy.set([height >> 8, height & 255], 1);
  return copy;
}

/** The colour transform of four components: 0 CMYK, 2 YCCK. */
function adobe(transform: number): Uint8Array {
  const letters = [...'Adobe'].map((letter) => letter.charCodeAt(0));
  return Buffer.concat(segment(JPEG.app14, Uint8Array.of(...letters, 0, 100, 0, 0, 0, 0, transform)));
}

/** The tables of T.81, K.3, which motion JPEG leaves out: as any encoder writes them. */
function usualTables(): Uint8Array[] {
  const { data } = jpeg.encode({ width: 1, height: 1, data: new Uint8Array(4) }, 50);
  const tables = [...jpegSegments(data)].filter(({ marker }: JpegSegment) => marker === JPEG.huffmanTables);
  return tables.flatMap(({ body }) => segment(JPEG.huffmanTables, body));
}

/** Entropy-coded bytes in which each marker has one 0xff before it, and none stands alone at the end. */
function withoutFill(scan: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (let at = scan.indexOf(0xff); at >= 0; at = scan.indexOf(0xff, at + 1)) {
    if (at + 1 < scan.length && scan[at + 1] !== 0xff) continue;
    pieces.push(scan.subarray(from, at));
    from = at + 1;
  }
  return pieces.length === 0 ? scan : Buffer.concat([...pieces, scan.subarray(from)]);
}
