import { ceilDiv } from '../device/math.js';
import type { GpuBuffer } from '../device/pool.js';
import { release, run, scratch, view } from '../device/recorder.js';
import { windows } from '../device/windows.js';
import { arg_reduce as argShader, reduce as shader } from './sources.gen.js';

export type Combine = 'sum' | 'max' | 'min';

const FORMULA: Record<Combine, string> = { sum: 'a + b', max: 'max(a, b)', min: 'min(a, b)' };

/** A tensor seen as (outer, length, inner), to be reduced along length. */
export interface ReduceSize {
  outer: number;
  length: number;
  inner: number;
}

/** Longer runs than this are cut, for parallelism and for accuracy: a sum of sums loses less than one long sum. */
const LONGEST_RUN = 512;

/** y (outer, inner) = scale * the combination of x (outer, length, inner) along length. */
export function reduce(combine: Combine, x: GpuBuffer, y: GpuBuffer, size: ReduceSize, scale = 1): void {
  const { outer, length, inner } = size;
  const slice = Math.max(LONGEST_RUN, Math.ceil(Math.sqrt(length)));
  const slices = ceilDiv(length, ceilDiv(length, ceilDiv(length, slice)));
  if (slices === 1) {
    pass(combine, x, y, size, 1, scale);
    return;
  }
  const partial = scratch(outer * slices * inner, 'partial reduction');
  pass(combine, x, partial, size, slices, 1);
  pass(combine, partial, y, { outer, length: slices, inner }, 1, scale);
  release(partial);
}

function pass(combine: Combine, x: GpuBuffer, y: GpuBuffer, size: ReduceSize, slices: number, scale: number): void {
  const { outer, length, inner } = size;
  const slice = ceilDiv(length, slices);
  const slots = { combine: FORMULA[combine] };
  if (outer === 1) {
    for (const w of windows(slices, slice * inner)) {
      const first = w.start * slice;
      const part = Math.min(length, first + w.count * slice) - first;
      const buffers = { x: view(x, first * inner, part * inner), y: view(y, w.start * inner, w.count * inner) };
      const params = { count: w.count * inner, length: part, inner, slices: w.count, slice, scale };
      run(shader, buffers, params, { slots, groups: ceilDiv(params.count, 64) });
    }
    return;
  }
  for (const w of windows(outer, length * inner, slices * inner)) {
    const buffers = {
      x: view(x, w.start * length * inner, w.count * length * inner),
      y: view(y, w.start * slices * inner, w.count * slices * inner),
    };
    const params = { count: w.count * slices * inner, length, inner, slices, slice, scale };
    run(shader, buffers, params, { slots, groups: ceilDiv(params.count, 64) });
  }
}

/** y (outer, inner) as i32 = the place along length of the largest (or smallest) x; the first of equals. */
export function argReduce(which: 'max' | 'min', x: GpuBuffer, y: GpuBuffer, size: ReduceSize): void {
  const { outer, length, inner } = size;
  const slots = { better: which === 'max' ? 'a > b' : 'a < b' };
  for (const w of windows(outer, length * inner)) {
    const count = w.count * inner;
    const buffers = {
      x: view(x, w.start * length * inner, w.count * length * inner),
      y: view(y, w.start * inner, count),
    };
    run(argShader, buffers, { count, length, inner }, { slots, groups: ceilDiv(count, 64) });
  }
}
