import { release, run, scratch, type View, view } from '../device/commands.js';
import type { Slots } from '../device/pipeline.js';
import type { GpuBuffer } from '../device/pool.js';
import { largestWindow, windows, windowsAnywhere } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { copyStrided } from './broadcast.js';
import { lanesFor, rowLanes, shareSums } from './lanes.js';
import {
  arg_reduce as argShader,
  arg_reduce_shared as argShared,
  reduce_extreme as extremeShader,
  reduce_extreme_shared as extremeShared,
  reduce_sum as sumShader,
  reduce_sum_shared as sumShared,
} from './sources.gen.js';

export type Combine = 'sum' | 'max' | 'min';

const SMALLER = 'select(min(a, b), a + b, is_nan(a) | is_nan(b))';

/** A tensor seen as (outer, length, inner), to be reduced along length. */
export interface ReduceSize {
  outer: number;
  length: number;
  inner: number;
}

/** Longer runs than this are cut, for parallelism and for accuracy: a sum of sums loses less than one long sum. */
const LONGEST_RUN = 512;
/** The same of a run that the lanes of a workgroup share. */
const LONGEST_SHARED = 4096;

/** So many shared runs at least, if any: lanes share the second pass too. */
const FEWEST_SHARED = 64;

function longestRun(length: number, inner: number): number {
  if (inner > 1 || lanesFor(length) === 0) return Math.max(LONGEST_RUN, Math.ceil(Math.sqrt(length)));
  if (length <= LONGEST_SHARED) return length;
  return Math.max(Math.min(LONGEST_SHARED, ceilDiv(length, FEWEST_SHARED)), Math.ceil(Math.sqrt(length)));
}

/** Numbers of a slice's result. */
type Parts = 1 | 2;

/** Sums that lanes share keep what rounding has left out of them, as a second number. */
function partsOf(combine: Combine, length: number, inner: number, slices: number): Parts {
  return combine === 'sum' && inner === 1 && lanesFor(ceilDiv(length, slices)) > 0 ? 2 : 1;
}

/** Where in a buffer a tensor starts. */
interface From {
  buffer: GpuBuffer;
  start: number;
}

/** y (outer, inner) = the combination of x (outer, length, inner) along length; a sum is divided by `divisor`. */
export function reduce(combine: Combine, x: GpuBuffer, y: GpuBuffer, size: ReduceSize, divisor = 1): void {
  const { outer, length, inner } = size;
  if (outer > 1 && length * inner > largestWindow()) {
    for (let o = 0; o < outer; o++) {
      const [from, to] = [o * length * inner, o * inner];
      reduceOne(combine, { buffer: x, start: from }, { buffer: y, start: to }, length, inner, divisor);
    }
  } else if (outer === 1) {
    reduceOne(combine, { buffer: x, start: 0 }, { buffer: y, start: 0 }, length, inner, divisor);
  } else {
    const slices = slicesOf(length, longestRun(length, inner));
    if (slices === 1) {
      pass(combine, x, y, size, { slices, parts: 1 }, divisor);
      return;
    }
    const parts = partsOf(combine, length, inner, slices);
    const partial = scratch(outer * slices * parts * inner, 'partial reduction');
    pass(combine, x, partial, size, { slices, parts }, 1);
    pass(combine, partial, y, { outer, length: slices * parts, inner }, { slices: 1, parts: 1 }, divisor);
    release(partial);
  }
}

/** Into how many runs a reduction is cut, each but the last equally long. */
function slicesOf(length: number, longest: number): number {
  return ceilDiv(length, ceilDiv(length, ceilDiv(length, longest)));
}

/** x (length, inner) to y (inner), of any size: slices that fit a binding each, then the slices' results. */
function reduceOne(combine: Combine, x: From, y: From, length: number, inner: number, divisor: number): void {
  if (length === 1) {
    slicePass(combine, x, y, { length: inner, inner: 1, slices: inner, parts: 1 }, divisor); // each element by itself
    return;
  }
  if (inner * 2 > largestWindow()) {
    reduceColumns(combine, x, y, length, inner, divisor);
    return;
  }
  const fitting = Math.max(1, Math.floor(largestWindow() / inner));
  const slices = slicesOf(length, Math.min(fitting, longestRun(length, inner)));
  if (slices === 1) {
    slicePass(combine, x, y, { length, inner, slices, parts: 1 }, divisor);
    return;
  }
  const parts = partsOf(combine, length, inner, slices);
  const partial = scratch(slices * parts * inner, 'partial reduction');
  slicePass(combine, x, { buffer: partial, start: 0 }, { length, inner, slices, parts }, 1);
  reduceOne(combine, { buffer: partial, start: 0 }, y, slices * parts, inner, divisor);
  release(partial);
}

