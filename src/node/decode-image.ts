// JPEG and PNG by well-kept decoders in plain JavaScript, behind one function that never lets damage through.
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { type RgbImage, sniff } from '../data/image.js';
import { applyOrientation, exifOrientation } from '../data/orientation.js';
import { DataError } from '../errors.js';
import { requireBytes } from '../options.js';
import { readJpegHeader } from './jpeg-header.js';
import { plainJpeg } from './plain-jpeg.js';
import { plainPng, readPngHeader } from './plain-png.js';

const MAX_MEGAPIXELS = 100;
const MAX_MEGABYTES = 1024;

/**
 * Decodes a JPEG (grey, colour or CMYK, baseline or progressive) or PNG, recognized by its content, and turns it upright by
 * its Exif orientation. Transparent pixels lie on white. What other programs read is read: fill bytes, bytes behind the
 * picture, a missing end. `name` is what messages call the file. Memory follows what the file can hold, not what it claims:
 * pictures of more pixels than its bytes could code, or than 100 million, are refused.
 * @throws DataError naming the file and what is wrong: empty, not a picture, cut off, damaged, too large, or coded
 * in a way the decoders do not know (arithmetic JPEG). UsageError if `bytes` are none.
 */
export function decodeImage(bytes: Uint8Array, name = 'picture'): RgbImage {
  requireBytes('decodeImage', bytes);
  if (bytes.length === 0) throw new DataError(`${name}: the file is empty`);
  const kind = sniff(bytes);
  if (kind === 'unknown') throw new DataError(`${name}: neither a JPEG nor a PNG, whatever its name says`);
  try {
    const picture = kind === 'jpeg' ? decodeJpeg(bytes) : decodePng(bytes);
    return applyOrientation(picture, exifOrientation(bytes));
  } catch (error) {
    throw new DataError(`${name}: ${explain((error as Error).message)}`, { cause: error });
  }
}

/**
 * Damage that leaves the entropy code readable goes unnoticed, here as in other decoders. `tolerantDecoding` only
 * skips blocks past the end of the picture, which whole greyscale files with restart markers have.
 */
function decodeJpeg(bytes: Uint8Array): RgbImage {
  const header = readJpegHeader(bytes, MAX_MEGAPIXELS);
  return jpeg.decode(plainJpeg(bytes, header), {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: true,
    maxResolutionInMP: MAX_MEGAPIXELS,
    maxMemoryUsageInMB: MAX_MEGABYTES,
    colorTransform: header.lumaChroma,
  });
}

function decodePng(bytes: Uint8Array): RgbImage {
  const header = readPngHeader(bytes, MAX_MEGAPIXELS);
  const { width, height, data } = PNG.sync.read(plainPng(bytes, header));
  return { width, height, data: dropAlpha(data, width * height) };
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
