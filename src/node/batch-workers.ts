import { Worker } from 'node:worker_threads';
import type { AugmentOptions } from '../data/augment.js';
import type { ImageDataset } from '../data/dataset.js';
import type { Assembler, BatchJob } from '../data/loader.js';
import { DataError } from '../device/errors.js';
import type { BatchSetup } from './batch-worker.js';

/**
 * Assembles batches in worker threads, off the thread that feeds the GPU. The result depends on the job alone, so
 * any number of workers gives the same bits. Close it when done; it does not keep the process alive.
 */
export class BatchWorkers implements Assembler {
  private readonly workers: Worker[];
  private readonly waiting = new Map<number, { resolve(images: Float32Array): void; reject(error: Error): void }>();
  private nextJob = 0;

  constructor(dataset: ImageDataset, augment: AugmentOptions, count: number) {
    const setup: BatchSetup = { bytes: dataset.bytes, size: dataset.size, places: dataset.places, augment };
    this.workers = Array.from({ length: count }, () => {
      const worker = new Worker(new URL('./batch-worker.js', import.meta.url), { workerData: setup });
      worker.unref();
      worker.on('message', ({ id, images }: { id: number; images: Float32Array }) => {
        this.waiting.get(id)?.resolve(images);
        this.settle(id);
      });
      worker.on('error', (error) => {
        const death = new DataError(`a batch thread died: ${error.message}`, { cause: error });
        for (const { reject } of this.waiting.values()) reject(death);
        this.waiting.clear();
      });
      return worker;
    });
  }

  assemble(job: BatchJob): Promise<Float32Array> {
    const id = this.nextJob++;
    const worker = this.workers[id % this.workers.length];
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      worker.ref(); // somebody waits: the process stays
      worker.postMessage({ id, job });
    });
  }

  private settle(id: number): void {
    this.waiting.delete(id);
    if (this.waiting.size === 0) for (const worker of this.workers) worker.unref();
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((w) => w.terminate()));
  }
}
