// Pictures on the host, and how they are brought to size.
import { DataError, showValue, UsageError } from '../errors.js';
import { requireBytes } from '../options.js';
import { PNG_SIGNATURE } from './png-chunks.js';

/** A decoded picture: three bytes a pixel (red, green, blue), rows from the top. */
export interface RgbImage {
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** height * width * 3 bytes. */
  data: Uint8Array;
}

/** What a file is by its first bytes; names lie. @throws UsageError if they are no Uint8Array. */
export function sniff(bytes: Uint8Array): 'jpeg' | 'png' | 'unknown' {
  requireBytes('sniff', bytes);
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  return PNG_SIGNATURE.every((b, i) => bytes[i] === b) ? 'png' : 'unknown';
}

/**
 * The paper's preparation: the shorter side scaled to `size`, then the central `size` x `size` pixels, as planes:
 * (3, size, size). Smaller pictures are scaled up. Krizhevsky et al. 2012, section 2.
 * @throws DataError if the picture has no pixels, or more or fewer bytes than it should, UsageError unless `size` is a whole
 * number above 0.
 */
export function prepare(image: RgbImage, size: number): Uint8Array {
  checkPicture('prepare', image);
  if (!(Number.isSafeInteger(size) && size >= 1)) {
    throw new UsageError(`prepare: size is a whole number, 1 or more, got ${showValue(size)}`);
  }
  const scale = size / Math.min(image.width, image.height);
  const width = Math.max(size, Math.round(image.width * scale));
  const height = Math.max(size, Math.round(image.height * scale));
  const [left, top] = [Math.floor((width - size) / 2), Math.floor((height - size) / 2)];
  if (scale === 1) return crop(image, left, top, size);
  return resample(image, taps(image.width, width, left, size), taps(image.height, height, top, size), size);
}

/** @internal */
export function checkPicture(where: string, image: RgbImage): void {
  const { width, height, data } = image ?? {};
  if (!(Number.isSafeInteger(width) && Number.isSafeInteger(height) && ArrayBuffer.isView(data))) {
    throw new UsageError(`${where}: takes a picture { width, height, data }, got ${showValue(image)}`);
  }
  if (width < 1 || height < 1) throw new DataError(`${where}: the picture has no pixels`);
  if (data.length !== width * height * 3) {
    throw new DataError(
      `${where}: a picture of ${width} x ${height} pixels has ${width * height * 3} bytes, three a pixel, got ${data.length}`,
    );
  }
}

/** For each output pixel, the run of input pixels that make it up. */
interface Taps {
  /** The first of them. */
  first: Int32Array;
  /** Where their weights begin in `weights`; behind the last pixel, where they end. */
  start: Int32Array;
  weights: Float32Array;
}

/** A triangle filter as wide as the scale: averages where it shrinks, interpolates where it grows. */
function taps(from: number, to: number, skip: number, count: number): Taps {
  const step = from / to;
  const radius = Math.max(step, 1);
  const first = new Int32Array(count);
  const start = new Int32Array(count + 1);
  const weights = new Float32Array(count * (Math.ceil(2 * radius) + 1));
  for (let i = 0, next = 0; i < count; i++) {
    const center = (i + skip + 0.5) * step - 0.5;
    const high = Math.min(from - 1, Math.floor(center + radius));
    let low = Math.max(0, Math.ceil(center - radius));
    if (1 - Math.abs(low - center) / radius <= 0) low++; // at its ends a triangle is 0
    let sum = 0;
    for (let j = low; j <= high; j++, next++) {
      weights[next] = Math.max(0, 1 - Math.abs(j - center) / radius);
      sum += weights[next];
    }
    for (let j = start[i]; j < next; j++) weights[j] /= sum;
    first[i] = low;
    start[i + 1] = next;
  }
  return { first, start, weights };
}

/** The `size` x `size` pixels from `left` and `top` on, as they are. */
function crop({ width, data }: RgbImage, left: number, top: number, size: number): Uint8Array {
  const plane = size * size;
  const out = new Uint8Array(plane * 3);
  for (let y = 0, to = 0; y < size; y++) {
    let from = ((y + top) * width + left) * 3;
    for (let x = 0; x < size; x++, to++, from += 3) {
      out[to] = data[from];
      out[plane + to] = data[from + 1];
      out[2 * plane + to] = data[from + 2];
    }
  }
  return out;
}

function resample(image: RgbImage, columns: Taps, rows: Taps, size: number): Uint8Array {
  const top = rows.first[0];
  const strip = shrinkRows(image, columns, top, rows.first[size - 1] + rows.start[size] - rows.start[size - 1], size);
  const plane = size * size;
  const out = new Uint8Array(plane * 3);
  const row = new Float32Array(size * 3);
  for (let y = 0; y < size; y++) {
    row.fill(0);
    const end = rows.start[y + 1];
    let from = (rows.first[y] - top) * row.length;
    for (let j = rows.start[y]; j < end; j++, from += row.length) {
      const w = rows.weights[j];
      for (let k = 0; k < row.length; k++) row[k] += w * strip[from + k];
    }
    const to = y * size;
    for (let x = 0, k = 0; x < size; x++, k += 3) {
      out[to + x] = row[k] + 0.5; // none is below 0: cutting off the rest rounds
      out[plane + to + x] = row[k + 1] + 0.5;
      out[2 * plane + to + x] = row[k + 2] + 0.5;
    }
  }
  return out;
}

/** Rows `top` to `bottom` of a picture, already `size` wide, (rows, size, 3). */
function shrinkRows({ width, data }: RgbImage, columns: Taps, top: number, bottom: number, size: number): Float32Array {
  const { first, start, weights } = columns;
  const strip = new Float32Array((bottom - top) * size * 3);
  for (let y = top, to = 0; y < bottom; y++) {
    for (let x = 0; x < size; x++, to += 3) {
      const end = start[x + 1];
      let at = (y * width + first[x]) * 3;
      let [r, g, b] = [0, 0, 0];
      for (let j = start[x]; j < end; j++, at += 3) {
        const w = weights[j];
        r += w * data[at];
        g += w * data[at + 1];
        b += w * data[at + 2];
      }
      strip[to] = r;
      strip[to + 1] = g;
      strip[to + 2] = b;
    }
  }
  return strip;
}
