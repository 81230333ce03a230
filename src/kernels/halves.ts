// Floats as the bits of halves, two a word: what travels. Any adapter does it, and to the bits of src/half.ts.
import { run, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { pack_halves as pack, unpack_halves as unpack } from './sources.gen.js';

/** Words that so many halves take. */
export const wordsOfHalves = (count: number): number => ceilDiv(count, 2);

/** y (words) = the halves nearest to x (count). */
export function packHalves(x: GpuBuffer, y: GpuBuffer, count: number): void {
  for (const w of pieces(x, y, count))
    run(pack, { x: w.floats, y: w.halves }, { count: w.count }, { groups: w.groups });
}

/** y (count) = the numbers that the halves x (words) stand for. */
export function unpackHalves(x: GpuBuffer, y: GpuBuffer, count: number): void {
  sumHalves(x, y, count, 1);
}

/** y (count) = the sum of so many parts, the halves x (parts, count), in f32 and in their order. More than one: `count` is a multiple of 4. */
export function sumHalves(x: GpuBuffer, y: GpuBuffer, count: number, parts: number): void {
  for (let part = 0; part < parts; part++) {
    for (const w of pieces(y, x, count, part * count)) {
      const params = { count: w.count, accumulate: Number(part > 0) };
      run(unpack, { x: w.halves, y: w.floats }, params, { groups: w.groups });
    }
  }
}

/** What each launch sees of floats, and of halves from the `from`th on. */
const pieces = (floats: GpuBuffer, halves: GpuBuffer, all: number, from = 0) =>
  windows('halves: a number', all, 1).map(({ start, count }) => ({
    floats: view(floats, start, count),
    halves: view(halves, (from + start) / 2, wordsOfHalves(count)),
    count,
    groups: ceilDiv(count, 256),
  }));
