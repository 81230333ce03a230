import { release, run, scratch, upload, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { reduce } from './reduce.js';
import { part_squares as shader } from './sources.gen.js';

/** A run of a buffer's elements that counts: it begins at a multiple of 4. `turn` is its place in the sum. */
interface Part {
  start: number;
  size: number;
  turn: number;
}

/** A buffer of `size` elements and its parts. Where there are several, the buffer fits a binding. */
export interface Parted {
  buffer: GpuBuffer;
  size: number;
  parts: readonly Part[];
}

/** Elements of a slice, and the sums that it leaves. */
const SLICE = 4096;
const LANES = 64;

/** y = the sum of the squares of all parts, added up in the order of their turns: to the same bits wherever they lie. */
export function sumOfSquares(all: readonly Parted[], y: GpuBuffer): void {
  const launches = all.flatMap(({ buffer, size, parts }) =>
    windows('norm: an element', size, 1).map(({ start, count }) => {
      const seen = parts.length > 1 ? parts : [{ ...parts[0], size: count }];
      const cut = seen.map((part) => ({ ...part, slices: ceilDiv(part.size, SLICE), slice: 0 }));
      return { x: view(buffer, start, count), parts: cut };
    }),
  );
  const inTurn = launches.flatMap(({ parts }) => parts).sort((a, b) => a.turn - b.turn);
  let length = 0;
  for (const part of inTurn) {
    part.slice = length;
    length += part.slices;
  }
  const table = launches.flatMap(({ parts }) => {
    let first = 0;
    return parts.flatMap(({ start, size, slices, slice }) => {
      first += slices;
      return [start / 4, size, first - slices, slice];
    });
  });
  const places = scratch(table.length, 'parts');
  upload(places, Uint32Array.from(table));
  const partial = scratch(LANES * length, 'partial sums of squares');
  let first = 0;
  for (const { x, parts } of launches) {
    const count = parts.reduce((sum, { slices }) => sum + slices, 0);
    run(shader, { x, parts: places, partial }, { count, first, parts: parts.length, zero: 0 }, { groups: count });
    first += parts.length;
  }
  reduce('sum', partial, y, { outer: 1, length: LANES * length, inner: 1 });
  release(places);
  release(partial);
}
