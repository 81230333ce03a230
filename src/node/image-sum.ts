// The sum of a cache's squares on disk: of which lines of the index, then (3, size, size) numbers of 64 bits.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { crc32 } from '../io/crc32.js';

export interface ImageSum {
  /** The lines of the index that it holds the squares of: the first so many. */
  lines: number;
  /** How many squares those are. */
  squares: number;
  readonly sum: Float64Array;
}

const HEAD = 16;

export const emptySum = (length: number): ImageSum => ({ lines: 1, squares: 0, sum: new Float64Array(length) });

/** Adds a square, or a sum of squares. */
export function addTo({ sum }: ImageSum, part: ArrayLike<number>): true {
  for (let i = 0; i < sum.length; i++) sum[i] += part[i];
  return true;
}

/** Null if there is none that is whole. */
export function readImageSum(path: string, length: number): ImageSum | null {
  try {
    const bytes = readFileSync(path);
    if (bytes.length !== HEAD + 8 * length || crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return null;
    const sum = new Float64Array(bytes.buffer.slice(bytes.byteOffset + HEAD, bytes.byteOffset + bytes.length));
    return { lines: bytes.readUInt32LE(4), squares: bytes.readUInt32LE(8), sum };
  } catch {
    return null;
  }
}

/** @throws Error if it cannot be written. */
export function writeImageSum(path: string, { lines, squares, sum }: ImageSum): void {
  const bytes = Buffer.alloc(HEAD + sum.byteLength);
  bytes.writeUInt32LE(lines, 4);
  bytes.writeUInt32LE(squares, 8);
  bytes.set(new Uint8Array(sum.buffer, sum.byteOffset, sum.byteLength), HEAD);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  writeFileSync(`${path}.${process.pid}`, bytes);
  renameSync(`${path}.${process.pid}`, path);
}
