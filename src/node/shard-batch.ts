// From samples of shards, as they lie in tar files, to a batch's inputs; in a worker thread or on the main one.
import { availableParallelism } from 'node:os';
import type { AugmentOptions } from '../data/augment.js';
import { COLOUR_SUMS, type ColourStatistics, colourStatistics, colourSums } from '../data/colours.js';
import { prepare } from '../data/image.js';
import { type Augmentation, inputShape, writeInputs } from '../data/inputs.js';
import { DataError } from '../errors.js';
import { decodeImage } from './decode-image.js';
import { tarSamples } from './tar-samples.js';
import { WorkerPool } from './worker-pool.js';

/** How pictures become inputs. */
export interface ShardBatchSetup {
  size: number;
  augment: Augmentation;
}

export interface ShardBatchJob {
  /** Pictures as files. */
  files: Uint8Array[];
  /** The place of each among all samples. */
  places: Int32Array;
  epoch: number;
}

export interface ShardBatchReply {
  /** Of the pictures that could be read, (pictures * crops, 3, height, width). */
  images: Float32Array<ArrayBuffer>;
  /** Why each picture is left out; null where it is not. */
  reasons: (string | null)[];
}

/** Threads that make batches; `assembleShardBatch` is what they do. */
export function shardPool(setup: ShardBatchSetup, threads: number): WorkerPool<ShardBatchJob, ShardBatchReply> {
  return new WorkerPool(new URL('./shard-worker.js', import.meta.url), threads, { workerData: setup, attempts: 2 });
}

export function assembleShardBatch(
  { size, augment }: ShardBatchSetup,
  { files, places, epoch }: ShardBatchJob,
): ShardBatchReply {
  const perPicture = inputShape(augment, size).reduce((a, b) => a * b);
  const images = new Float32Array(files.length * perPicture);
  let good = 0;
  const reasons = files.map((file, i) => {
    let pixels: Uint8Array;
    try {
      pixels = prepare(decodeImage(file, ''), size);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return error.message.replace(/^: /, '');
    }
    writeInputs(pixels, size, images, good++ * perPicture, augment, epoch, places[i]);
    return null;
  });
  return { images: good === files.length ? images : images.slice(0, good * perPicture), reasons };
}

/** Of whole pictures inputs are made that are their bytes. */
const UNCHANGED: Omit<AugmentOptions, 'crop'> = {
  ...{ place: 'center', pixels: 'mean-colour', seed: 0 },
  colours: { mean: [0, 0, 0], std: [1, 1, 1], axes: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], axisStd: [0, 0, 0] }, // biome-ignore format: a matrix
};
const JOB = 16;

/** The colours of the first pictures of some shards; those that cannot be read are left out, null if none is left. */
export async function coloursOfFirst(
  shards: readonly { path: string; pictures: number }[],
  size: number,
): Promise<ColourStatistics | null> {
  const pool = shardPool({ size, augment: { ...UNCHANGED, crop: size } }, availableParallelism());
  const total = new Float64Array(COLOUR_SUMS);
  let counted = 0;
  const add = ({ images }: ShardBatchReply) => {
    const pixels = Uint8Array.from(images);
    for (let at = 0; at < pixels.length; at += 3 * size * size) {
      const sums = colourSums(pixels.subarray(at, at + 3 * size * size));
      for (const [k, sum] of sums.entries()) total[k] += sum;
      counted++;
    }
  };
  const jobs: Promise<void>[] = [];
  let files: Uint8Array[] = [];
  const send = () => {
    const job = pool.run({ files, places: new Int32Array(files.length), epoch: 0 }).then(add);
    job.catch(() => {}); // awaited below, unless a shard fails first
    jobs.push(job);
    files = [];
  };
  try {
    for (const { path, pictures } of shards) {
      let left = pictures;
      for await (const { bytes } of tarSamples(path, (place) => place < pictures)) {
        if (files.push(bytes) === JOB) send();
        if (--left === 0) break;
      }
    }
    if (files.length > 0) send();
    await Promise.all(jobs);
  } finally {
    await pool.close();
  }
  return counted === 0 ? null : colourStatistics(total, counted * size * size);
}
