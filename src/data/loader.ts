// Batches ahead of the GPU. Order and augmentation depend on (seed, epoch) alone.
import { DataError, showValue, UsageError } from '../errors.js';
import { crc32 } from '../io/crc32.js';
import { anything, callback, checkOptions, flag, type Rule, type Rules, required, whole } from '../options.js';
import { type Assembler, assembleExamples, type BatchDraw, type BatchJob, type BatchOf, batchDraw } from './batches.js';
import { collate } from './collate.js';
import { ImageDataset } from './dataset.js';
import { type AnyDataset, type Dataset, hasGet, type ItemOf } from './datasets.js';
import { ExampleReader, iterates } from './example-reader.js';
import { assembleBatch, imageBatch } from './image-batches.js';
import { inOrder } from './in-order.js';
import { type Augmentation, inputShape } from './inputs.js';
import { seedRule } from './rules.js';
import { type SamplerLike, sampled, shuffledOrder } from './samplers.js';

/** How data are cut into batches. */
export interface LoaderOptions<Item, Made, Batch> {
  /** Examples in a batch; the last one of an epoch may have fewer. */
  batchSize: number;
  /** A new order each epoch; not of an iterable source, which has its own. Default false. */
  shuffle?: boolean;
  /** Decides the order, and what `get` and `batchTransform` draw; a whole number. Default 0, or `augment.seed`. */
  seed?: number;
  /** Which examples come in which order, in place of `shuffle`. */
  sampler?: SamplerLike;
  /** Makes a batch of examples. Default: `collate`. */
  collate?: (examples: Item[]) => Made | Promise<Made>;
  /** Changes each batch: `mixup()`, `cutmix()`, or a function of one's own that draws from `draw.random` alone. */
  batchTransform?: (batch: Made, draw: BatchDraw) => Batch | Promise<Batch>;
  /** Leaves out a last batch that is not full. Default false. */
  dropLast?: boolean;
  /** Batches prepared ahead. Default 3. */
  prefetch?: number;
  /** Who makes the batches. Default: this thread. */
  assembler?: Assembler<Made>;
}

/** What an ImageDataset needs in addition. */
export interface ImageLoaderOptions {
  /** How pictures become inputs. */
  augment: Augmentation;
}

/** How a data set is cut into batches; of pictures with `augment`. */
export type DataLoaderOptions<D extends AnyDataset = ImageDataset, Made = BatchOf<D>, Batch = Made> = LoaderOptions<
  ItemOf<D>,
  Made,
  Batch
> &
  (D extends ImageDataset ? ImageLoaderOptions : unknown);

type Given = LoaderOptions<unknown, unknown, unknown> & Partial<ImageLoaderOptions>;

const assembler: Rule = {
  be: 'an object with assemble(job)',
  holds: (value) => typeof Object(value).assemble === 'function',
};
const sampler: Rule = {
  be: 'a sampler, such as a WeightedRandomSampler, or a function (epoch, length) => numbers',
  holds: (value) => typeof value === 'function' || typeof Object(value).indices === 'function',
};
const RULES: Rules<LoaderOptions<unknown, unknown, unknown>> = {
  ...{ batchSize: required(whole(1)), shuffle: flag, seed: seedRule, sampler, collate: callback },
  ...{ batchTransform: callback, dropLast: flag, prefetch: whole(1), assembler },
};
const IMAGE_RULES: Rules<Given> = { ...RULES, augment: required(anything) }; // inputShape looks at it

/**
 * Iterates a data set in batches, epoch by epoch; a `BatchSource` for the trainer. Batches are what `collate` makes of the examples,
 * or `ImageBatch` of pictures. They are the same whoever makes them, and an epoch can be entered in its middle. PyTorch's DataLoader.
 * @throws UsageError for options that make no sense, DataError if crops are larger than the pictures or if there is no
 * batch: the set is empty, or smaller than a batch that must be full.
 */
export class DataLoader<D extends AnyDataset = ImageDataset, Made = BatchOf<D>, Batch = Made> {
  /** Examples in an epoch. */
  readonly length: number;
  /** `epoch` knows `every`. */
  readonly deals = true;
  private readonly given: Given;
  private readonly source: Exclude<AnyDataset, readonly unknown[]>;
  private readonly seed: number;
  private readonly assembler: Assembler<unknown>;

  constructor(
    /** What it iterates; a list is a data set of its items. */
    readonly dataset: D,
    /** How it does so. */
    readonly options: DataLoaderOptions<D, Made, Batch>,
  ) {
    this.given = options as Given;
    this.source = (Array.isArray(dataset) ? listed(dataset) : dataset) as typeof this.source;
    this.assembler = checkedAssembler(this.source, this.given);
    const { augment, batchSize, dropLast, sampler } = this.given;
    this.seed = options.seed ?? augment?.seed ?? 0;
    const { length } = this.source;
    if (length === 0) throw new DataError('DataLoader: the data set is empty');
    const count = sampler ? sampled(sampler, 0, length).length : length;
    if (count === 0) throw new DataError(`DataLoader: the sampler gives none of ${length} examples`);
    this.length = dropLast ? count - (count % batchSize) : count;
    if (this.length === 0) {
      throw new DataError(
        `DataLoader: dropLast leaves nothing of ${count} examples, which do not fill a batch of ${batchSize}`,
      );
    }
  }

  /** What decides which examples come in which batch: a run resumed in the middle of an epoch needs the same. */
  get orderedBy(): Record<string, string | number | boolean> {
    const { batchSize, dropLast = false, shuffle = false, sampler } = this.given;
    const { fingerprint } = this.source as { fingerprint?: string };
    const drawn = sampler && sampled(sampler, 0, this.source.length);
    return {
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...{ batchSize, dropLast, shuffle },
      ...(shuffle ? { seed: this.seed } : {}),
      ...(drawn ? { sampler: crc32(new Uint8Array(drawn.buffer)) } : {}), // of its first epoch's order
    };
  }

