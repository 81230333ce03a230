// A first convolution's filters as a sheet of small pictures, and where a network looks as a layer over one.
import { escapeXml } from './escape.js';
import { count } from './numbers.js';
import { dataUrl, encodePng } from './png.js';

/** A convolution's weight (count, channels, height, width), as `stateDict()` has it. */
export interface Filters {
  /** (count, channels, height, width). Three channels are shown in colour; of others, the first in grey. */
  shape: readonly number[];
  /** Weights in row-major order; each filter is shown in its own range. */
  data: ArrayLike<number>;
  /** What they are of, such as 'conv1'. Default 'the first convolution'. */
  name?: string;
}

/** How much each place of a picture counts, such as Grad-CAM gives it: 0 and more, relative to the largest. */
export interface Heat {
  /** (height, width); it is stretched over the picture. */
  shape: readonly number[];
  /** In row-major order. */
  data: ArrayLike<number>;
}

const MOST_FILTERS = 256;
const MOST_PIXELS = 200_000;

/** Whether it is filters that can be drawn. */
export function isFilters(value: unknown): boolean {
  const { shape, data } = (value ?? {}) as Partial<Filters>;
  return Array.isArray(shape) && shape.length === 4 && fits(shape, data);
}

/** Whether it is a layer of heat. */
export function isHeat(value: unknown): boolean {
  const { shape, data } = (value ?? {}) as Partial<Heat>;
  return Array.isArray(shape) && shape.length === 2 && fits(shape, data);
}

const fits = (shape: readonly number[], data: ArrayLike<number> | undefined) =>
  shape.every((n) => n > 0) && data?.length === shape.reduce((a, b) => a * b, 1);

/** The filters as one image element, with what it shows as its text. */
export function filterSheet(filters: Filters): string {
  const { width, height, png, shown } = drawFilters(filters);
  const [total, , h, w] = filters.shape;
  const text = `${count(total, 'filter')} of ${h} × ${w}`;
  const rest = shown < total ? `, the first ${shown} of them` : '';
  return (
    `<img class="pixels" alt="${escapeXml(text + rest)}" width="${width}" height="${height}" ` +
    `src="${dataUrl('filters', png)}">`
  );
}

/** A sheet of as many filters as a page has room for, a pixel apart, about `aspect` times as wide as high. */
export function drawFilters({ shape, data }: Filters, aspect = 2) {
  const [total, channels, h, w] = shape;
  const shown = Math.max(1, Math.min(total, MOST_FILTERS, Math.floor(MOST_PIXELS / (h * w))));
  const columns = columnsFor(shown, aspect);
  const [width, height] = [columns * (w + 1) - 1, Math.ceil(shown / columns) * (h + 1) - 1];
  const pixels = new Uint8Array(4 * width * height);
  const plane = h * w;
  for (let f = 0; f < shown; f++) {
    const used = channels === 3 ? 3 * plane : plane;
    const start = f * channels * plane;
    const { low, scale } = rangeFrom(data, start, used);
    const [left, top] = [(f % columns) * (w + 1), Math.floor(f / columns) * (h + 1)];
    for (let i = 0; i < plane; i++) {
      const at = 4 * ((top + Math.floor(i / w)) * width + left + (i % w));
      for (let c = 0; c < 3; c++) {
        pixels[at + c] = Math.round(255 * scale * (data[start + (channels === 3 ? c * plane : 0) + i] - low));
      }
      pixels[at + 3] = 255;
    }
  }
  return { width, height, shown, png: encodePng(width, height, pixels) };
}

/** No row is half empty where that can be. */
function columnsFor(shown: number, aspect: number): number {
  const wished = Math.min(shown, Math.ceil(Math.sqrt(shown * aspect)));
  const even = [0, 1, -1, 2, -2, 3].map((more) => wished + more).find((n) => n > 0 && shown % n === 0);
  return even ?? wished;
}

function rangeFrom(data: ArrayLike<number>, start: number, length: number) {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = start; i < start + length; i++) {
    if (!Number.isFinite(data[i])) continue;
    low = Math.min(low, data[i]);
    high = Math.max(high, data[i]);
  }
  return low <= high ? { low, scale: 1 / (high - low || 1) } : { low: 0, scale: 0 };
}

/** Dark violet, red, orange, light yellow: lighter is more, in grey too. */
const RAMP = [
  [40, 11, 84],
  [140, 41, 99],
  [222, 73, 48],
  [251, 155, 6],
  [252, 232, 120],
]; // after matplotlib's inferno

/** The heat as a picture to lay over another: the more it counts, the less one sees through it. */
export function heatLayer({ shape: [height, width], data }: Heat): string {
  const pixels = new Uint8Array(4 * width * height);
  const most = Array.from(data).reduce((a, b) => Math.max(a, b || 0), 0) || 1;
  for (let i = 0; i < width * height; i++) {
    const share = Math.min(1, Math.max(0, data[i] / most || 0));
    const place = share * (RAMP.length - 1);
    const from = Math.min(RAMP.length - 2, Math.floor(place));
    RAMP[from].forEach((low, c) => {
      pixels[4 * i + c] = Math.round(low + (place - from) * (RAMP[from + 1][c] - low));
    });
    pixels[4 * i + 3] = Math.round(255 * (0.1 + 0.65 * share));
  }
  return dataUrl('heat', encodePng(width, height, pixels));
}
