import type { Assembler } from '../data/batches.js';
import { ImageDataset } from '../data/dataset.js';
import { assembleBatch, type ImageBatch, imageBatch, type PictureJob } from '../data/image-batches.js';
import { type Augmentation, inputShape } from '../data/inputs.js';
import { showValue, UsageError } from '../errors.js';
import type { BatchSetup, MadeBatch } from './batch-worker.js';
import { FilePixels, setupOf } from './file-pixels.js';
import { WorkerPool } from './worker-pool.js';

/**
 * Assembles batches in `count` worker threads, off the thread that feeds the GPU; 0 does it on this thread. The result
 * depends on the job alone, so any number of workers gives the same bits. A worker that dies is replaced and its batch
 * made again. Close it when done; it does not keep the process alive.
 * @throws UsageError if `count` is not a whole number, 0 or more, and as DataLoader does for data sets and `augment`.
 */
export class BatchWorkers implements Assembler<ImageBatch> {
  private readonly pool: WorkerPool<PictureJob, MadeBatch> | null;

  constructor(
    /** Whose pictures they are. */
    readonly dataset: ImageDataset,
    private readonly augment: Augmentation,
    count: number,
  ) {
    if (!(dataset instanceof ImageDataset))
      throw new UsageError(`BatchWorkers: takes an ImageDataset, got ${showValue(dataset)}`);
    inputShape(augment, dataset.size); // throws for options that make no sense
    if (!(Number.isInteger(count) && count >= 0))
      throw new UsageError(`BatchWorkers: ${showValue(count)} is not a number of threads`);
    const setup = (): BatchSetup => ({ store: setupOf(dataset.store), places: dataset.places, augment });
    const script = new URL('./batch-worker.js', import.meta.url);
    this.pool = count > 0 ? new WorkerPool(script, count, { workerData: setup(), attempts: 2 }) : null;
  }

  /** The job's batch, its inputs made by the next idle thread. */
  async assemble(job: PictureJob): Promise<ImageBatch> {
    const { dataset, augment, pool } = this;
    if (!pool) return imageBatch(dataset, augment, job.indices, assembleBatch(dataset, augment, job));
    const { images, notices } = await pool.run(job);
    if (dataset.store instanceof FilePixels) notices.forEach(dataset.store.tell);
    return imageBatch(dataset, augment, job.indices, images);
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await this.pool?.close();
  }
}
