// Pictures on the host, and how they are turned upright and brought to size.
import { DataError } from '../device/errors.js';

/** A decoded picture: three bytes a pixel (red, green, blue), rows from the top. */
export interface RgbImage {
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** height * width * 3 bytes. */
  data: Uint8Array;
}

/** What a file is by its first bytes; names lie. */
export function sniff(bytes: Uint8Array): 'jpeg' | 'png' | 'unknown' {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  return png.every((b, i) => bytes[i] === b) ? 'png' : 'unknown';
}

/** The Exif orientation of a JPEG, 1 (upright) to 8; 1 where there is none or it makes no sense. */
export function exifOrientation(jpeg: Uint8Array): number {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at] === 0xff; ) {
    const marker = jpeg[at + 1];
    const length = view.getUint16(at + 2);
    if (marker === 0xda || length < 2) return 1; // the picture begins, or nonsense
    if (marker === 0xe1 && at + 2 + length <= jpeg.length) {
      const found = orientationOf(new DataView(jpeg.buffer, jpeg.byteOffset + at + 4, length - 2));
      if (found) return found;
    }
    at += 2 + length;
  }
  return 1;
}

/** Looks for tag 0x0112 in the first directory of an 'Exif' segment (TIFF inside). */
function orientationOf(segment: DataView): number | null {
  const start = 6; // after 'Exif\0\0'
  if (segment.byteLength < start + 8 || segment.getUint32(0) !== 0x45786966) return null;
  const little = segment.getUint16(start) === 0x4949;
  const directory = start + segment.getUint32(start + 4, little);
  if (directory + 2 > segment.byteLength) return null;
  const entries = segment.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + i * 12;
    if (at + 12 > segment.byteLength) return null;
    if (segment.getUint16(at, little) !== 0x0112) continue;
    const value = segment.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : null;
  }
  return null;
}

/** Turns and mirrors a picture upright, by its Exif orientation (1 to 8; others leave it as it is). */
export function applyOrientation(image: RgbImage, orientation: number): RgbImage {
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

/**
 * The paper's preparation: the shorter side scaled to `size`, then the central `size` x `size` pixels, as planes:
 * (3, size, size). Smaller pictures are scaled up. Krizhevsky et al. 2012, section 2.
 * @throws DataError if the picture has no pixels.
 */
export function prepare(image: RgbImage, size: number): Uint8Array {
  if (image.width < 1 || image.height < 1) throw new DataError('prepare: the picture has no pixels');
  const scale = size / Math.min(image.width, image.height);
  const width = Math.max(size, Math.round(image.width * scale));
  const height = Math.max(size, Math.round(image.height * scale));
  const columns = taps(image.width, width, Math.floor((width - size) / 2), size);
  const rows = taps(image.height, height, Math.floor((height - size) / 2), size);
  return resample(image, columns, rows, size);
}

/** For each output pixel: the first input pixel and the weights of the run of inputs that make it up. */
interface Taps {
  first: Int32Array;
  weights: Float32Array[];
}

/** A triangle filter as wide as the scale: averages where it shrinks, interpolates where it grows. */
function taps(from: number, to: number, skip: number, count: number): Taps {
  const step = from / to;
  const radius = Math.max(step, 1);
  const first = new Int32Array(count);
  const weights = Array.from({ length: count }, (_, i) => {
    const center = (i + skip + 0.5) * step - 0.5;
    const low = Math.max(0, Math.ceil(center - radius));
    const high = Math.min(from - 1, Math.floor(center + radius));
    const run = Float32Array.from({ length: high - low + 1 }, (_, j) =>
      Math.max(0, 1 - Math.abs(low + j - center) / radius),
    );
    const sum = run.reduce((a, b) => a + b, 0);
    first[i] = low;
    return sum > 0 ? run.map((v) => v / sum) : Float32Array.of(1);
  });
  return { first, weights };
}

function resample({ width, data }: RgbImage, columns: Taps, rows: Taps, size: number): Uint8Array {
  const top = rows.first[0];
  const bottom = Math.max(...rows.first.map((f, i) => f + rows.weights[i].length));
  const strip = new Float32Array((bottom - top) * size * 3); // rows of the input, already `size` wide
  for (let y = top; y < bottom; y++) {
    for (let x = 0; x < size; x++) {
      const weights = columns.weights[x];
      let at = (y * width + columns.first[x]) * 3;
      let [r, g, b] = [0, 0, 0];
      for (let j = 0; j < weights.length; j++, at += 3) {
        const w = weights[j];
        r += w * data[at];
        g += w * data[at + 1];
        b += w * data[at + 2];
      }
      const to = ((y - top) * size + x) * 3;
      strip[to] = r;
      strip[to + 1] = g;
      strip[to + 2] = b;
    }
  }
  const plane = size * size;
  const out = new Uint8Array(plane * 3);
  const row = new Float32Array(size * 3);
  for (let y = 0; y < size; y++) {
    row.fill(0);
    rows.weights[y].forEach((w, j) => {
      const from = (rows.first[y] - top + j) * size * 3;
      for (let k = 0; k < row.length; k++) row[k] += w * strip[from + k];
    });
    for (let x = 0; x < size; x++) {
      for (let c = 0; c < 3; c++) out[c * plane + y * size + x] = Math.round(row[x * 3 + c]);
    }
  }
  return out;
}
