// Pictures from a folder: decoded in worker threads, packed into shared memory, cached on disk.
import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type DamagedFile, ImageDataset, withoutPictures } from '../data/dataset.js';
import { Random, shuffled } from '../data/random.js';
import { classesRule, seedRule } from '../data/rules.js';
import { DataError, showValue, UsageError } from '../device/errors.js';
import { showBytes } from '../device/math.js';
import { callback, checkOptions, flag, type Rules, whole } from '../device/options.js';
import type { DecodeJob, DecodeSetup } from './decode-worker.js';
import { listFolders, pick } from './list-folders.js';
import { type Listing, PICTURE } from './list-pictures.js';
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
  /**
   * The classes, in the order of their labels: those of the training pictures, for a set to test with. Pictures of others are
   * left out and reported. Default: those that there are, in alphabetical order.
   */
  classes?: readonly string[];
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
  ...{ cache: flag, seed: seedRule, classes: classesRule, onProgress: callback },
};

/**
 * Loads a folder of pictures, either Kaggle-named (`cat.1.jpg`: the class is what stands before the first dot) or
 * with a folder for each class, as PyTorch's ImageFolder. Folders that only wrap others are looked through (`train/` beside
 * `test/`, one of the same name, a single one around the classes). Links are followed, into no folder twice. Damaged files,
 * pictures of other kinds (.webp, .heic, ...) and classes without a picture are left out and reported. A list of folders is
 * one set: names begin at the folder around them, and of pictures with the same bytes the first is taken, the others reported.
 * @throws DataError if a folder cannot be read, holds no pictures (of the `classes`), lies in another one of the list, or holds
 * more than memory can; UsageError for options that make no sense.
 */
export async function loadImageFolder(
  root: string | readonly string[],
  options: ImageFolderOptions = {},
): Promise<ImageFolder> {
  const roots: readonly string[] = Array.isArray(root) ? root : [root];
  if (roots.length === 0 || !roots.every((path) => typeof path === 'string' && path !== ''))
    throw new UsageError(`loadImageFolder: takes a path or a list of paths, got ${showValue(root)}`);
  checkOptions('loadImageFolder', options, RULES);
  const { size = 256, workers = availableParallelism(), cache = true, limit, seed = 0, onProgress } = options;
  const { folder, classes, files, labels, left } = limited(listFolders(roots, options.classes), limit, seed);
  const memory = pixelMemory(folder, files.length, size);
  const bytes = new Uint8Array(memory);
  const known = cache ? readPixelCache(folder, files, size, bytes) : null;
  const reasons = known ?? (await decodeAll(folder, files, memory, size, workers, onProgress));
  const lasting = reasons.every((reason) => reason === null || !OF_THREAD.test(reason)); // else another try may go well
  if (cache && !known && lasting) writePixelCache(folder, files, size, bytes, reasons);
  const good = Int32Array.from(files.keys()).filter((i) => reasons[i] === null);
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

/** Only `limit` of the pictures, with as equal a share of each class as there is. */
function limited(all: Listing, limit: number | undefined, seed: number): Listing {
  if (limit === undefined || limit >= all.files.length) return all;
  const members: number[][] = all.classes.map(() => []);
  all.labels.forEach((label, i) => {
    members[label].push(i);
  });
  const queues = members.map((list, c) => shuffled(list, new Random(seed + c)));
  const taken: number[] = [];
  for (let round = 0; taken.length < limit; round++) {
    const next = queues[round % queues.length].pop();
    if (next !== undefined) taken.push(next);
  }
  taken.sort((a, b) => a - b);
  return pick(all, taken);
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
