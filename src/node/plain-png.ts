// A PNG as pngjs reads it: only the chunks that make the picture, checked, with exactly its pixels. pngjs refuses what follows a
// picture, and in Node 20 takes memory that nobody wrote for pixels where rows are missing.
import { deflateSync, inflateSync, constants as zlib } from 'node:zlib';
import { PNG_SIGNATURE, type PngChunk, pngChunks } from '../data/png-chunks.js';
import { crc32 } from '../io/crc32.js';

export interface PngHeader {
  width: number;
  height: number;
  /** Bits a pixel. */
  bits: number;
  /** 0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and alpha. */
  colourType: number;
  interlaced: boolean;
}

/** Deflate shrinks nothing further. */
const MAX_INFLATION = 1032;
/** More than this behind the last row is no mistake of an encoder. */
const MOST_SURPLUS = 65536;
const PALETTE = 3;
const MOST_COLOURS = 256;
/** Numbers a pixel by colour type. */
const CHANNELS: Record<number, number | undefined> = { 0: 1, 2: 3, [PALETTE]: 1, 4: 2, 6: 4 };
/** What a picture is made of; other chunks may be passed over if their names begin small. */
const KNOWN = ['IHDR', 'PLTE', 'IDAT', 'IEND'];
/** First column and row of each pass of an interlaced picture, and the steps from one to the next. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** What the first chunk says. @throws Error with a reason if it is no PNG's, or claims more than `maxMegapixels` or than the file can hold. */
export function readPngHeader(bytes: Uint8Array, maxMegapixels: number): PngHeader {
  const [first] = pngChunks(bytes);
  if (!first) throw new Error('cut off before its picture');
  if (first.type === 'CgBI') throw new Error("a PNG in Apple's own form (CgBI), which is not supported");
  if (first.type !== 'IHDR' || first.body.length < 13) throw new Error('damaged in its header (no IHDR)');
  const view = new DataView(first.body.buffer, first.body.byteOffset, first.body.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colourType, , , interlace] = first.body.subarray(8);
  const channels = CHANNELS[colourType];
  if (!channels) throw new Error(`damaged in its header (colour type ${colourType})`);
  if (!(width > 0 && height > 0)) throw new Error(`a PNG of ${width} x ${height} pixels`);
  const megapixels = (width * height) / 1e6;
  if (megapixels > maxMegapixels)
    throw new Error(`claims ${Math.round(megapixels)} megapixels, more than ${maxMegapixels}`);
  const header = { width, height, bits: depth * channels, colourType, interlaced: interlace !== 0 };
  if (rowBytes(header) > bytes.length * MAX_INFLATION)
    throw new Error(`cut off: claims ${width} x ${height} pixels, which ${bytes.length} bytes cannot hold`);
  return header;
}

/** All rows of all passes, with the byte before each that tells its filter. */
function rowBytes({ width, height, bits, interlaced }: PngHeader): number {
  const passes = interlaced ? ADAM7 : [[0, 0, 1, 1]];
  const sizes = passes.map(([left, top, right, down]) => {
    const [across, rows] = [Math.ceil((width - left) / right), Math.ceil((height - top) / down)];
    return across > 0 && rows > 0 ? rows * (1 + Math.ceil((across * bits) / 8)) : 0;
  });
  return sizes.reduce((sum, size) => sum + size);
}

/**
 * The same picture with a palette for every number (black, as others have it, where the file's ends) and an end; without
 * text, profiles, and what follows the picture.
 * @throws Error with a reason if its chunks are damaged or pixels are missing.
 */
export function plainPng(bytes: Uint8Array, header: PngHeader): Buffer {
  const parts: Uint8Array[] = [PNG_SIGNATURE];
  const pixels: Uint8Array[] = [];
  let colours = 0;
  for (const part of pngChunks(bytes)) {
    const { type, body } = part;
    const critical = type[0] === type[0].toUpperCase();
    if (critical && !KNOWN.includes(type)) throw new Error(`a PNG with a part '${type}', which is not supported`);
    if (critical || type === 'tRNS') checkSum(part);
    if (type === 'IDAT') pixels.push(body);
    else if (type === 'IHDR') parts.push(chunk(type, body));
    else if (header.colourType === PALETTE) {
      if (type === 'tRNS') parts.push(chunk(type, body.subarray(0, colours)));
      if (type !== 'PLTE') continue;
      colours = Math.floor(body.length / 3);
      parts.push(chunk(type, body, 3 * MOST_COLOURS));
    } else if (type === 'tRNS' && header.colourType < PALETTE) parts.push(chunk(type, body));
  }
  parts.push(
    chunk('IDAT', deflateSync(rows(pixels, rowBytes(header)), { level: 0 })),
    chunk('IEND', new Uint8Array(0)),
  );
  return Buffer.concat(parts);
}

/** The first `size` bytes of what the chunks hold together. */
function rows(pixels: Uint8Array[], size: number): Uint8Array {
  const found = inflateSync(Buffer.concat(pixels), {
    maxOutputLength: 2 * size + MOST_SURPLUS, // so that a small file cannot fill memory
    finishFlush: zlib.Z_SYNC_FLUSH, // no error where the end is missing: what counts is that all rows are there
  });
  if (found.length < size) throw new Error(`cut off or damaged: ${found.length} of ${size} bytes of its pixels`);
  return found.subarray(0, size);
}

function checkSum({ type, whole }: PngChunk): void {
  const sum = new DataView(whole.buffer, whole.byteOffset, whole.byteLength).getUint32(whole.length - 4);
  if (sum !== crc32(whole.subarray(4, -4)))
    throw new Error(`cut off or damaged (the checksum of its ${type} is wrong)`);
}

/** A chunk with its length and checksum, filled up with zeros to `size`. */
function chunk(type: string, body: Uint8Array, size = body.length): Uint8Array {
  const made = Buffer.alloc(size + 12);
  made.writeUInt32BE(size);
  made.write(type, 4, 'latin1');
  made.set(body.subarray(0, size), 8);
  made.writeUInt32BE(crc32(made.subarray(4, size + 8)), size + 8);
  return made;
}
