// A worker thread that makes batches of inputs of pictures. batch-workers.ts starts it.
import { workerData } from 'node:worker_threads';
import { ImageDataset } from '../data/dataset.js';
import type { Augmentation } from '../data/inputs.js';
import { assembleBatch, type BatchJob } from '../data/loader.js';
import { serve } from './worker-service.js';

/** What the worker is given: the pictures' shared memory and how to cut them. */
export interface BatchSetup {
  bytes: Uint8Array;
  size: number;
  places: Int32Array;
  augment: Augmentation;
}

const { bytes, size, places, augment } = workerData as BatchSetup;
const count = Math.floor(bytes.length / (3 * size * size));
const dataset = new ImageDataset(bytes, size, ['any'], new Int32Array(count), new Array(count).fill(''), places);

serve(
  (job: BatchJob) => assembleBatch(dataset, augment, job),
  (images) => [images.buffer as ArrayBuffer],
);
