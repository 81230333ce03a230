// Pillow's resampling of bytes, bit by bit: weights as fixed-point numbers, columns first, then rows.
import { crop } from './crop.js';
import { type Box, type Picture, type Size, sameKind } from './picture.js';

/** How pixels between pixels are made; the last two average where they shrink, as Pillow and `antialias=True` do. */
export type Interpolation = 'nearest' | 'bilinear' | 'bicubic';

interface Filter {
  /** How far it reaches to each side, in pixels of the picture that is enlarged. */
  support: number;
  weight(distance: number): number;
}

const FILTERS: Record<Exclude<Interpolation, 'nearest'>, Filter> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: (x) => cubic(Math.abs(x)) },
};

/** Keys' cubic with a = -1/2. */
function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

/** A part of a picture, brought to a size. The picture outside of it has no influence. */
export function resample(picture: Picture, box: Box, to: Size, interpolation: Interpolation): Picture {
  if (interpolation === 'nearest') return pickNearest(picture, box, to);
  const filter = FILTERS[interpolation];
  const strip = resizeColumns(picture, box, weightsOf(box.width, to.width, filter));
  return resizeRows(strip, weightsOf(box.height, to.height, filter));
}

/** What each pixel of a line is made of: a run of `taps` pixels of the line before. */
interface Weights {
  taps: number;
  first: Int32Array;
  /** taps a pixel, in units of 2^-22. */
  fixed: Int32Array;
}

const BITS = 22;
const HALF = 1 << (BITS - 1);

function weightsOf(from: number, to: number, { support, weight }: Filter): Weights {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const center = (i: number) => (i + 0.5) * scale;
  const bound = (x: number) => Math.min(from, Math.max(0, Math.trunc(x + 0.5)));
  let taps = 1;
  for (let i = 0; i < to; i++) taps = Math.max(taps, bound(center(i) + reach) - bound(center(i) - reach));
  const first = new Int32Array(to);
  const fixed = new Int32Array(to * taps);
  const run = new Float64Array(taps);
  for (let i = 0; i < to; i++) {
    const [low, high] = [bound(center(i) - reach), bound(center(i) + reach)];
    let sum = 0;
    for (let x = low; x < high; x++) sum += run[x - low] = weight((x - center(i) + 0.5) * (1 / stretch));
    first[i] = Math.min(low, from - taps); // at the border runs are shorter: zeros come first
    for (let x = low; x < high; x++) {
      const share = (run[x - low] / sum) * 2 ** BITS;
      fixed[i * taps + x - first[i]] = Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
    }
  }
  return { taps, first, fixed };
}

/** (3, box.height, columns): each row of the box, as long as there are weights. */
function resizeColumns(picture: Picture, { top, left, width, height }: Box, weights: Weights): Picture {
  const columns = weights.first.length;
  if (columns === width) return crop(picture, { top, left, width, height });
  const out = sameKind(picture, { width: columns, height });
  const to = new Uint8ClampedArray(out.planes.buffer);
  const sum = weights.taps === 2 ? sumTwo : sumAll;
  for (let y = 0; y < height; y++) {
    const row = (top + y) * picture.width + left;
    sum(picture, row, weights, to, y * columns, height * columns);
  }
  return out;
}

/** A row of all three channels: its pixels from element `at` on of each plane. */
type SumRow = (from: Picture, row: number, weights: Weights, to: Uint8ClampedArray, at: number, plane: number) => void;

/** Enlarged by the triangle: of two pixels each. */
const sumTwo: SumRow = ({ width, height, planes }, row, { first, fixed }, to, at, plane) => {
  const [green, blue] = [width * height, 2 * width * height];
  for (let x = 0; x < first.length; x++) {
    const i = row + first[x];
    const left = fixed[2 * x];
    const right = fixed[2 * x + 1];
    to[at + x] = (HALF + Math.imul(planes[i], left) + Math.imul(planes[i + 1], right)) >> BITS;
    to[plane + at + x] = (HALF + Math.imul(planes[green + i], left) + Math.imul(planes[green + i + 1], right)) >> BITS;
    to[2 * plane + at + x] =
      (HALF + Math.imul(planes[blue + i], left) + Math.imul(planes[blue + i + 1], right)) >> BITS;
  }
};

const sumAll: SumRow = ({ width, height, planes }, row, { taps, first, fixed }, to, at, plane) => {
  const [green, blue] = [width * height, 2 * width * height];
  for (let x = 0, w = 0; x < first.length; x++) {
    let r = HALF;
    let g = HALF;
    let b = HALF;
    for (let i = row + first[x], end = i + taps; i < end; i++, w++) {
      const weight = fixed[w];
      r = (r + Math.imul(planes[i], weight)) | 0;
      g = (g + Math.imul(planes[green + i], weight)) | 0;
      b = (b + Math.imul(planes[blue + i], weight)) | 0;
    }
    to[at + x] = r >> BITS;
    to[plane + at + x] = g >> BITS;
    to[2 * plane + at + x] = b >> BITS;
  }
};

/** (3, rows, width): as many rows as there are weights. */
function resizeRows(picture: Picture, { taps, first, fixed }: Weights): Picture {
  const { width, height, planes: from } = picture;
  const rows = first.length;
  if (rows === height) return picture;
  const out = sameKind(picture, { width, height: rows });
  const to = new Uint8ClampedArray(out.planes.buffer);
  for (let row = 0, at = 0; row < 3 * rows; row++, at += width) {
    const y = row % rows;
    const start = (Math.floor(row / rows) * height + first[y]) * width;
    if (taps === 2) {
      const [upper, lower] = [fixed[2 * y], fixed[2 * y + 1]];
      for (let x = 0, i = start; x < width; x++, i++) {
        to[at + x] = (HALF + Math.imul(from[i], upper) + Math.imul(from[i + width], lower)) >> BITS;
      }
      continue;
    }
    for (let x = 0; x < width; x++) {
      let sum = HALF;
      for (let tap = 0, i = start + x; tap < taps; tap++, i += width) {
        sum = (sum + Math.imul(from[i], fixed[y * taps + tap])) | 0;
      }
      to[at + x] = sum >> BITS;
    }
  }
  return out;
}

function pickNearest(picture: Picture, { top, left, width, height }: Box, to: Size): Picture {
  const out = sameKind(picture, to);
  const columns = nearest(width, to.width);
  const rows = nearest(height, to.height);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < to.height; y++) {
      const row = (c * picture.height + top + rows[y]) * picture.width + left;
      const at = (c * to.height + y) * to.width;
      for (let x = 0; x < to.width; x++) out.planes[at + x] = picture.planes[row + columns[x]];
    }
  }
  return out;
}

/** The pixel below each pixel's centre, added up as Pillow does. */
function nearest(from: number, to: number): Int32Array {
  const step = from / to;
  let at = step * 0.5;
  return Int32Array.from({ length: to }, () => {
    const place = Math.min(from - 1, Math.floor(at));
    at += step;
    return place;
  });
}
