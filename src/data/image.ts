// Pictures on the host, and how they are brought to size.
import { DataError, showValue, UsageError } from '../device/errors.js';
import { requireBytes } from '../device/options.js';
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
  const columns = taps(image.width, width, Math.floor((width - size) / 2), size);
  const rows = taps(image.height, height, Math.floor((height - size) / 2), size);
  return resample(image, columns, rows, size);
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
