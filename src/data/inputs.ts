// How pictures become a network's inputs: cut and shifted as the paper has it, or by a list of transforms.
import { showValue, UsageError } from '../errors.js';
import { checkOptions, type Rules, required } from '../options.js';
import { type AugmentOptions, augmentChecked, checkAugment, cropsPerPicture } from './augment.js';
import { mixKey, Random } from './random.js';
import { seedRule } from './rules.js';
import { spoken, type Transform } from './transforms/kind.js';
import type { Picture } from './transforms/picture.js';
import { checkTransforms, draws, transformChecked, transformedShape } from './transforms/pipeline.js';

/** Transforms as they are in torchvision. What they draw depends on (seed, epoch, picture) alone. */
export interface TransformOptions {
  /** One after the other; `toTensor` among them. */
  transforms: readonly Transform[];
  /** A whole number. */
  seed: number;
}

/** How pictures become inputs. */
export type Augmentation = AugmentOptions | TransformOptions;

const RULES: Rules<TransformOptions> = {
  transforms: required({ be: 'a list of transforms', holds: Array.isArray }),
  seed: required(seedRule),
};

/**
 * @internal The inputs of a picture of size x size: [inputs, 3, height, width].
 * @throws UsageError for options that make no sense, DataError if pictures of this size are too small for them.
 */
export function inputShape(how: Augmentation, size: number): readonly number[] {
  if (!hasTransforms(how)) {
    checkAugment(how, size);
    return [cropsPerPicture(how), 3, how.crop, how.crop];
  }
  checkOptions('augment', how, RULES);
  checkGivesNumbers('augment', how.transforms);
  return transformedShape(how.transforms, { width: size, height: size });
}

/** @internal Writes the inputs of a picture (3, size, size) to `out` from element `at` on; `inputShape` has seen both. */
export function writeInputs(
  pixels: Uint8Array,
  size: number,
  out: Float32Array,
  at: number,
  how: Augmentation,
  epoch: number,
  picture: number,
): void {
  if (!hasTransforms(how)) {
    augmentChecked(pixels, size, out, at, how, epoch, picture);
    return;
  }
  const random = new Random(mixKey(how.seed, epoch, picture));
  const made = transformChecked(how.transforms, { width: size, height: size, planes: pixels }, random);
  for (const [i, { planes }] of made.entries()) out.set(planes, at + i * planes.length);
}

/**
 * @internal The inputs of one picture of any size, one behind the other.
 * @throws as `inputShape` does, and UsageError for transforms that leave something to chance.
 */
export function transformedInputs(where: string, transforms: readonly Transform[], picture: Picture): Float32Array {
  checkGivesNumbers(where, transforms);
  const drawing = transforms.find(draws);
  if (drawing) throw new UsageError(`${where}: ${spoken(drawing.name)} is for training: it leaves something to chance`);
  const [inputs, ...shape] = transformedShape(transforms, picture);
  const each = shape.reduce((a, b) => a * b);
  const out = new Float32Array(inputs * each);
  const made = transformChecked(transforms, picture, new Random(0));
  for (const [i, { planes }] of made.entries()) out.set(planes, i * each);
  return out;
}

const hasTransforms = (how: Augmentation): how is TransformOptions =>
  typeof how === 'object' && how !== null && 'transforms' in how;

function checkGivesNumbers(where: string, transforms: readonly Transform[]): void {
  if (checkTransforms(where, transforms)) return;
  const names = transforms.map(({ name }) => name);
  throw new UsageError(`${where}: networks take numbers: toTensor is missing among the transforms ${showValue(names)}`);
}
