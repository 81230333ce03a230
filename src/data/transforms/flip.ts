// Mirror images.
import { flag, type Rules, required, share } from '../../options.js';
import { type Kind, type Transform, transform } from './kind.js';
import { type Picture, sameKind } from './picture.js';

/** Left and right exchanged. */
export function flipColumns({ width, height, planes }: Picture): Picture {
  const out = planes.slice();
  for (let at = 0; at < out.length; at += width) out.subarray(at, at + width).reverse();
  return { width, height, planes: out };
}

/** Upside down. */
export function flipRows(picture: Picture): Picture {
  const { width, height, planes } = picture;
  const out = sameKind(picture, picture);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const from = (c * height + height - 1 - y) * width;
      out.planes.set(planes.subarray(from, from + width), (c * height + y) * width);
    }
  }
  return out;
}

/** How often something is done. */
export interface ChanceOptions {
  /** Its probability. Default 0.5. */
  p?: number;
}

const RULES: Rules<ChanceOptions> = { p: share };

const flipKind = (name: string, flip: (picture: Picture) => Picture): Kind<ChanceOptions, { flip: boolean }> => ({
  name,
  rules: RULES,
  drawn: { flip: required(flag) },
  draw: ({ p = 0.5 }, _size, random) => ({ flip: random.unit() < p }),
  apply: (picture, _options, drawn) => (drawn.flip ? flip(picture) : picture),
});

export const horizontalFlipKind = flipKind('RandomHorizontalFlip', flipColumns);
export const verticalFlipKind = flipKind('RandomVerticalFlip', flipRows);

/** Mirrors by chance, left and right exchanged. torchvision's RandomHorizontalFlip. Draws { flip }. */
export function randomHorizontalFlip(options: ChanceOptions = {}): Transform {
  return transform(horizontalFlipKind, options);
}

/** Turns upside down by chance, as a mirror does. torchvision's RandomVerticalFlip. Draws { flip }. */
export function randomVerticalFlip(options: ChanceOptions = {}): Transform {
  return transform(verticalFlipKind, options);
}
