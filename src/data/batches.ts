// One batch's worth of work, and what may be drawn for it.
import { DataError } from '../errors.js';
import type { Collated } from './collate.js';
import type { ImageDataset } from './dataset.js';
import type { Dataset, ItemOf } from './datasets.js';
import type { ImageBatch, PictureJob } from './image-batches.js';
import { mixKey, Random } from './random.js';

/** Which examples a batch is made of, and in which epoch. */
export interface BatchJob extends PictureJob {
  /** With epoch and place it decides what each example draws; of pictures `augment` has its own. */
  seed: number;
}

/** Makes batches; `wgrad/node` has some that do it in worker threads. */
export interface Assembler<Batch> {
  /** Whose examples they are, where that is known. */
  readonly dataset?: unknown;
  /** The job's batch, before `batchTransform`. */
  assemble(job: BatchJob): Promise<Batch>;
}

/** What a data set's batches are, without a `collate` of one's own. */
export type BatchOf<D> = D extends ImageDataset ? ImageBatch : Collated<ItemOf<D>>;

/** What a batch transform may draw from: it depends on (seed, epoch, batch) alone. */
export interface BatchDraw {
  /** From 0. */
  epoch: number;
  /** Its place in the epoch, from 0. */
  batch: number;
  /** This batch's own. */
  random: Random;
  /** How many classes the data set has, where it says so. */
  classes?: number;
}

/** @internal */
export function batchDraw(dataset: object, seed: number, epoch: number, batch: number): BatchDraw {
  const { classes } = dataset as Partial<ImageDataset>;
  const random = new Random(mixKey(seed, epoch, batch, 0xba7c));
  return { epoch, batch, random, ...(Array.isArray(classes) ? { classes: classes.length } : {}) };
}

/** @internal The batch of these examples. @throws DataError if there is no such example. */
export async function assembleExamples(
  dataset: Dataset,
  collate: (examples: never[]) => unknown,
  { indices, epoch, seed }: BatchJob,
): Promise<unknown> {
  const one = async (i: number): Promise<unknown> => {
    const item = await dataset.get(i, { epoch, random: new Random(mixKey(seed, epoch, i)) });
    if (item !== undefined) return item;
    throw new DataError(`get(${i}) gave nothing; the data set's length promises ${dataset.length} examples`);
  };
  return collate((await Promise.all(Array.from(indices, one))) as never[]);
}
