// Batches from shards, which are read in sequence; a buffer shuffles. Order and augmentation depend on (seed, epoch) alone.
import { availableParallelism } from 'node:os';
import { type BatchDraw, batchDraw } from '../data/batches.js';
import type { DamagedFile } from '../data/dataset.js';
import type { ImageBatch } from '../data/image-batches.js';
import { inOrder } from '../data/in-order.js';
import { type Augmentation, inputShape } from '../data/inputs.js';
import { mixKey, Random, shuffled } from '../data/random.js';
import { DataError, showValue, UsageError } from '../errors.js';
import { anything, callback, checkOptions, flag, type Rules, required, whole } from '../options.js';
import { assembleShardBatch, type ShardBatchJob, type ShardBatchReply, shardPool } from './shard-batch.js';
import { ShardReader } from './shard-reader.js';
import { labelOf, ShardDataset } from './shards.js';
import type { WorkerPool } from './worker-pool.js';

/** How shards are cut into batches. */
export interface ShardLoaderOptions<Batch = ImageBatch> {
  /** Pictures in a batch; the last one of an epoch may have fewer. */
  batchSize: number;
  /** How pictures become inputs; its seed decides the order, too. */
  augment: Augmentation;
  /**
   * Samples in the buffer: the shards come in a new order each epoch, and each sample that is read takes the place of one that is
   * drawn from this many. They are held as files, not decoded. 0: in the order in which they lie. Default 0.
   */
  shuffle?: number;
  /** Leaves out a last batch that is not full. Default false. */
  dropLast?: boolean;
  /** Changes each batch: `mixup()`, `cutmix()`, or a function of one's own that draws from `draw.random` alone. */
  batchTransform?: (batch: ImageBatch, draw: BatchDraw) => Batch | Promise<Batch>;
  /** Batches prepared ahead. Default: one more than `workers`, 3 at least. */
  prefetch?: number;
  /** Threads that decode; 0 does it on this thread. They never change the result. Default: one a core. */
  workers?: number;
  /**
   * Called once for each picture that cannot be read, named by shard and entry; it is left out, and its batches are smaller by
   * it. Default: such a picture ends the epoch with a DataError.
   */
  onDamaged?: (file: DamagedFile) => void;
}

const RULES: Rules<ShardLoaderOptions<unknown>> = {
  batchSize: required(whole(1)),
  augment: required(anything), // inputShape looks at it
  ...{
    shuffle: whole(),
    dropLast: flag,
    batchTransform: callback,
    prefetch: whole(1),
    workers: whole(),
    onDamaged: callback,
  },
};

/**
 * Iterates shards in batches, epoch by epoch; a `BatchSource` for the trainer, as DataLoader is for pictures in a folder.
 * A run resumes in the middle of an epoch: shards of which samples are still to come are read again. Close it when done; its
 * threads do not keep the process alive.
 * @throws UsageError for options that make no sense, DataError if crops are larger than the pictures, or if no batch is full
 * that must be.
 */
export class ShardLoader<Batch = ImageBatch> {
  private readonly inputs: readonly number[];
  private readonly pool: WorkerPool<ShardBatchJob, ShardBatchReply> | null;
  /** Damaged files that have been named. */
  private readonly told = new Set<string>();

  constructor(
    /** What it iterates. */
    readonly dataset: ShardDataset,
    /** How it does so. */
    readonly options: ShardLoaderOptions<Batch>,
  ) {
    if (!(dataset instanceof ShardDataset))
      throw new UsageError(`ShardLoader: takes what openShards gives, got ${showValue(dataset)}`);
    checkOptions('ShardLoader', options, RULES);
    const { augment, batchSize, workers = availableParallelism() } = options;
    const { size } = dataset;
    this.inputs = inputShape(augment, size);
    if (this.length === 0) {
      throw new DataError(
        `ShardLoader: dropLast leaves nothing of ${dataset.length} samples, which do not fill a batch of ${batchSize}`,
      );
    }
    this.pool = workers > 0 ? shardPool({ size, augment }, workers) : null;
  }

  /** Samples in an epoch. */
  get length(): number {
    const { batchSize, dropLast } = this.options;
    const { length } = this.dataset;
    return dropLast ? length - (length % batchSize) : length;
  }

  /** With `onDamaged`, pictures that cannot be read are left out. */
  get mayGiveFewer(): boolean {
    return this.options.onDamaged !== undefined;
  }

  /** What decides which samples come in which batch: a run resumed in the middle of an epoch needs the same. */
  get orderedBy(): Record<string, string | number | boolean> {
    const { batchSize, dropLast = false, shuffle = 0, augment } = this.options;
    const { fingerprint } = this.dataset;
    return { fingerprint, batchSize, dropLast, shuffle, ...(shuffle ? { seed: augment.seed } : {}) };
  }

