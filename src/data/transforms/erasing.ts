// A part of the picture lost.
import { type Rule, type Rules, required, share } from '../../options.js';
import type { Random } from '../random.js';
import { type Kind, type Transform, transform } from './kind.js';
import { type Box, boxRules, mustLieIn, type Picture, type Size } from './picture.js';
import { drawSides, partRules } from './resize.js';
import { type Range, threeRule } from './rules.js';

/** How often a part is erased, how large it is and what is put there. */
export interface RandomErasingOptions {
  /** Default 0.5. */
  p?: number;
  /** The part's share of the picture. Default [0.02, 0.33]. */
  scale?: Range;
  /** Its height over its width, drawn evenly from their logarithms. Default [0.3, 3.3]. */
  ratio?: Range;
  /** A number, one for each channel, or 'random': a normal number for each of its pixels' channels. Default 0. */
  value?: number | readonly [red: number, green: number, blue: number] | 'random';
}

/** Null: nothing is erased. Values are one a channel, or (3, height, width). */
type Part = { part: (Box & { values: number[] | Float32Array }) | null };

const three = threeRule("a number, three numbers or 'random'");
const valueRule: Rule = {
  be: three.be,
  holds: (value) => value === 'random' || Number.isFinite(value) || three.holds(value),
};
const partRule: Rule = {
  be: 'null, or { top, left, width, height, values }: three values, or three a pixel',
  holds(value) {
    if (value === null) return true;
    const { values, ...box } = (value ?? {}) as Record<string, unknown> & { values?: ArrayLike<unknown> };
    if (!Object.entries(boxRules).every(([name, rule]) => rule.holds(box[name]))) return false;
    return [3, 3 * (box.width as number) * (box.height as number)].includes(values?.length ?? -1);
  },
};
const RULES: Rules<RandomErasingOptions> = { p: share, ...partRules, value: valueRule };

export const randomErasingKind: Kind<RandomErasingOptions, Part> = {
  name: 'RandomErasing',
  takes: 'numbers',
  rules: RULES,
  drawn: { part: required(partRule) },
  draw: (options, size, random) => ({
    part: random.unit() < (options.p ?? 0.5) ? drawPart(options, size, random) : null,
  }),
  apply: (picture, _options, { part }) => (part ? erase(picture, part, part.values) : picture),
};

const TRIES = 10;

function drawPart(options: RandomErasingOptions, picture: Size, random: Random): Part['part'] {
  const { scale = [0.02, 0.33], ratio = [0.3, 3.3], value = 0 } = options;
  for (let i = 0; i < TRIES; i++) {
    const [height, width] = drawSides(picture, scale, ratio, random);
    if (height >= picture.height || width >= picture.width) continue;
    const values = value === 'random' ? noise(3 * height * width, random) : valuesOf(value);
    const [top, left] = [random.below(picture.height - height + 1), random.below(picture.width - width + 1)];
    return { top, left, width, height, values };
  }
  return null;
}

const valuesOf = (value: number | readonly number[]): number[] =>
  typeof value === 'number' ? [value, value, value] : [...value];
const noise = (length: number, random: Random): Float32Array => Float32Array.from({ length }, () => random.normal());

function erase(picture: Picture, { top, left, width, height }: Box, values: ArrayLike<number>): Picture {
  mustLieIn('randomErasing', picture, { top, left, width, height });
  const planes = picture.planes.slice();
  const one = values.length === 3;
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const row = (c * picture.height + top + y) * picture.width + left;
      for (let x = 0; x < width; x++) planes[row + x] = values[one ? c : (c * height + y) * width + x];
    }
  }
  return { width: picture.width, height: picture.height, planes };
}

/**
 * Erases a part of any place, size and ratio of sides, by chance; after ten tries that do not fit, nothing. torchvision's
 * RandomErasing. Draws { part: { top, left, width, height, values } } or { part: null }.
 */
export function randomErasing(options: RandomErasingOptions = {}): Transform {
  return transform(randomErasingKind, options);
}
