// Pictures from a folder: decoded in worker threads, packed into shared memory, cached on disk.
import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { classOf } from '../data/class-of.js';
import { type DamagedFile, ImageDataset } from '../data/dataset.js';
import { Random, shuffled } from '../data/random.js';
import { DataError } from '../device/errors.js';
import type { DecodeJob, DecodeSetup } from './decode-worker.js';
import { readPixelCache, writePixelCache } from './pixel-cache.js';
import { WorkerPool } from './worker-pool.js';

/** How a folder is loaded. */
export interface ImageFolderOptions {
  /** Shorter side after scaling, and side of the central square. Default 256. */
  size?: number;
  /** Decoding threads. Default: one a core. */
  workers?: number;
  /** Keeps decoded pictures on disk for the next time. Default true. */
  cache?: boolean;
  /** Takes only so many pictures, evenly from the classes. Default: all. */
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
  /** Files that were left out, and why. */
  damaged: DamagedFile[];
  /** Decoded pictures came from the cache on disk. */
  cached: boolean;
}

const PICTURE = /\.(jpe?g|png)$/i;
const HIDDEN = /(^|\/)\./;
const DECODE_LIMIT_MS = 60_000;
/** A thread may die for reasons that are not the picture's: it gets a second one. */
const DECODE_ATTEMPTS = 2;
/** How messages begin that are about a thread and not about a picture. */
const OF_THREAD = /^worker threads: /;

interface Entry {
  file: string;
  label: number;
}

/**
 * Loads a folder of pictures, either Kaggle-named (`cat.1.jpg`: the class is what stands before the first dot) or
 * with a folder for each class. A folder that holds `train/` and no pictures of its own means that. Damaged files are
 * left out and reported.
 * @throws DataError if the folder cannot be read or holds no pictures.
 */
export async function loadImageFolder(root: string, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  const folder = pictureFolder(root);
  const { size = 256, workers = availableParallelism(), cache = true, limit, seed = 0, onProgress } = options;
  const { classes, entries: all } = listPictures(folder);
  const entries = limit === undefined ? all : takeEvenly(all, classes.length, limit, seed);
  const memory = new SharedArrayBuffer(Math.max(1, entries.length * 3 * size * size));
  const bytes = new Uint8Array(memory);
  const files = entries.map(({ file }) => file);
  const known = cache ? readPixelCache(folder, files, size, bytes) : null;
  const reasons = known ?? (await decodeAll(folder, files, memory, size, Math.max(workers, 1), onProgress));
  const lasting = reasons.every((reason) => reason === null || !OF_THREAD.test(reason)); // else another try may go well
  if (cache && !known && lasting) writePixelCache(folder, files, size, bytes, reasons);
  const labels = Int32Array.from(entries, ({ label }) => label);
  const good = Int32Array.from(entries.keys()).filter((i) => reasons[i] === null);
  const damaged = files.flatMap((file, i) => (reasons[i] === null ? [] : [{ file, reason: reasons[i]! }]));
  if (good.length === 0) throw new DataError(`${folder}: none of its ${files.length} pictures could be read`);
  return { dataset: new ImageDataset(bytes, size, classes, labels, files, good), damaged, cached: known !== null };
}

/** Looks through the folders that archives wrap pictures in: `train/`, and `test/test/`. */
function pictureFolder(root: string): string {
  const entries = listed(root, () => readdirSync(root, { withFileTypes: true }));
  if (entries.some((entry) => !entry.isDirectory() && PICTURE.test(entry.name))) return root;
  const inner = entries.find((entry) => entry.isDirectory() && ['train', basename(root)].includes(entry.name));
  return inner ? pictureFolder(`${root}/${inner.name}`) : root;
}

function listed<T>(folder: string, list: () => T): T {
  try {
    return list();
  } catch (error) {
    throw new DataError(`${folder}: cannot be read as a folder (${(error as Error).message})`, { cause: error });
  }
}

function listPictures(folder: string): { classes: string[]; entries: Entry[] } {
  const names = listed(folder, () => readdirSync(folder, { recursive: true, encoding: 'utf8' }));
  const files = names
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => PICTURE.test(file) && !HIDDEN.test(file))
    .sort(naturally);
  if (files.length === 0) throw new DataError(`${folder}: holds no .jpg, .jpeg or .png files`);
  const classes = [...new Set(files.map(classOf))].sort();
  return { classes, entries: files.map((file) => ({ file, label: classes.indexOf(classOf(file)) })) };
}

const collator = new Intl.Collator('en', { numeric: true });
const naturally = (a: string, b: string) => collator.compare(a, b);

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
    return (
      statSync(folder).isDirectory() &&
      readdirSync(folder).some((f) => PICTURE.test(f) || statSync(`${folder}/${f}`).isDirectory())
    );
  } catch {
    return false;
  }
}
