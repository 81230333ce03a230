// JPEG and PNG by well-kept decoders in plain JavaScript, behind one function that never lets damage through.
import { inflateSync } from 'node:zlib';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { applyOrientation, exifOrientation, type RgbImage, sniff } from '../data/image.js';
import { DataError } from '../device/errors.js';
import { readJpegHeader } from './jpeg-header.js';

const MAX_MEGAPIXELS = 100;
const MAX_MEGABYTES = 1024;
/** Deflate shrinks nothing further. */
const MAX_INFLATION = 1032;
/** Numbers a pixel by PNG's colour type. */
const PNG_CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * Decodes a JPEG (grey, colour or CMYK, baseline or progressive) or PNG, recognized by its content, and turns it
 * upright. Transparent pixels lie on white. `name` is what messages call the file. Memory follows what the file can hold,
 * not what it claims: pictures of more pixels than its bytes could code, or than 100 million, are refused.
 * @throws DataError naming the file and what is wrong: empty, not a picture, cut off, damaged, too large, or coded
 * in a way the decoders do not know (arithmetic JPEG).
 */
export function decodeImage(bytes: Uint8Array, name: string): RgbImage {
  if (bytes.length === 0) throw new DataError(`${name}: the file is empty`);
  const kind = sniff(bytes);
  if (kind === 'unknown') throw new DataError(`${name}: neither a JPEG nor a PNG, whatever its name says`);
  try {
    return kind === 'jpeg' ? decodeJpeg(bytes) : decodePng(bytes);
  } catch (error) {
    throw new DataError(`${name}: ${explain((error as Error).message)}`, { cause: error });
  }
}

/**
 * Damage that leaves the entropy code readable goes unnoticed, here as in other decoders. `tolerantDecoding` only
 * skips blocks past the end of the picture, which whole greyscale files with restart markers have.
 */
function decodeJpeg(bytes: Uint8Array): RgbImage {
  const { components, adobeTransform } = readJpegHeader(bytes, MAX_MEGAPIXELS);
  const { width, height, data } = jpeg.decode(withEndMarker(bytes), {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: true,
    maxResolutionInMP: MAX_MEGAPIXELS,
    maxMemoryUsageInMB: MAX_MEGABYTES,
    colorTransform: components === 3 && adobeTransform === 0 ? false : undefined, // stored as RGB
  });
  return applyOrientation({ width, height, data }, exifOrientation(bytes));
}

/** Files that lost only their end marker are whole pictures; the decoder still tells when pixels are missing. */
function withEndMarker(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-2) === 0xff && bytes.at(-1) === 0xd9) return bytes;
  const ended = new Uint8Array(bytes.length + 2);
  ended.set(bytes);
  ended.set([0xff, 0xd9], bytes.length);
  return ended;
}

function decodePng(bytes: Uint8Array): RgbImage {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 33) throw new Error('cut off before its picture');
  const [wide, high] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  const megapixels = (wide * high) / 1e6;
  if (megapixels > MAX_MEGAPIXELS)
    throw new Error(`claims ${Math.round(megapixels)} megapixels, more than ${MAX_MEGAPIXELS}`);
  const rowBytes = Math.ceil((wide * file[24] * (PNG_CHANNELS[file[25]] ?? 4)) / 8);
  if (rowBytes * high > file.length * MAX_INFLATION)
    throw new Error(`cut off: claims ${wide} x ${high} pixels, which ${file.length} bytes cannot hold`);
  if (file[28] !== 0) checkInterlaced(file, wide, high);
  const { width, height, data } = PNG.sync.read(file);
  return { width, height, data: dropAlpha(data, width * height) };
}

/** pngjs inflates interlaced pictures without a limit: this tries with one, so that a small file cannot fill memory. */
function checkInterlaced(file: Buffer, width: number, height: number): void {
  const parts: Buffer[] = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const length = file.readUInt32BE(at);
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(file.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  inflateSync(Buffer.concat(parts), { maxOutputLength: width * height * 8 + 16 * (width + height) + 1024 });
}

/** Four bytes a pixel to three, on white. */
function dropAlpha(rgba: Uint8Array, pixels: number): Uint8Array {
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    const alpha = rgba[i * 4 + 3];
    for (let c = 0; c < 3; c++) {
      const value = rgba[i * 4 + c];
      rgb[i * 3 + c] = alpha === 255 ? value : Math.round((value * alpha) / 255 + 255 - alpha);
    }
  }
  return rgb;
}

/** The decoders' words in ours. */
function explain(message: string): string {
  if (message === 'unexpected marker: ffd9') return 'cut off or damaged inside the picture';
  if (/marker was not found|unexpected marker|huffman|ACn/i.test(message))
    return `damaged inside the picture (${message})`;
  if (/unknown JPEG marker|read properties of undefined/i.test(message)) return `damaged in its header (${message})`;
  if (/inflate|crc|incorrect|invalid|unrecognised|read requests|buffer/i.test(message))
    return `cut off or damaged (${message})`;
  return message;
}
