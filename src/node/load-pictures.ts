// From files to a store of squares: what the cache has, what is decoded now, and where all of it is read from.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { MemoryPixels, PixelStore, SummedPictures } from '../data/pixel-store.js';
import { decodePictures } from './decode-pictures.js';
import { DecodingPixels, FilePixels } from './file-pixels.js';
import { emptySum } from './image-sum.js';
import { lock } from './lock-file.js';
import { removeOldCaches } from './old-caches.js';
import type { PackedNames } from './packed-names.js';
import { PictureTable } from './picture-table.js';
import { PixelCache } from './pixel-cache.js';
import type { Stamps } from './pixel-index.js';

export interface LoadPlan {
  folder: string;
  files: readonly string[];
  names: PackedNames;
  size: number;
  workers: number;
  /** Room for all squares, or null: they stay on disk. */
  held: MemoryPixels | null;
  /** Decoded pictures are kept on disk. */
  cache: boolean;
  onProgress?: (done: number, total: number) => void;
  tell: (notice: string) => void;
}

export interface Loaded {
  store: PixelStore;
  table: PictureTable;
  /** Pictures that were decoded now. */
  decoded: number;
}

export async function loadPictures(plan: LoadPlan): Promise<Loaded> {
  const { folder, files, names, size, workers, held, onProgress, tell } = plan;
  const cache = plan.cache ? new PixelCache(folder, size, tell) : null;
  if (cache) removeOldCaches(dirname(cache.path), tell);
  const stamps = stampsOf(folder, plan.cache ? files : []);
  const look = () => {
    const table = new PictureTable(files.length);
    cache?.look(files, stamps, table);
    if (held) cache?.fill(held, files, table);
    return table;
  };
  const onUnwritten = (reason: string) => {
    const instead = held ? 'they are decoded again the next time' : 'batches decode what they need, which is slower';
    tell(`${cache!.path}: decoded pictures cannot be kept on disk (${reason}); ${instead}`);
  };
  const writing = { table: look(), open: null as PixelCache | null, release: () => {} };
  try {
    if (cache && writing.table.missing().length > 0) await beginWriting(cache, writing, { look, tell, onUnwritten });
    const { table, open } = writing;
    const missing = table.missing().length;
    const known = cache ? cache.knownSum : held ? null : emptySum(3 * size * size);
    const work = {
      folder,
      files,
      stamps,
      size,
      workers,
      table,
      held,
      cache: open,
      sum: known,
      onProgress,
      onUnwritten,
    };
    const sum = missing > 0 ? await decodePictures(work) : known;
    if (held) return { store: held, table, decoded: missing };
    const image = memoized((): SummedPictures | null => {
      const places = table.good();
      const all = sum?.squares === places.length ? sum : cache?.file && cache.sumUp(places, store.read.bind(store));
      return all ? { sum: all.sum, places } : null;
    });
    const decoding = new DecodingPixels(size, folder, names, table.checksums, { colours: table.colours, image });
    const store: PixelStore = cache?.file ? new FilePixels(cache.file, table, decoding, tell) : decoding;
    return { store, table, decoded: missing };
  } finally {
    cache?.end();
    writing.release();
  }
}

interface Writing {
  table: PictureTable;
  /** The cache, once it can be written to. */
  open: PixelCache | null;
  release: () => void;
}

/** One process decodes; another waits, and has then less to do. */
async function beginWriting(
  cache: PixelCache,
  writing: Writing,
  { look, tell, onUnwritten }: { look(): PictureTable; tell(notice: string): void; onUnwritten(reason: string): void },
): Promise<void> {
  try {
    let waited = false;
    writing.release = await lock(cache.lockFile, () => {
      waited = true;
      tell(`${cache.path}: another program decodes these pictures; waiting for it`);
    });
    if (waited) writing.table = look();
    cache.begin(writing.table.missing().length, writing.table);
    writing.open = cache;
  } catch (error) {
    onUnwritten((error as Error).message);
  }
}

/** What tells a file that changed; NaN where there is nothing to be told. */
function stampsOf(folder: string, files: readonly string[]): Stamps {
  const stamps = { bytes: new Float64Array(files.length), times: new Float64Array(files.length) };
  files.forEach((file, i) => {
    const found = statSync(`${folder}/${file}`, { throwIfNoEntry: false });
    stamps.bytes[i] = found?.size ?? Number.NaN;
    stamps.times[i] = found?.mtimeMs ?? Number.NaN;
  });
  return stamps;
}

function memoized<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
