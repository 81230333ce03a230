// Which way up a picture is, as its camera noted it, and how it is turned.
import { requireBytes } from '../options.js';
import { checkPicture, type RgbImage } from './image.js';
import { JPEG, jpegSegments } from './jpeg-segments.js';
import { PNG_SIGNATURE, pngChunks } from './png-chunks.js';

const EXIF = [...'Exif\0'].map((letter) => letter.charCodeAt(0));
const TAG = 0x0112;
/** How a whole number is read, and its bytes, by its type: BYTE, SHORT, LONG (TIFF 6.0: readers take any of them) and their signed forms. */
const WHOLE: Record<number, undefined | [size: number, read: (view: DataView, at: number, little: boolean) => number]> =
  {
    1: [1, (view, at) => view.getUint8(at)],
    3: [2, (view, at, little) => view.getUint16(at, little)],
    4: [4, (view, at, little) => view.getUint32(at, little)],
    6: [1, (view, at) => view.getInt8(at)],
    8: [2, (view, at, little) => view.getInt16(at, little)],
    9: [4, (view, at, little) => view.getInt32(at, little)],
  };

const startsWith = (bytes: Uint8Array, start: ArrayLike<number>) =>
  Array.from(start).every((byte, i) => bytes[i] === byte);

/**
 * The Exif orientation of a JPEG (its first Exif segment) or a PNG (its eXIf chunk), 1 (upright) to 8; 1 where there is
 * none or it makes no sense.
 * @throws UsageError if `file` is no Uint8Array.
 */
export function exifOrientation(file: Uint8Array): number {
  requireBytes('exifOrientation', file);
  const exif = startsWith(file, PNG_SIGNATURE) ? exifOfPng(file) : exifOfJpeg(file);
  return exif ? orientationOf(new DataView(exif.buffer, exif.byteOffset, exif.byteLength)) : 1;
}

function exifOfJpeg(file: Uint8Array): Uint8Array | null {
  for (const { marker, body } of jpegSegments(file)) {
    if (marker === JPEG.app1 && startsWith(body, EXIF)) return body.subarray(EXIF.length + 1);
    if (marker === JPEG.startOfScan || marker === JPEG.start) return null;
  }
  return null;
}

function exifOfPng(file: Uint8Array): Uint8Array | null {
  for (const { type, body } of pngChunks(file)) {
    if (type === 'eXIf') return startsWith(body, EXIF) ? body.subarray(EXIF.length + 1) : body;
  }
  return null;
}

/** Looks for the orientation in the first directory of a TIFF. */
function orientationOf(tiff: DataView): number {
  if (tiff.byteLength < 8) return 1;
  const order = tiff.getUint16(0);
  const little = order === 0x4949;
  if (!(little || order === 0x4d4d) || tiff.getUint16(2, little) !== 42) return 1;
  const directory = tiff.getUint32(4, little);
  if (directory + 2 > tiff.byteLength) return 1;
  const entries = tiff.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + i * 12;
    if (at + 12 > tiff.byteLength) return 1;
    if (tiff.getUint16(at, little) !== TAG) continue;
    const [size, read] = WHOLE[tiff.getUint16(at + 2, little)] ?? [0];
    const count = tiff.getUint32(at + 4, little);
    const value = read && count > 0 && count * size <= 4 ? read(tiff, at + 8, little) : 1; // more stand elsewhere
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/**
 * Turns and mirrors a picture upright, by its Exif orientation (1 to 8; others leave it as it is).
 * @throws UsageError if it is no picture, DataError if it has no pixels, or more or fewer bytes than it should.
 */
export function applyOrientation(image: RgbImage, orientation: number): RgbImage {
  checkPicture('applyOrientation', image);
  if (orientation <= 1 || orientation > 8) return image;
  const { width: w, height: h, data } = image;
  const swapped = orientation >= 5;
  const [width, height] = swapped ? [h, w] : [w, h];
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sx, sy] = sourcePixel(orientation, x, y, w, h);
      const from = (sy * w + sx) * 3;
      out.set(data.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return { width, height, data: out };
}

/** Where pixel (x, y) of the upright picture is stored. */
function sourcePixel(orientation: number, x: number, y: number, w: number, h: number): [number, number] {
  switch (orientation) {
    case 2:
      return [w - 1 - x, y];
    case 3:
      return [w - 1 - x, h - 1 - y];
    case 4:
      return [x, h - 1 - y];
    case 5:
      return [y, x];
    case 6:
      return [y, h - 1 - x];
    case 7:
      return [w - 1 - y, h - 1 - x];
    default:
      return [w - 1 - y, x];
  }
}
