// Pictures from a folder: decoded once in worker threads, kept on disk, and held in memory while they fit.
import { readdirSync, statSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { type DamagedFile, ImageDataset, withoutPictures } from '../data/dataset.js';
import { checkSide, MemoryPixels } from '../data/pixel-store.js';
import { Random, shuffled } from '../data/random.js';
import { classesRule, seedRule } from '../data/rules.js';
import { DataError, showValue, UsageError } from '../errors.js';
import { callback, checkOptions, flag, type Rules, whole } from '../options.js';
import { listFolders, pick } from './list-folders.js';
import { type Listing, PICTURE } from './list-pictures.js';
import { loadPictures } from './load-pictures.js';
import { PackedNames } from './packed-names.js';

/** How a folder is loaded. */
export interface ImageFolderOptions {
  /** Shorter side after scaling, and side of the central square. Default 256. */
  size?: number;
  /** Decoding threads, 1 or more. Default: one a core. */
  workers?: number;
  /** Keeps decoded pictures on disk for the next time: in `WGRAD_CACHE`, or ~/.cache/wgrad. Default true. */
  cache?: boolean;
  /**
   * Bytes of memory that decoded pictures may take. More than that stay on disk, and batches read what they need; without a
   * cache on disk they are decoded for each batch. Default: a quarter of what is free, 1 GB at most (the system keeps what
   * was read from disk in memory that nobody else needs).
   */
  memory?: number;
  /** Takes only so many pictures, 1 or more, evenly from the classes. Default: all. */
  limit?: number;
  /** Which ones a `limit` takes. Default 0. */
  seed?: number;
  /**
   * The classes, in the order of their labels: those of the training pictures, for a set to test with. Pictures of others are
   * left out and reported. Default: those that there are, in alphabetical order.
   */
  classes?: readonly string[];
  /** Called after each picture that is decoded; those that the cache has are done from the start. */
  onProgress?: (done: number, total: number) => void;
  /**
   * Told, a line each, what is wrong with the cache and what is done about it: damage, pictures that changed, a disk without
   * room. Also called later, when batches come upon damage. Default: `console.warn`.
   */
  onNotice?: (notice: string) => void;
}

/** What `loadImageFolder` could load. */
export interface ImageFolder {
  /** The pictures that could be read. */
  dataset: ImageDataset;
  /** Files that were left out, and why; so are folders and classes without a picture. */
  damaged: DamagedFile[];
  /** All decoded pictures came from the cache on disk. */
  cached: boolean;
  /** How many pictures were decoded now. */
  decoded: number;
}

const MOST_MEMORY = 1e9;

const RULES: Rules<ImageFolderOptions> = {
  ...{ size: whole(1), workers: whole(1), limit: whole(1), memory: whole(), cache: flag, seed: seedRule },
  ...{ classes: classesRule, onProgress: callback, onNotice: callback },
};

/**
 * Loads a folder of pictures, either Kaggle-named (`cat.1.jpg`: the class is what stands before the first dot) or
 * with a folder for each class, as PyTorch's ImageFolder. Folders that only wrap others are looked through (`train/` beside
 * `test/`, one of the same name, a single one around the classes). Links are followed, into no folder twice. Damaged files,
 * pictures of other kinds (.webp, .heic, ...) and classes without a picture are left out and reported. A list of folders is
 * one set: names begin at the folder around them, and of pictures with the same bytes the first is taken, the others reported.
 * There may be any number of pictures: what `memory` does not hold is read where it is needed, with the same bits.
 * @throws DataError if a folder cannot be read, holds no pictures (of the `classes`), or lies in another one of the list;
 * UsageError for options that make no sense.
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
  const { memory = defaultMemory(), onNotice = console.warn } = options;
  const { folder, classes, files, labels, left } = limited(listFolders(roots, options.classes), limit, seed);
  checkSide(folder, size);
  const fits = files.length * 3 * size * size <= memory;
  const held = fits ? MemoryPixels.room(files.length, size, folder) : null;
  const names = PackedNames.of(files);
  const plan = { folder, files, names, size, workers, held, cache, onProgress, tell: onNotice };
  const { store, table, decoded } = await loadPictures(plan);
  const good = table.good();
  if (good.length === 0) throw new DataError(`${folder}: none of its ${files.length} pictures could be read`);
  const reasons = [...table.reasons].sort(([a], [b]) => a - b);
  const damaged = reasons.map(([place, reason]) => ({ file: files[place], reason }));
  const dataset = new ImageDataset(store, size, classes, labels, names, good);
  return {
    dataset,
    damaged: [...damaged, ...left, ...withoutPictures(dataset)],
    cached: decoded === 0,
    decoded,
  };
}

/** A quarter of what is free. A container's limit counts where Node knows it. */
const defaultMemory = () => Math.min(MOST_MEMORY, Math.floor((process.availableMemory?.() ?? freemem()) / 4));
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