  /** Batches in an epoch. */
  get batches(): number {
    return Math.ceil(this.length / this.options.batchSize);
  }

  /** The samples of an epoch, from 0, in their order: places among all samples of the shards. */
  order(epoch: number): Int32Array {
    return this.plan(epoch).order.slice(0, this.length);
  }

  /** In which order the shards are read, and the samples come out of the buffer. */
  private plan(epoch: number): { shards: number[]; order: Int32Array } {
    const { shuffle = 0, augment } = this.options;
    const { shards: all, length } = this.dataset;
    const random = new Random(mixKey(augment.seed, epoch, 0x54a6));
    const shards = shuffle > 0 ? shuffled(all.keys(), random) : [...all.keys()];
    const starts = startsOf(all);
    const order = new Int32Array(length);
    const buffer: number[] = [];
    let drawn = 0;
    for (const shard of shards) {
      for (let place = starts[shard]; place < starts[shard] + all[shard].samples; place++) {
        if (buffer.length < shuffle) buffer.push(place);
        else if (shuffle === 0) order[drawn++] = place;
        else {
          const at = random.below(shuffle);
          order[drawn++] = buffer[at];
          buffer[at] = place;
        }
      }
    }
    order.set(shuffled(buffer, random), drawn);
    return { shards, order };
  }

  /**
   * The batches of one epoch, from 0, beginning with `startBatch` (default 0).
   * @throws DataError if a shard cannot be read any more, holds other samples than when it was opened, or if a picture cannot be
   * read (with `onDamaged`: all pictures of a batch); UsageError, as the first batch is asked for, unless both are whole numbers, 0 or more.
   */
  async *epoch(number: number, from: { startBatch?: number } = {}): AsyncGenerator<Batch, undefined> {
    checkOptions('epoch', { number, ...from }, { number: required(whole()), startBatch: whole() });
    const { startBatch = 0 } = from;
    const { batchSize, workers = availableParallelism(), prefetch = Math.max(3, workers + 1) } = this.options;
    const { shards, order } = this.plan(number);
    const all = this.dataset.shards;
    const wanted = order.subarray(Math.min(startBatch * batchSize, this.length), this.length);
    const starts = startsOf(all);
    const reader = new ShardReader(
      shards.map((i) => ({ ...all[i], start: starts[i] })),
      wanted,
    );
    const { batchTransform, augment } = this.options;
    const make = async (i: number) => {
      const first = (i - startBatch) * batchSize;
      const { batch, damaged } = await this.make(reader, wanted.slice(first, first + batchSize), number);
      const draw = batchDraw(this.dataset, augment.seed, number, i);
      return { batch: (batchTransform ? await batchTransform(batch, draw) : batch) as Batch, damaged };
    };
    try {
      for await (const { batch, damaged } of inOrder(startBatch, this.batches, prefetch, make)) {
        for (const file of damaged) this.tell(file);
        yield batch;
      }
      await reader.finish();
    } finally {
      await reader.close();
    }
  }

  private async make(reader: ShardReader, places: Int32Array, epoch: number): Promise<Made> {
    const samples = await reader.take(places);
    const job = { files: samples.map(({ bytes }) => bytes), places, epoch };
    const { images: data, reasons } = this.pool
      ? await this.pool.run(job)
      : assembleShardBatch({ size: this.dataset.size, augment: this.options.augment }, job);
    const good = [...places.keys()].filter((i) => reasons[i] === null);
    const damaged = reasons.flatMap((reason, i) =>
      reason === null ? [] : [{ file: `${samples[i].shard}: ${samples[i].name}`, reason }],
    );
    if (good.length === 0) {
      const [{ file, reason }] = damaged;
      throw new DataError(`${file}: ${reason}; none of its batch of ${places.length} can be read`);
    }
    const labels = Int32Array.from(good, (i) => labelOf(samples[i].label, this.dataset.classes));
    const [crops, ...shape] = this.inputs;
    const images = { data, shape: [good.length * crops, ...shape] };
    return { batch: { images, labels, indices: Int32Array.from(good, (i) => places[i]) }, damaged };
  }

  private tell(damaged: DamagedFile): void {
    const { onDamaged } = this.options;
    if (!onDamaged) throw new DataError(`${damaged.file}: ${damaged.reason}`);
    if (this.told.has(damaged.file)) return;
    this.told.add(damaged.file);
    onDamaged(damaged);
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await this.pool?.close();
  }
}

interface Made {
  batch: ImageBatch;
  damaged: DamagedFile[];
}

/** The place of each shard's first sample among all. */
function startsOf(shards: readonly { samples: number }[]): number[] {
  let start = 0;
  return shards.map(({ samples }) => {
    start += samples;
    return start - samples;
  });
}
