// Pictures brought to a size, whole or a part by chance.
import { oneOf, type Rules } from '../../options.js';
import type { Random } from '../random.js';
import { exp, log, round } from './exact.js';
import { type Kind, type Transform, transform } from './kind.js';
import { type Box, boxRules, mustLieIn, type Size } from './picture.js';
import { type Interpolation, resample } from './resample.js';
import { between, type Range, rangeRule, type Sides, type SizeOption, sizeOf, sizeRules } from './rules.js';

/** How pictures are brought to a size. */
export interface ResizeOptions {
  /** 'bilinear' and 'bicubic' average where they shrink, as torchvision does for pictures of PIL. Default 'bilinear'. */
  interpolation?: Interpolation;
}

const interpolationRule = oneOf('nearest', 'bilinear', 'bicubic');

const all = ({ width, height }: Size): Box => ({ top: 0, left: 0, width, height });

export const resizeKind: Kind<SizeOption & ResizeOptions> = {
  name: 'Resize',
  takes: 'bytes',
  rules: { ...sizeRules, interpolation: interpolationRule },
  size: resized,
  apply: (picture, options) =>
    resample(picture, all(picture), resized(options, picture), options.interpolation ?? 'bilinear'),
};

function resized({ size }: SizeOption, { width, height }: Size): Size {
  if (typeof size !== 'number') return sizeOf(size);
  const longer = Math.floor((size * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? { width: size, height: longer } : { width: longer, height: size };
}

/**
 * Brings the shorter side to `size`, or the picture to [height, width]. torchvision's Resize of PIL's pictures, bit by bit.
 */
export function resize(size: Sides, options: ResizeOptions = {}): Transform {
  return transform(resizeKind, { ...options, size });
}

/** Which parts are taken, and how they are brought to size. */
export interface RandomResizedCropOptions {
  /** The part's share of the picture. Default [0.08, 1]. */
  scale?: Range;
  /** Its width over its height, drawn evenly from their logarithms. Default [3 / 4, 4 / 3]. */
  ratio?: Range;
  /** As in `resize`. Default 'bilinear'. */
  interpolation?: Interpolation;
}

/** Rules of parts by chance. */
export const partRules: Rules<{ scale?: Range; ratio?: Range }> = {
  scale: rangeRule(0, 1),
  ratio: rangeRule(0, Infinity, true),
};

export const randomResizedCropKind: Kind<SizeOption & RandomResizedCropOptions, Box> = {
  name: 'RandomResizedCrop',
  takes: 'bytes',
  rules: { ...sizeRules, ...partRules, interpolation: interpolationRule },
  size: ({ size }) => sizeOf(size),
  draw: ({ scale = [0.08, 1], ratio = [3 / 4, 4 / 3] }, size, random) => drawPart(size, scale, ratio, random),
  drawn: boxRules,
  apply(picture, { size, interpolation = 'bilinear' }, box) {
    mustLieIn('randomResizedCrop', picture, box);
    return resample(picture, box, sizeOf(size), interpolation);
  },
};

const TRIES = 10;

/** Sides of a part by chance: its share of the picture evenly, its ratio evenly by its logarithm. */
export function drawSides({ width, height }: Size, scale: Range, ratio: Range, random: Random): [number, number] {
  const area = width * height * between(scale, random);
  const aspect = exp(between([log(ratio[0]), log(ratio[1])], random));
  return [round(Math.sqrt(area * aspect)), round(Math.sqrt(area / aspect))];
}

function drawPart(picture: Size, scale: Range, ratio: Range, random: Random): Box {
  for (let i = 0; i < TRIES; i++) {
    const [width, height] = drawSides(picture, scale, ratio, random);
    if (width < 1 || width > picture.width || height < 1 || height > picture.height) continue;
    const [top, left] = [random.below(picture.height - height + 1), random.below(picture.width - width + 1)];
    return { top, left, width, height };
  }
  return largestPart(picture, ratio);
}

/** As much of the middle as the ratio leaves. */
function largestPart(picture: Size, [narrow, wide]: Range): Box {
  const ratio = picture.width / picture.height;
  const height = ratio < narrow ? round(picture.width / narrow) : picture.height;
  const width = ratio > wide ? round(picture.height * wide) : picture.width;
  const [top, left] = [Math.floor((picture.height - height) / 2), Math.floor((picture.width - width) / 2)];
  return { top, left, width, height };
}

/**
 * A part of any place, size and ratio of sides, brought to `size`: a square or [height, width]. After ten tries that do
 * not fit it takes the middle. torchvision's RandomResizedCrop. Draws { top, left, width, height }.
 */
export function randomResizedCrop(size: Sides, options: RandomResizedCropOptions = {}): Transform {
  return transform(randomResizedCropKind, { ...options, size });
}
