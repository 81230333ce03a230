// Batches ahead of the GPU. Order and augmentation depend on (seed, epoch) alone.
import { DataError } from '../device/errors.js';
import { type AugmentOptions, augment, checkAugment, cropsPerPicture } from './augment.js';
import { type ColourStatistics, ImageDataset } from './dataset.js';
import { prepare, type RgbImage } from './image.js';
import { mixKey, Random, shuffled } from './random.js';

/** Inputs (inputs, 3, crop, crop) on the host, the class of each, and the pictures' places in the data set. */
export interface ImageBatch {
  /** (pictures * crops, 3, crop, crop) as one run of numbers. */
  images: Float32Array;
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
  /** The job's inputs, (pictures * crops, 3, crop, crop). */
  assemble(job: BatchJob): Promise<Float32Array>;
}

/** How a data set is cut into batches. */
export interface DataLoaderOptions {
  /** Pictures in a batch; the last one of an epoch may have fewer. */
  batchSize: number;
  /** How pictures become inputs; its seed decides the order, too. */
  augment: AugmentOptions;
  /** A new order each epoch. Default false. */
  shuffle?: boolean;
  /** Leaves out a last batch that is not full. Default false. */
  dropLast?: boolean;
  /** Batches prepared ahead. Default 3. */
  prefetch?: number;
  /** Who makes the inputs. Default: this thread. */
  assembler?: Assembler;
}

/**
 * Iterates a data set in batches, epoch by epoch; a `BatchSource` for the trainer.
 * @throws DataError if the batch size is not a whole number above 0, or crops are larger than the pictures.
 */
export class DataLoader {
  /** (3, crop, crop). */
  readonly imageShape: readonly number[];
  private readonly assembler: Assembler;

  constructor(
    /** What it iterates. */
    readonly dataset: ImageDataset,
    /** How it does so. */
    readonly options: DataLoaderOptions,
  ) {
    const { augment: how, batchSize } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1) throw new DataError(`DataLoader: batch size ${batchSize}`);
    checkAugment(how, dataset.size);
    this.imageShape = [3, how.crop, how.crop];
    this.assembler = options.assembler ?? { assemble: async (job) => assembleBatch(dataset, how, job) };
  }

  /** Pictures in an epoch. */
  get length(): number {
    const { batchSize, dropLast } = this.options;
    const { length } = this.dataset;
    return dropLast ? length - (length % batchSize) : length;
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

  /** The batches of one epoch, from 0, beginning with `startBatch` (default 0). */
  async *epoch(number: number, { startBatch = 0 }: { startBatch?: number } = {}): AsyncGenerator<ImageBatch> {
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
    while (next < this.batches && ahead.length < Math.max(prefetch, 1)) start();
    while (ahead.length > 0) {
      const batch = await ahead.shift()!;
      if (next < this.batches) start();
      yield batch;
    }
  }

  private async make(job: BatchJob): Promise<ImageBatch> {
    const images = await this.assembler.assemble(job);
    return { images, labels: Int32Array.from(job.indices, (i) => this.dataset.label(i)), indices: job.indices };
  }
}

/** The inputs of a batch, (pictures * crops, 3, crop, crop). */
export function assembleBatch(dataset: ImageDataset, how: AugmentOptions, { indices, epoch }: BatchJob): Float32Array {
  const perPicture = cropsPerPicture(how) * 3 * how.crop * how.crop;
  const images = new Float32Array(indices.length * perPicture);
  indices.forEach((picture, i) => {
    augment(dataset.pixels(picture), dataset.size, images, i * perPicture, how, epoch, picture);
  });
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

/** The inputs of one picture, (crops, 3, crop, crop), for `predictProbabilities`. */
export function pictureInputs(
  picture: RgbImage,
  { size, crop, colours, pixels, crops = 1 }: PictureInputOptions,
): Float32Array {
  const one = new ImageDataset(prepare(picture, size), size, ['picture'], Int32Array.of(0), ['picture']);
  const how: AugmentOptions = { crop, place: crops === 10 ? 'ten' : 'center', pixels, colours, seed: 0 };
  return assembleBatch(one, how, { indices: Int32Array.of(0), epoch: 0 });
}