/** Rows of which two do not fit a binding: as many columns as fit are gathered, and reduced. */
function reduceColumns(combine: Combine, x: From, y: From, length: number, inner: number, divisor: number): void {
  const width = Math.max(1, Math.min(Math.floor(largestWindow() / length), Math.floor(largestWindow() / 2)));
  for (let first = 0; first < inner; first += width) {
    const columns = Math.min(width, inner - first);
    const gathered = scratch(length * columns, 'columns of a reduction', x.buffer.elementBytes);
    const from = { buffer: x.buffer, start: x.start + first, strides: [inner, 1] };
    copyStrided(from, { buffer: gathered, start: 0, strides: [columns, 1] }, [length, columns]);
    const to = { buffer: y.buffer, start: y.start + first };
    reduceOne(combine, { buffer: gathered, start: 0 }, to, length, columns, divisor);
    release(gathered);
  }
}

function launch(
  combine: Combine,
  buffers: { x: View; y: View },
  params: { count: number; length: number; inner: number; slices: number; slice: number },
  parts: Parts,
  divisor: number,
): void {
  const shared = shareSums(params.count, params.slice, params.inner);
  const groups = ceilDiv(params.count, shared ? shared.COLUMNS : 64);
  const all = { ...params, divisor, zero: 0 };
  const slots: Slots = {
    ...shared,
    ...(parts === 2 && { KEEP: 'true' }),
    ...(combine === 'min' && { combine: SMALLER }),
  };
  if (combine === 'sum') run(shared ? sumShared : sumShader, buffers, all, { slots, groups });
  else run(shared ? extremeShared : extremeShader, buffers, params, { slots, groups });
}

/** x (length, inner) to y (slices, inner, parts), in windows of whole slices. */
function slicePass(
  combine: Combine,
  x: From,
  y: From,
  { length, inner, slices, parts }: { length: number; inner: number; slices: number; parts: Parts },
  divisor: number,
): void {
  const slice = ceilDiv(length, slices);
  for (const w of windowsAnywhere('reduction: a slice', slices, slice * inner)) {
    const first = w.start * slice;
    const part = Math.min(length, first + w.count * slice) - first;
    const buffers = {
      x: view(x.buffer, x.start + first * inner, part * inner),
      y: view(y.buffer, y.start + w.start * inner * parts, w.count * inner * parts),
    };
    const params = { count: w.count * inner, length: part, inner, slices: w.count, slice };
    launch(combine, buffers, params, parts, divisor);
  }
}

/** x (outer, length, inner) to y (outer, slices, inner, parts), in windows of whole rows. */
function pass(
  combine: Combine,
  x: GpuBuffer,
  y: GpuBuffer,
  size: ReduceSize,
  { slices, parts }: { slices: number; parts: Parts },
  divisor: number,
): void {
  const { outer, length, inner } = size;
  const slice = ceilDiv(length, slices);
  for (const w of windows('reduction: a row', outer, length * inner, slices * inner * parts)) {
    const buffers = {
      x: view(x, w.start * length * inner, w.count * length * inner),
      y: view(y, w.start * slices * inner * parts, w.count * slices * inner * parts),
    };
    const params = { count: w.count * slices * inner, length, inner, slices, slice };
    launch(combine, buffers, params, parts, divisor);
  }
}

/** y (outer, inner) as i32 = the index along length of the largest (or smallest) x; the first of equals. */
export function argReduce(which: 'max' | 'min', x: GpuBuffer, y: GpuBuffer, size: ReduceSize): void {
  const { outer, length, inner } = size;
  const slots = { better: which === 'max' ? 'a > b' : 'a < b' };
  for (const w of windows(`arg${which}: a row`, outer, length * inner)) {
    const count = w.count * inner;
    const buffers = {
      x: view(x, w.start * length * inner, w.count * length * inner),
      y: view(y, w.start * inner, count),
    };
    const LANES = rowLanes(length, inner);
    if (LANES > 0) run(argShared, buffers, { count, length }, { slots: { ...slots, LANES }, groups: count });
    else run(argShader, buffers, { count, length, inner }, { slots, groups: ceilDiv(count, 64) });
  }
}
