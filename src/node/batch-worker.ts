// A worker thread that crops, mirrors and shifts pictures into batches. batch-workers.ts starts it.
import { workerData } from 'node:worker_threads';
import type { AugmentOptions } from '../data/augment.js';
import { ImageDataset } from '../data/dataset.js';
import { assembleBatch, type BatchJob } from '../data/loader.js';
import { serve } from './worker-service.js';

/** What the worker is given: the pictures' shared memory and how to cut them. */
export interface BatchSetup {
  bytes: Uint8Array;
  size: number;
  places: Int32Array;
  augment: AugmentOptions;
}

const { bytes, size, places, augment } = workerData as BatchSetup;
const count = Math.floor(bytes.length / (3 * size * size));
const dataset = new ImageDataset(bytes, size, ['any'], new Int32Array(count), new Array(count).fill(''), places);

serve(
  (job: BatchJob) => assembleBatch(dataset, augment, job),
  (images) => [images.buffer as ArrayBuffer],
);