  /** Batches in an epoch. */
  get batches(): number {
    return Math.ceil(this.length / this.given.batchSize);
  }

  /**
   * The examples of an epoch, from 0, in their order: places in the data set.
   * @throws UsageError for an iterable source; DataError for what a sampler gives that is no example, or other than so many.
   */
  order(epoch: number): Int32Array {
    const { sampler, shuffle, dropLast } = this.given;
    const { length } = this.source;
    if (iterates(this.source)) throw new UsageError('order: an iterable source has an order of its own');
    if (!sampler) {
      const all = shuffle ? shuffledOrder(length, this.seed, epoch) : Int32Array.from({ length }, (_, i) => i);
      return all.slice(0, this.length);
    }
    const all = sampled(sampler, epoch, length);
    if (all.length === this.length || (dropLast && all.length > this.length)) return all.slice(0, this.length);
    throw new DataError(
      `DataLoader: the sampler gives ${all.length} examples in epoch ${epoch}; ${this.length} are needed, as many as in epoch 0`,
    );
  }

  /**
   * The batches of one epoch, from 0, beginning with `startBatch` (default 0); of these each so-manieth as `every` says (default 1), for
   * processes that share an epoch. An iterable source is read from its beginning, and whole.
   * @throws DataError if a source gives fewer or more examples than its length promises; UsageError, as the first batch is asked
   * for, unless they are whole numbers, 0 or more.
   */
  async *epoch(number: number, from: { startBatch?: number; every?: number } = {}): AsyncGenerator<Batch, undefined> {
    checkOptions('epoch', { number, ...from }, { number: required(whole()), startBatch: whole(), every: whole(1) });
    const { startBatch = 0, every = 1 } = from;
    const { prefetch = 3 } = this.given;
    if (iterates(this.source)) {
      let i = 0;
      for await (const batch of this.read(new ExampleReader(this.source, number), number, startBatch))
        if (i++ % every === 0) yield batch;
      return;
    }
    const order = this.order(number);
    const count = Math.ceil((this.batches - startBatch) / every);
    yield* inOrder(0, count, prefetch, (k) => {
      const { batchSize } = this.given;
      const i = startBatch + k * every;
      const indices = order.slice(i * batchSize, (i + 1) * batchSize);
      return this.transformed(this.assembler.assemble({ indices, epoch: number, seed: this.seed }), number, i);
    });
  }

  private async *read(reader: ExampleReader, epoch: number, startBatch: number): AsyncGenerator<Batch, undefined> {
    const { batchSize, prefetch = 3, collate: together = collate } = this.given;
    try {
      await reader.skip(Math.min(startBatch * batchSize, this.length));
      yield* inOrder(startBatch, this.batches, prefetch, (i) => {
        const examples = reader.take(Math.min(batchSize, this.length - i * batchSize));
        return this.transformed(examples.then(together), epoch, i);
      });
      await reader.finish();
    } finally {
      await reader.close();
    }
  }

  private async transformed(made: Promise<unknown>, epoch: number, i: number): Promise<Batch> {
    const { batchTransform } = this.given;
    const batch = await made;
    return (batchTransform ? await batchTransform(batch, batchDraw(this.source, this.seed, epoch, i)) : batch) as Batch;
  }
}

const listed = (items: readonly unknown[]): Dataset => ({ length: items.length, get: (i) => items[i] });

/** Who makes the batches. @throws UsageError for options that make no sense, alone or together. */
function checkedAssembler(dataset: AnyDataset, options: Given): Assembler<unknown> {
  if (dataset instanceof ImageDataset) {
    checkOptions('DataLoader', options, IMAGE_RULES);
    const how = options.augment!;
    inputShape(how, dataset.size); // throws for options that make no sense
    checkTogether(dataset, options);
    const inputs = (job: BatchJob) => assembleBatch(dataset, how, job);
    return options.assembler ?? { assemble: async (job) => imageBatch(dataset, how, job.indices, inputs(job)) };
  }
  const isIterable = iterates(dataset);
  if (!isIterable && !hasGet(dataset)) {
    throw new UsageError(
      'DataLoader: takes an ImageDataset, a data set { length, get(i) } such as a TensorDataset, or an iterable source ' +
        `{ length, epoch(number) }, got ${showValue(dataset)}`,
    );
  }
  checkOptions('DataLoader', options, RULES);
  if (!whole().holds(dataset.length))
    throw new UsageError(`DataLoader: the data set's length is a whole number, got ${showValue(dataset.length)}`);
  checkTogether(dataset, options);
  const { collate: together = collate } = options;
  return options.assembler ?? { assemble: (job) => assembleExamples(dataset as Dataset, together, job) };
}

function checkTogether(dataset: AnyDataset, { shuffle, sampler, assembler, collate: together }: Given): void {
  const refuse = (what: string) => {
    throw new UsageError(`DataLoader: ${what}`);
  };
  if (shuffle && sampler) refuse('the sampler decides the order: leave shuffle out');
  if (together && dataset instanceof ImageDataset)
    refuse('collate is for examples that get(i) gives; batches of pictures are made by augment');
  if (together && assembler) refuse('the assembler makes whole batches: give it the collate');
  if (iterates(dataset)) {
    const of = shuffle ? 'shuffle' : sampler ? 'sampler' : assembler ? 'assembler' : undefined;
    if (of) refuse(`${of} needs a data set with get(i); an iterable source has an order of its own`);
  }
  if (assembler?.dataset !== undefined && assembler.dataset !== dataset)
    refuse('the assembler is of another data set than the loader');
}
