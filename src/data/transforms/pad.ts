// Pixels around a picture.
import type { Rule } from '../../options.js';
import { type Picture, type Size, sameKind } from './picture.js';
import { type Fill, fillOf } from './rules.js';

/** Pixels at all four sides, at [sides, top and bottom], or at [left, top, right, bottom]. */
export type Padding =
  | number
  | readonly [sides: number, topAndBottom: number]
  | readonly [left: number, top: number, right: number, bottom: number];

/** What is put around: a colour, the border's pixels, or a mirror image without ('reflect') or with ('symmetric') the border. */
export type PaddingMode = 'constant' | 'edge' | 'reflect' | 'symmetric';

const isWidth = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

export const paddingRule: Rule = {
  be: 'a whole number of pixels, [sides, top and bottom] or [left, top, right, bottom]',
  holds: (value) =>
    isWidth(value) || (Array.isArray(value) && [2, 4].includes(value.length) && value.every((n) => isWidth(n))),
};

function edgesOf(padding: Padding): readonly [left: number, top: number, right: number, bottom: number] {
  if (typeof padding === 'number') return [padding, padding, padding, padding];
  return padding.length === 2 ? [...padding, ...padding] : padding;
}

/** The size of a picture with pixels put around it. */
export function padded({ width, height }: Size, padding: Padding): Size {
  const [left, top, right, bottom] = edgesOf(padding);
  return { width: width + left + right, height: height + top + bottom };
}

/** Which pixel of a line of `length` stands at `place`, which may be outside; -1 for none. */
const PLACES: Record<PaddingMode, (place: number, length: number) => number> = {
  constant: (place, length) => (place >= 0 && place < length ? place : -1),
  edge: (place, length) => Math.min(length - 1, Math.max(0, place)),
  reflect: (place, length) => mirrored(place, length, length - 1),
  symmetric: (place, length) => mirrored(place, length, length),
};

/** There and back again: a line and its mirror image, over and over, which begins at `turn`. */
function mirrored(place: number, length: number, turn: number): number {
  if (turn === 0) return 0;
  const period = 2 * turn;
  const at = ((place % period) + period) % period;
  return at < length ? at : period - at - (turn === length ? 1 : 0);
}

/** A picture with pixels put around it. */
export function pad(picture: Picture, padding: Padding, fill: Fill = 0, mode: PaddingMode = 'constant'): Picture {
  const { width, height, planes } = picture;
  const [left, top] = edgesOf(padding);
  const out = sameKind(picture, padded(picture, padding));
  const columns = Int32Array.from({ length: out.width }, (_, x) => PLACES[mode](x - left, width));
  const colour = fillOf(fill);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < out.height; y++) {
      const row = PLACES[mode](y - top, height);
      const from = (c * height + row) * width;
      const to = (c * out.height + y) * out.width;
      for (let x = 0; x < out.width; x++) {
        out.planes[to + x] = row < 0 || columns[x] < 0 ? colour[c] : planes[from + columns[x]];
      }
    }
  }
  return out;
}
