import { type Binding, release, run, scratch, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { shareSums } from './lanes.js';
import { sum_slices as shader, reduce_sum_shared as shared } from './sources.gen.js';

interface Slices {
  count: number;
  slices: number;
  /** Adds to y instead of overwriting it. */
  accumulate?: boolean;
}

/** y (count) = the sum of partial (slices, count) over slices: the second pass of a split sum. */
export function sumSlices(partial: GpuBuffer, y: Binding, { count, slices, accumulate = false }: Slices): void {
  const cut = windows('sum of slices: one', slices, count);
  if (cut.length > 1 && ('gpu' in y ? y : y.buffer).elementBytes === 2) {
    const sums = scratch(count, 'sum of slices'); // which f16 would round one by one
    sumSlices(partial, sums, { count, slices });
    sumSlices(sums, y, { count, slices: 1, accumulate });
    release(sums);
    return;
  }
  for (const w of cut) {
    const piece = view(partial, w.start * count, w.count * count);
    const adds = accumulate || w.start > 0;
    const slots = adds ? null : shareSums(count, w.count, count);
    if (slots) {
      const params = { count, length: w.count, inner: count, slices: 1, slice: w.count, divisor: 1, zero: 0 };
      run(shared, { x: piece, y }, params, { slots, groups: ceilDiv(count, slots.COLUMNS) });
    } else {
      const params = { count, slices: w.count, accumulate: Number(adds), zero: 0 };
      run(shader, { partial: piece, y }, params, { groups: ceilDiv(count, 64) });
    }
  }
}
