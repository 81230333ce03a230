import { type Assembler, assembleExamples, type BatchJob, type BatchOf } from '../data/batches.js';
import { collate } from '../data/collate.js';
import { type Dataset, hasGet, type ItemOf } from '../data/datasets.js';
import { showValue, UsageError } from '../errors.js';
import type { DatasetSetup } from './dataset-worker.js';
import { WorkerPool } from './worker-pool.js';

/** A module with a data set, and how its examples become a batch. */
export interface DatasetModule<D extends Dataset = Dataset, Batch = BatchOf<D>> {
  /** `get` is called in the threads: it must depend on its arguments alone. */
  readonly dataset: D;
  /** Default: `collate` of wgrad/data. */
  collate?(examples: ItemOf<D>[]): Batch | Promise<Batch>;
}

/**
 * Makes the batches of a data set of your own in `count` worker threads, each of which imports its module; 0 does it on this thread.
 * Any number gives the same bits. PyTorch's num_workers. BatchWorkers does it for pictures. Close it when done; it does not
 * keep the process alive.
 * @throws UsageError unless the module has a `dataset` with `get(i)`, `file` is where it lies and `count` is a whole number, 0 or more.
 */
export class DatasetWorkers<D extends Dataset, Batch = BatchOf<D>> implements Assembler<Batch> {
  /** Whose examples they are: give it to the loader. */
  readonly dataset: D;
  private readonly pool: WorkerPool<BatchJob, Batch> | null;

  constructor(
    /** `import * as module from './module.js'`. */
    private readonly module: DatasetModule<D, Batch>,
    /** `new URL('./module.js', import.meta.url)`. */
    file: URL,
    count: number,
  ) {
    if (!hasGet(module?.dataset))
      throw new UsageError(
        `DatasetWorkers: the module exports no dataset { length, get(i) }, got ${showValue(module)}`,
      );
    if (!(file instanceof URL))
      throw new UsageError(`DatasetWorkers: file is the module's URL, new URL('./module.js', import.meta.url), got ${showValue(file)}`); // biome-ignore format: one message
    if (!(Number.isInteger(count) && count >= 0))
      throw new UsageError(`DatasetWorkers: ${showValue(count)} is not a number of threads`);
    this.dataset = module.dataset;
    const setup: DatasetSetup = { module: file.href, length: this.dataset.length };
    const script = new URL('./dataset-worker.js', import.meta.url);
    this.pool = count > 0 ? new WorkerPool(script, count, { workerData: setup, attempts: 2 }) : null;
  }

  /** The job's batch, made by the next idle thread. */
  assemble(job: BatchJob): Promise<Batch> {
    if (this.pool) return this.pool.run(job);
    return assembleExamples(this.dataset, this.module.collate ?? collate, job) as Promise<Batch>;
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await this.pool?.close();
  }
}
