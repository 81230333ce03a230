// Pictures from a folder: decoded in worker threads, packed into shared memory, cached on disk.
import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type DamagedFile, ImageDataset, withoutPictures } from '../data/dataset.js';
import { Random, shuffled } from '../data/random.js';
import { seedRule } from '../data/rules.js';
import { DataError, showValue, UsageError } from '../device/errors.js';
import { showBytes } from '../device/math.js';
import { callback, checkOptions, flag, type Rules, whole } from '../device/options.js';
import type { DecodeJob, DecodeSetup } from './decode-worker.js';
import { type Entry, listPictures, PICTURE } from './list-pictures.js';
import { readPixelCache, writePixelCache } from './pixel-cache.js';
import { WorkerPool } from './worker-pool.js';

/** How a folder is loaded. */
export interface ImageFolderOptions {
  /** Shorter side after scaling, and side of the central square. Default 256. */
  size?: number;
  /** Decoding threads, 1 or more. Default: one a core. */
  workers?: number;
  /** Keeps decoded pictures on disk for the next time. Default true. */
  cache?: boolean;
  /** Takes only so many pictures, 1 or more, evenly from the classes. Default: all. */
  limit?: number;
  /** Which ones a `limit` takes. Default 0. */
  seed?: number;
  /** Called after each picture that is decoded; never where they come from the cache. */
  onProgress?: (done: number, total: number) => void;
}

/** What `loadImageFolder` could load. */
export interface ImageFolder {
  /** The pictures that could be read. */
  dataset: ImageDataset;
  /** Files that were left out, and why; so are folders and classes without a picture. */
  damaged: DamagedFile[];
  /** Decoded pictures came from the cache on disk. */
  cached: boolean;
}

const DECODE_LIMIT_MS = 60_000;
/** A thread may die for reasons that are not the picture's: it gets a second one. */
const DECODE_ATTEMPTS = 2;
/** How messages begin that are about a thread and not about a picture. */
const OF_THREAD = /^worker threads: /;

const RULES: Rules<ImageFolderOptions> = {
  ...{ size: whole(1), workers: whole(1), limit: whole(1) },
  ...{ cache: flag, seed: seedRule, onProgress: callback },
};

/**
 * Loads a folder of pictures, either Kaggle-named (`cat.1.jpg`: the class is what stands before the first dot) or
 * with a folder for each class, as PyTorch's ImageFolder. Folders that only wrap others are looked through (`train/` beside
 * `test/`, one of the same name, a single one around the classes). Links are followed, into no folder twice. Damaged files,
 * pictures of other kinds (.webp, .heic, ...) and classes without a picture are left out and reported.
 * @throws DataError if the folder cannot be read, holds no pictures, or more than memory can; UsageError for options that
 * make no sense.
 */
export async function loadImageFolder(root: string, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  if (typeof root !== 'string' || root === '')
    throw new UsageError(`loadImageFolder: takes a path, got ${showValue(root)}`);
  checkOptions('loadImageFolder', options, RULES);
  const { size = 256, workers = availableParallelism(), cache = true, limit, seed = 0, onProgress } = options;
  const { folder, classes, entries: all, left } = listPictures(root);
  const entries = limit === undefined ? all : takeEvenly(all, classes.length, limit, seed);
  const memory = pixelMemory(folder, entries.length, size);
  const bytes = new Uint8Array(memory);
  const files = entries.map(({ file }) => file);
  const known = cache ? readPixelCache(folder, files, size, bytes) : null;
  const reasons = known ?? (await decodeAll(folder, files, memory, size, workers, onProgress));
  const lasting = reasons.every((reason) => reason === null || !OF_THREAD.test(reason)); // else another try may go well
  if (cache && !known && lasting) writePixelCache(folder, files, size, bytes, reasons);
  const labels = Int32Array.from(entries, ({ label }) => label);
  const good = Int32Array.from(entries.keys()).filter((i) => reasons[i] === null);
  if (good.length === 0) throw new DataError(`${folder}: none of its ${files.length} pictures could be read`);
  const damaged = files.flatMap((file, i) => (reasons[i] === null ? [] : [{ file, reason: reasons[i]! }]));
  const dataset = new ImageDataset(bytes, size, classes, labels, files, good);
  return { dataset, damaged: [...damaged, ...left, ...withoutPictures(dataset)], cached: known !== null };
}

/** Shared by the threads that decode. */
function pixelMemory(folder: string, pictures: number, size: number): SharedArrayBuffer {
  const length = pictures * 3 * size * size;
  try {
    const memory = new SharedArrayBuffer(Math.max(1, length));
    new Uint8Array(memory); // has a limit of its own
    return memory;
  } catch (error) {
    const what = `${pictures.toLocaleString('en-US')} pictures of ${size} x ${size} pixels`;
    throw new DataError(
      `${folder}: ${what} take ${showBytes(length)}, more than can be had in one piece; a smaller size or a limit helps`,
      { cause: error },
    );
  }
}

/** `limit` entries with as equal a share of each class as there is. */
function takeEvenly(all: Entry[], classes: number, limit: number, seed: number): Entry[] {
  const queues = Array.from({ length: classes }, (_, c) =>
    shuffled(
      all.filter((e) => e.label === c),
      new Random(seed + c),
    ),
  );
  const taken = new Set<Entry>();
  for (let round = 0; taken.size < Math.min(limit, all.length); round++) {
    const next = queues[round % classes].pop();
    if (next) taken.add(next);
  }
  return all.filter((e) => taken.has(e));
}

/** Why each file was left out; null where it was decoded. A file that kills or hangs its thread is left out, too. */
async function decodeAll(
  folder: string,
  files: string[],
  memory: SharedArrayBuffer,
  size: number,
  workers: number,
  onProgress?: (done: number, total: number) => void,
): Promise<(string | null)[]> {
  const setup: DecodeSetup = { memory, size, folder };
  const script = new URL('./decode-worker.js', import.meta.url);
  const pool = new WorkerPool<DecodeJob, true>(script, workers, {
    workerData: setup,
    limitMs: DECODE_LIMIT_MS,
    attempts: DECODE_ATTEMPTS,
  });
  let done = 0;
  const decode = async (file: string, place: number): Promise<string | null> => {
    const reason = await pool.run({ place, file }).then(
      () => null,
      (error: DataError) =>
        error.message.startsWith(`${file}: `) ? error.message.slice(file.length + 2) : error.message,
    );
    onProgress?.(++done, files.length);
    return reason;
  };
  try {
    return await Promise.all(files.map(decode));
  } finally {
    await pool.close();
  }
}

/** Whether a folder looks like one that `loadImageFolder` could load. */
export function hasPictures(folder: string): boolean {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
    const isFolder = (name: string) => statSync(`${folder}/${name}`, { throwIfNoEntry: false })?.isDirectory();
    return entries.some((entry) => PICTURE.test(entry.name) || entry.isDirectory() || isFolder(entry.name));
  } catch {
    return false;
  }
}
