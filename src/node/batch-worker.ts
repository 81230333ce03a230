// A worker thread that makes batches of inputs of pictures. batch-workers.ts starts it.
import { workerData } from 'node:worker_threads';
import { ImageDataset } from '../data/dataset.js';
import { assembleBatch, type PictureJob } from '../data/image-batches.js';
import type { Augmentation } from '../data/inputs.js';
import { openStore, type StoreSetup } from './file-pixels.js';
import { serve } from './worker-service.js';

/** What the worker is given: where the pictures are and how to cut them. */
export interface BatchSetup {
  store: StoreSetup;
  places: Int32Array;
  augment: Augmentation;
}

export interface MadeBatch {
  images: Float32Array;
  /** What reading the pictures came upon. */
  notices: string[];
}

const { store: setup, places, augment } = workerData as BatchSetup;
const notices: string[] = [];
const store = openStore(setup, (notice) => notices.push(notice));
const unnamed = { length: store.count, at: () => '' };
const dataset = new ImageDataset(store, store.size, ['any'], new Int32Array(store.count), unnamed, places);

serve(
  (job: PictureJob): MadeBatch => ({ images: assembleBatch(dataset, augment, job), notices: notices.splice(0) }),
  ({ images }) => [images.buffer as ArrayBuffer],
);
