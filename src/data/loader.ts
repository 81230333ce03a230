// Batches ahead of the GPU. Order and augmentation depend on (seed, epoch) alone.
import { DataError, showValue, UsageError } from '../errors.js';
import { anything, checkOptions, flag, oneOf, type Rules, required, whole } from '../options.js';
import type { HostTensor } from '../tensor/dtype.js';
import type { AugmentOptions } from './augment.js';
import type { ColourStatistics } from './colours.js';
import { ImageDataset } from './dataset.js';
import { prepare, type RgbImage } from './image.js';
import { type Augmentation, inputShape, type TransformOptions, transformedInputs, writeInputs } from './inputs.js';
import { mixKey, Random, shuffled } from './random.js';
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

/** One batch's worth of work: which pictures, in which epoch. */
export interface BatchJob {
  /** Places in the data set. */
  indices: Int32Array;
  /** From 0; with the seed it decides about crops and mirrors. */
  epoch: number;
}

/** Makes the inputs of a batch; src/node has one that does it in worker threads. */
export interface Assembler {
  /** The job's inputs, (pictures * crops, 3, height, width). */
  assemble(job: BatchJob): Promise<Float32Array>;
}

/** How a data set is cut into batches. */
export interface DataLoaderOptions {
  /** Pictures in a batch; the last one of an epoch may have fewer. */
  batchSize: number;
  /** How pictures become inputs; its seed decides the order, too. */
  augment: Augmentation;
  /** A new order each epoch. Default false. */
  shuffle?: boolean;
  /** Leaves out a last batch that is not full. Default false. */
  dropLast?: boolean;
  /** Batches prepared ahead. Default 3. */
  prefetch?: number;
  /** Who makes the inputs. Default: this thread. */
  assembler?: Assembler;
}

const RULES: Rules<DataLoaderOptions> = {
  batchSize: required(whole(1)),
  augment: required(anything), // inputShape looks at it
  shuffle: flag,
  dropLast: flag,
  prefetch: whole(1),
  assembler: {
    be: 'an object with assemble(job)',
    holds: (value) => typeof (value as Assembler)?.assemble === 'function',
  },
};

/**
 * Iterates a data set in batches, epoch by epoch; a `BatchSource` for the trainer. PyTorch's DataLoader with its transforms.
 * @throws UsageError for options that make no sense, DataError if crops are larger than the pictures or if there is no
 * batch: the set is empty, or smaller than a batch that must be full.
 */
export class DataLoader {
  /** Of an input: (3, height, width). */
  readonly imageShape: readonly number[];
  /** Inputs a picture. */
  private readonly crops: number;
  private readonly assembler: Assembler;

  constructor(
    /** What it iterates. */
    readonly dataset: ImageDataset,
    /** How it does so. */
    readonly options: DataLoaderOptions,
  ) {
    if (!(dataset instanceof ImageDataset)) {
      throw new UsageError(`DataLoader: takes an ImageDataset, got ${showValue(dataset)}`);
    }
    checkOptions('DataLoader', options, RULES);
    const { augment: how, batchSize } = options;
    [this.crops, ...this.imageShape] = inputShape(how, dataset.size);
    if (dataset.length === 0) throw new DataError('DataLoader: the data set is empty');
    if (this.length === 0) {
      throw new DataError(
        `DataLoader: dropLast leaves nothing of ${dataset.length} pictures, which do not fill a batch of ${batchSize}`,
      );
    }
    this.assembler = options.assembler ?? { assemble: async (job) => assembleBatch(dataset, how, job) };
  }

  /** Pictures in an epoch. */
  get length(): number {
    const { batchSize, dropLast } = this.options;
    const { length } = this.dataset;
    return dropLast ? length - (length % batchSize) : length;
  }

  /** What decides which pictures come in which batch: a run resumed in the middle of an epoch needs the same. */
  get orderedBy(): Record<string, string | number | boolean> {
    const { batchSize, dropLast = false, shuffle = false, augment: how } = this.options;
    const pictures = this.dataset.fingerprint;
    return { pictures, batchSize, dropLast, shuffle, ...(shuffle ? { seed: how.seed } : {}) };
  }

  /** Batches in an epoch. */
  get batches(): number {
    return Math.ceil(this.length / this.options.batchSize);
  }

  /** The pictures of an epoch, from 0, in their order: places in the data set. */
  order(epoch: number): Int32Array {
    const all = Array.from({ length: this.dataset.length }, (_, i) => i);
    const { shuffle, augment: how } = this.options;
    const ordered = shuffle ? shuffled(all, new Random(mixKey(how.seed, epoch, 0x0bde))) : all;
    return Int32Array.from(ordered.slice(0, this.length));
  }

  /**
   * The batches of one epoch, from 0, beginning with `startBatch` (default 0).
   * @throws UsageError, as the first batch is asked for, unless both are whole numbers, 0 or more.
   */
  async *epoch(number: number, from: { startBatch?: number } = {}): AsyncGenerator<ImageBatch> {
    checkOptions('epoch', { number, ...from }, { number: required(whole()), startBatch: whole() });
    const { startBatch = 0 } = from;
    const order = this.order(number);
    const { batchSize, prefetch = 3 } = this.options;
    const ahead: Promise<ImageBatch>[] = [];
    let next = startBatch;
    const start = () => {
      const indices = order.slice(next * batchSize, (next + 1) * batchSize);
      next++;
      const made = this.make({ indices, epoch: number });
      made.catch(() => {}); // awaited in turn below
      ahead.push(made);
    };
    while (next < this.batches && ahead.length < prefetch) start();
    while (ahead.length > 0) {
      const batch = await ahead.shift()!;
      if (next < this.batches) start();
      yield batch;
    }
  }

  private async make(job: BatchJob): Promise<ImageBatch> {
    const data = await this.assembler.assemble(job);
    const images = { data, shape: [job.indices.length * this.crops, ...this.imageShape] };
    return { images, labels: Int32Array.from(job.indices, (i) => this.dataset.label(i)), indices: job.indices };
  }
}

/** The inputs of a batch, (pictures * crops, 3, height, width). */
export function assembleBatch(dataset: ImageDataset, how: Augmentation, { indices, epoch }: BatchJob): Float32Array {
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
