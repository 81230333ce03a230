// From packed bytes to the network's input: crop, mirror, shift colours, subtract the mean, scale.
import { DataError, UsageError } from '../errors.js';
import { checkOptions, flag, notNegative, oneOf, type Rules, required, whole } from '../options.js';
import type { ColourStatistics } from './colours.js';
import { mixKey, Random } from './random.js';
import { coloursRule, seedRule } from './rules.js';

/** How pictures become inputs. All random choices depend on (seed, epoch, picture) alone. */
export interface AugmentOptions {
  /** Side of the crop; at most the stored size. */
  crop: number;
  /** 'random' crops anywhere, 'center' in the middle, 'ten' gives corners and centre, plain and mirrored. */
  place: 'random' | 'center' | 'ten';
  /** Mirrors every other picture, by chance. Only with 'random'. Default false. */
  flip?: boolean;
  /**
   * One colour a picture is added to its pixels: along each principal axis a normal number of this deviation (Krizhevsky et al.
   * 2012, section 4.1: 0.1) times `colourScale`; 0 is off. Default 0.
   */
  colourShift?: number;
  /**
   * What the colour shift multiplies. 'deviation': the colours' standard deviation along the axis, the eigenvalue's root, as in
   * the authors' own program. 'eigenvalue': the eigenvalue, as the paper's text has it, of colours from 0 to 1. Default 'deviation'.
   */
  colourScale?: 'deviation' | 'eigenvalue';
  /**
   * What is made of the bytes. 'standard': (byte - mean) / std, channel by channel. 'mean-colour': byte - mean. 'mean-image': byte
   * less `colours.meanImage` at its place in the picture, as in the paper. Default 'standard'.
   */
  pixels?: 'standard' | 'mean-colour' | 'mean-image';
  /** The training set's: subtracted and divided by, whatever set is augmented. */
  colours: ColourStatistics;
  /** A whole number. */
  seed: number;
}

/** How many inputs a picture gives: 10 with 'ten', else 1. */
export function cropsPerPicture({ place }: Pick<AugmentOptions, 'place'>): number {
  return place === 'ten' ? 10 : 1;
}

interface Cut {
  left: number;
  top: number;
  mirror: boolean;
}

const RULES: Rules<AugmentOptions> = {
  crop: required(whole(1)),
  place: required(oneOf('random', 'center', 'ten')),
  flip: flag,
  colourShift: notNegative,
  colourScale: oneOf('deviation', 'eigenvalue'),
  pixels: oneOf('standard', 'mean-colour', 'mean-image'),
  colours: required(coloursRule),
  seed: required(seedRule),
};

/** @internal @throws UsageError for options that make no sense, DataError if pictures of this size cannot be augmented so. */
export function checkAugment(options: AugmentOptions, size: number): void {
  checkOptions('augment', options, RULES);
  const { crop, pixels, colours } = options;
  if (crop > size) throw new DataError(`augment: a crop of ${crop} from pictures of ${size} x ${size}`);
  const { meanImage } = colours;
  if (pixels !== 'mean-image' || meanImage?.length === 3 * size * size) return;
  const got = meanImage ? `has ${meanImage.length} numbers` : 'is missing';
  throw new DataError(
    `augment: pixels 'mean-image' needs the mean picture (3, ${size}, ${size}), colours.meanImage ${got}; dataset.meanImage() makes it`,
  );
}

/**
 * Writes the crop or crops, (3, crop, crop) f32 each, of a picture (3, size, size) to `out` from element `at` on, as `pixels`
 * says; `picture` is its place in the data set.
 * @throws DataError if the crop is larger than the picture, its bytes are not (3, size, size), or its mean picture is not there;
 * UsageError for options that make no sense, or if `out` is too short.
 */
export function augment(
  bytes: Uint8Array,
  size: number,
  out: Float32Array,
  at: number,
  options: AugmentOptions,
  epoch: number,
  picture: number,
): void {
  checkAugment(options, size);
  augmentChecked(bytes, size, out, at, options, epoch, picture);
}

/** @internal `augment` with options that `checkAugment` has seen: a loader looks at them once. */
export function augmentChecked(
  bytes: Uint8Array,
  size: number,
  out: Float32Array,
  at: number,
  options: AugmentOptions,
  epoch: number,
  picture: number,
): void {
  const { crop, colourShift = 0 } = options;
  checkRoom(bytes, size, out, at, cropsPerPicture(options) * 3 * crop * crop);
  const random = new Random(mixKey(options.seed, epoch, picture));
  const cuts = place(options, size, random);
  const shift = colourShift > 0 ? colourOf(options, random) : [0, 0, 0];
  cuts.forEach((cut, i) => {
    copyCrop(bytes, size, out, at + i * 3 * crop * crop, cut, options, shift);
  });
}

/** Typed arrays drop what is written behind their end, and give undefined. */
function checkRoom(bytes: Uint8Array, size: number, out: Float32Array, at: number, length: number): void {
  const picture = 3 * size * size;
  if (bytes.length !== picture)
    throw new DataError(`augment: a picture (3, ${size}, ${size}) has ${picture} bytes, got ${bytes.length}`);
  if (at >= 0 && at + length <= out.length) return;
  throw new UsageError(`augment: ${length} numbers from element ${at} on do not fit the ${out.length} of \`out\``);
}

/** The colour that is added to a picture, for values from 0 to 255. */
function colourOf({ colours, colourShift = 0, colourScale }: AugmentOptions, random: Random): number[] {
  const colour = [0, 0, 0];
  colours.axes.forEach((axis, i) => {
    const deviation = colours.axisStd[i];
    const scale = colourScale === 'eigenvalue' ? 255 * (deviation / 255) ** 2 : deviation;
    const amount = random.normal() * colourShift * scale;
    for (let c = 0; c < 3; c++) colour[c] += axis[c] * amount;
  });
  return colour;
}

function place({ place, crop, flip = false }: AugmentOptions, size: number, random: Random): Cut[] {
  const rest = size - crop;
  const middle = Math.floor(rest / 2);
  if (place === 'center') return [{ left: middle, top: middle, mirror: false }];
  if (place === 'random') {
    const [left, top] = [random.below(rest + 1), random.below(rest + 1)];
    return [{ left, top, mirror: flip && random.unit() < 0.5 }];
  }
  const corners = [
    [0, 0],
    [rest, 0],
    [0, rest],
    [rest, rest],
    [middle, middle],
  ];
  return [false, true].flatMap((mirror) => corners.map(([left, top]) => ({ left, top, mirror })));
}

function copyCrop(
  bytes: Uint8Array,
  size: number,
  out: Float32Array,
  at: number,
  { left, top, mirror }: Cut,
  { crop, colours, pixels = 'standard' }: AugmentOptions,
  shift: number[],
): void {
  const image = pixels === 'mean-image' ? colours.meanImage! : null;
  for (let c = 0; c < 3; c++) {
    const scale = pixels === 'standard' ? 1 / (colours.std[c] || 1) : 1;
    const offset = (shift[c] - (image ? 0 : colours.mean[c])) * scale;
    const step = mirror ? -1 : 1;
    for (let y = 0; y < crop; y++) {
      const to = at + (c * crop + y) * crop;
      let from = (c * size + top + y) * size + left + (mirror ? crop - 1 : 0);
      if (image) for (let x = 0; x < crop; x++, from += step) out[to + x] = bytes[from] - image[from] + offset;
      else for (let x = 0; x < crop; x++, from += step) out[to + x] = bytes[from] * scale + offset;
    }
  }
}
