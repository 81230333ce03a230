// A worker thread that decodes pictures and puts their squares where they belong. decode-pictures.ts starts it.
import { workerData } from 'node:worker_threads';
import { colourSums } from '../data/colours.js';
import { MemoryPixels } from '../data/pixel-store.js';
import { crc32 } from '../io/crc32.js';
import { decodeSquare, writeSquare } from './file-pixels.js';
import { serve } from './worker-service.js';

/** What the worker is given. */
export interface DecodeSetup {
  folder: string;
  size: number;
  /** Memory for all squares, if they are held there. */
  parts: readonly Uint8Array[] | null;
  /** The cache's file; null: there is none. */
  file: { readonly handle: number } | null;
  /** For each lane, the sum of its squares; shared. */
  sums: readonly Float64Array[];
  /** For each lane, how often its task was added to the sum: twice after a thread died over it. Shared; set back by the reader. */
  added: Int32Array;
}

export interface DecodeJob {
  place: number;
  file: string;
  /** One task of a lane runs at a time. */
  lane: number;
  /** Where the square goes in the cache's file; -1: nowhere. */
  slot: number;
}

export interface Decoded {
  checksum: number;
  /** `colourSums`. */
  sums: number[];
  /** Why the square is not in the file. */
  unwritten?: string;
}

const { folder, size, parts, file, sums, added } = workerData as DecodeSetup;
const held = parts && new MemoryPixels(size, parts);

serve(({ place, file: name, lane, slot }: DecodeJob): Decoded => {
  const square = decodeSquare(folder, name, size);
  held?.read(place).set(square);
  const decoded: Decoded = { checksum: crc32(square), sums: colourSums(square) };
  const sum = sums[lane];
  added[lane]++;
  for (let i = 0; i < sum.length; i++) sum[i] += square[i];
  if (!file || slot < 0) return decoded;
  try {
    writeSquare(file.handle, slot, square);
    return decoded;
  } catch (error) {
    return { ...decoded, unwritten: (error as Error).message };
  }
});
