// Decodes what is not decoded yet: in worker threads, into memory, into the cache's file, or both.
import type { MemoryPixels } from '../data/pixel-store.js';
import type { DataError } from '../errors.js';
import type { Decoded, DecodeJob, DecodeSetup } from './decode-worker.js';
import { addTo, type ImageSum } from './image-sum.js';
import type { PictureTable } from './picture-table.js';
import type { PixelCache } from './pixel-cache.js';
import type { Stamps } from './pixel-index.js';
import { WorkerPool } from './worker-pool.js';

const DECODE_LIMIT_MS = 60_000;
/** A thread may die for reasons that are not the picture's: it gets a second one. */
const DECODE_ATTEMPTS = 2;
/** How messages begin that are about a thread and not about a picture. */
const OF_THREAD = /^worker threads: /;
/** Pictures after which the sum of all is written: so many a process that is killed has not summed up. */
const ROUND = 4096;

export interface DecodePlan {
  folder: string;
  files: readonly string[];
  stamps: Stamps;
  size: number;
  workers: number;
  table: PictureTable;
  /** Where squares are held, if memory holds all. */
  held: MemoryPixels | null;
  /** Ready to be written to; null: nothing is kept on disk. */
  cache: PixelCache | null;
  /** Of the squares that are done; those decoded are added. Null: nobody asks, or it is not known. */
  sum: ImageSum | null;
  onProgress?: (done: number, total: number) => void;
  /** The cache cannot be written any more: it is given up, and its files are gone. */
  onUnwritten: (reason: string) => void;
}

/** Notes every picture in the table; returns the sum of all squares. A file that kills or hangs its thread is left out, too. */
export async function decodePictures(plan: DecodePlan): Promise<ImageSum | null> {
  const missing = plan.table.missing();
  const decoding = new Decoding(plan, plan.table.count - missing.length);
  try {
    for (let at = 0; at < missing.length; at += ROUND) await decoding.round(missing.slice(at, at + ROUND));
    return decoding.sum;
  } finally {
    await decoding.close();
  }
}

class Decoding {
  private readonly setup: DecodeSetup;
  private readonly pool: WorkerPool<DecodeJob, Decoded>;
  private cache: PixelCache | null;
  sum: ImageSum | null;

  constructor(
    private readonly plan: DecodePlan,
    private done: number,
  ) {
    const { folder, size, held, workers, cache, sum } = plan;
    this.cache = cache;
    this.sum = sum;
    this.setup = {
      ...{ folder, size, parts: held?.parts ?? null, file: cache?.file ?? null },
      sums: Array.from({ length: workers }, () => new Float64Array(new SharedArrayBuffer(sum?.sum.byteLength ?? 0))),
      added: new Int32Array(new SharedArrayBuffer(4 * workers)),
    };
    const script = new URL('./decode-worker.js', import.meta.url);
    const options = { workerData: this.setup, limitMs: DECODE_LIMIT_MS, attempts: DECODE_ATTEMPTS };
    this.pool = new WorkerPool(script, workers, options);
  }

  /** As many lanes as threads, and in each one picture after the other. */
  async round(places: readonly number[]): Promise<void> {
    let next = 0;
    const lane = async (_: unknown, lane: number) => {
      while (next < places.length) await this.decode(places[next++], lane);
    };
    await Promise.all(this.setup.sums.map(lane));
    const { sums } = this.setup;
    for (const part of sums) {
      if (this.sum) addTo(this.sum, part);
      part.fill(0);
    }
    this.attempt((cache) => cache.keepSum(this.sum));
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private async decode(place: number, lane: number): Promise<void> {
    const { files, table, stamps, onProgress } = this.plan;
    const file = files[place];
    const { cache } = this;
    const old = table.slots[place];
    const slot = cache ? cache.slotFor(old) : -1;
    if (old >= 0) this.sum = null; // the old square is in it
    const stamp = [file, stamps.bytes[place], stamps.times[place]] as const;
    try {
      const { checksum, sums, unwritten } = await this.pool.run({ place, file, lane, slot });
      table.decoded(place, this.cache ? slot : -1, checksum, sums);
      if (this.sum) this.sum.squares++;
      if (this.setup.added[lane] !== 1) this.sum = null; // a thread died, perhaps in the middle of adding
      this.setup.added[lane] = 0;
      this.attempt((open) => {
        if (unwritten !== undefined) throw new Error(unwritten);
        open.append([...stamp, slot, checksum, ...sums], slot, old >= 0);
      });
    } catch (error) {
      const { message } = error as DataError;
      const reason = message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
      table.leftOut(place, reason);
      if (!OF_THREAD.test(reason)) this.attempt((open) => open.append([...stamp, reason], slot, old >= 0)); // else another try may go well
    }
    onProgress?.(++this.done, files.length);
  }

  /** Does something with the cache if there is one; if that fails, there is none from then on. */
  private attempt(use: (cache: PixelCache) => void): void {
    const { cache } = this;
    if (!cache) return;
    try {
      use(cache);
    } catch (error) {
      this.cache = null;
      cache.remove();
      this.plan.table.slots.fill(-1); // what was there is gone
      this.plan.onUnwritten((error as Error).message);
    }
  }
}
