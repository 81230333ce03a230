// Batches of pictures: their inputs, labels and places.
import { anything, checkOptions, oneOf, type Rules, required, whole } from '../options.js';
import type { HostTensor } from '../tensor/dtype.js';
import type { AugmentOptions } from './augment.js';
import type { ColourStatistics } from './colours.js';
import { ImageDataset } from './dataset.js';
import { prepare, type RgbImage } from './image.js';
import { type Augmentation, inputShape, type TransformOptions, transformedInputs, writeInputs } from './inputs.js';
import { coloursRule } from './rules.js';
import { pictureOf } from './transforms/picture.js';

/** Inputs on the host, the class of each picture, and the pictures' places in the data set. */
export interface ImageBatch {
  /** (pictures * crops, 3, height, width). */
  images: HostTensor<Float32Array>;
  /** One class a picture. */
  labels: Int32Array;
  /** One place in the data set a picture. */
  indices: Int32Array;
}

/** Which pictures a batch is made of, and in which epoch; `augment` has a seed of its own. */
export interface PictureJob {
  /** Places in the data set. */
  indices: Int32Array;
  /** From 0. */
  epoch: number;
}

/** @internal The batch of these pictures, whose inputs are in `data`. */
export function imageBatch(
  dataset: ImageDataset,
  how: Augmentation,
  indices: Int32Array,
  data: Float32Array,
): ImageBatch {
  const [crops, ...shape] = inputShape(how, dataset.size);
  const labels = Int32Array.from(indices, (i) => dataset.label(i));
  return { images: { data, shape: [indices.length * crops, ...shape] }, labels, indices };
}

/** The inputs of a batch, (pictures * crops, 3, height, width). */
export function assembleBatch(dataset: ImageDataset, how: Augmentation, { indices, epoch }: PictureJob): Float32Array {
  const perPicture = inputShape(how, dataset.size).reduce((a, b) => a * b);
  const images = new Float32Array(indices.length * perPicture);
  const room = new Uint8Array(3 * dataset.size * dataset.size);
  const order = Array.from(indices.keys()).sort((a, b) => indices[a] - indices[b]); // as they lie on a disk
  for (const i of order) {
    const pixels = dataset.pixels(indices[i], room);
    writeInputs(pixels, dataset.size, images, i * perPicture, how, epoch, indices[i]);
  }
  return images;
}

/** How a picture becomes a network's input. */
export interface PictureInputOptions {
  /** Shorter side after scaling, and side of the central square that is kept: as the training pictures were stored. */
  size: number;
  /** Side of the input. */
  crop: number;
  /** Of the training pictures: `dataset.colours()`. */
  colours: ColourStatistics;
  /** As the training pictures were; 'mean-image' needs `colours.meanImage`, of `size`. Default 'standard'. */
  pixels?: AugmentOptions['pixels'];
  /** 1 for the centre, 10 for the corners and the centre with their mirror images. Default 1. */
  crops?: 1 | 10;
}

const INPUT_RULES: Rules<PictureInputOptions> = {
  size: required(whole(1)),
  crop: required(whole(1)),
  colours: required(coloursRule),
  pixels: anything, // checkAugment looks at it
  crops: oneOf(1, 10),
};

/**
 * The inputs of one picture, (crops, 3, height, width), for `predictProbabilities`: the training pictures' `size` and `crop`, or
 * `transforms` without chance.
 * @throws UsageError for options that make no sense, DataError if the picture has no pixels or is too small.
 */
export function pictureInputs(
  picture: RgbImage,
  options: PictureInputOptions | Pick<TransformOptions, 'transforms'>,
): Float32Array {
  if (typeof options === 'object' && options !== null && 'transforms' in options) {
    checkOptions('pictureInputs', options, { transforms: required(anything) });
    return transformedInputs('pictureInputs', options.transforms, pictureOf(picture));
  }
  checkOptions('pictureInputs', options, INPUT_RULES);
  const { size, crop, colours, pixels, crops = 1 } = options;
  const one = new ImageDataset(prepare(picture, size), size, ['picture'], Int32Array.of(0), ['picture']);
  const how: AugmentOptions = { crop, place: crops === 10 ? 'ten' : 'center', pixels, colours, seed: 0 };
  return assembleBatch(one, how, { indices: Int32Array.of(0), epoch: 0 });
}
