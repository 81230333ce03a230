// JPEG and PNG by well-kept decoders in plain JavaScript, behind one function that never lets damage through.
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { applyOrientation, exifOrientation, type RgbImage, sniff } from '../data/image.js';
import { DataError } from '../device/errors.js';

const MAX_MEGAPIXELS = 100;
const MAX_MEGABYTES = 1024;

/**
 * Decodes a JPEG (grey, colour or CMYK, baseline or progressive) or PNG, recognized by its content, and turns it
 * upright. Transparent pixels lie on white.
 * @throws DataError naming the file and what is wrong: empty, not a picture, cut off, damaged, too large, or coded
 * in a way the decoder does not know (arithmetic JPEG).
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

function decodeJpeg(bytes: Uint8Array): RgbImage {
  const { width, height, data } = jpeg.decode(withEndMarker(bytes), {
    useTArray: true,
    formatAsRGBA: true,
    tolerantDecoding: false,
    maxResolutionInMP: MAX_MEGAPIXELS,
    maxMemoryUsageInMB: MAX_MEGABYTES,
  });
  return applyOrientation({ width, height, data: dropAlpha(data, width * height) }, exifOrientation(bytes));
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
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 24) throw new Error('ends inside its header');
  const megapixels = (header.getUint32(16) * header.getUint32(20)) / 1e6;
  if (megapixels > MAX_MEGAPIXELS) throw new Error(`claims ${Math.round(megapixels)} megapixels, more than ${MAX_MEGAPIXELS}`);
  const { width, height, data } = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
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
  if (/unknown JPEG marker ff(c9|cb|cd|ca|ce|cf)/.test(message)) return 'an arithmetic-coded JPEG, which is not supported';
  if (/unexpected marker|marker was not found|Unexpected end|unexpected end/i.test(message)) return 'cut off or damaged inside the picture';
  if (/unknown JPEG marker|Invalid marker|could not|undefined/i.test(message)) return `cut off or damaged in its header (${message})`;
  if (/huffman|inflate|crc|incorrect|invalid/i.test(message)) return `damaged (${message})`;
  return message;
}
