import { type Binding, run, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { bindingLimit, largestWindow } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { binary_broadcast as broadcastShader, copy_strided as copyShader } from './sources.gen.js';

export const MAX_RANK = 6;

/** Sizes or strides for six dimensions, the missing ones in front. */
function six(values: readonly number[], missing: number): number[] {
  return [...new Array<number>(MAX_RANK - values.length).fill(missing), ...values];
}

const countOf = (box: readonly number[]): number => box.reduce((x, n) => x * n, 1);

/** One side of a strided walk: where it starts and how far apart neighbours along each dimension lie. */
export interface Walk {
  buffer: GpuBuffer;
  start: number;
  strides: readonly number[];
}

/** The elements that a walk of a box touches: the first, and how far to the last. */
function spanOf({ start, strides }: Walk, shape: readonly number[]): { first: number; length: number } {
  let [first, length] = [start, 1];
  for (const [i, n] of shape.entries()) {
    const reach = (n - 1) * strides[i];
    first += Math.min(reach, 0);
    length += Math.abs(reach);
  }
  return { first, length };
}

/** What a kernel is given of a walk: all of the buffer where that fits a binding, else the window that is touched. */
function piece(walk: Walk, shape: readonly number[]): { binding: Binding; start: number } {
  if (walk.buffer.bytes <= bindingLimit()) return { binding: walk.buffer, start: walk.start };
  const { first, length } = spanOf(walk, shape);
  return { binding: view(walk.buffer, first, length), start: walk.start - first };
}

/**
 * Cuts a box into boxes whose walks each fit a binding: in halves, along the dimension that reaches farthest in a walk that
 * does not fit. In a row-major walk that is the outermost, so that it stays one run of elements.
 */
function eachBox(
  shape: readonly number[],
  walks: readonly Walk[],
  visit: (shape: readonly number[], walks: readonly Walk[]) => void,
): void {
  const tooLong = walks.filter((w) => w.buffer.bytes > bindingLimit() && spanOf(w, shape).length > largestWindow());
  if (tooLong.length === 0) {
    visit(shape, walks);
    return;
  }
  const reach = shape.map((n, i) => Math.max(...tooLong.map(({ strides }) => (n - 1) * Math.abs(strides[i]))));
  const dim = reach.indexOf(Math.max(...reach));
  const half = Math.ceil(shape[dim] / 2);
  eachBox(shape.with(dim, half), walks, visit);
  const rest = walks.map((w) => ({ ...w, start: w.start + half * w.strides[dim] }));
  eachBox(shape.with(dim, shape[dim] - half), rest, visit);
}

/** y = formula(a, b) in row-major order, where a and b are walked with the given strides, 0 where they repeat. */
export function binaryBroadcast(
  formula: string,
  { a, b, y }: { a: GpuBuffer; b: GpuBuffer; y: GpuBuffer },
  shape: readonly number[],
  aStrides: readonly number[],
  bStrides: readonly number[],
): void {
  const all = [
    { buffer: a, start: 0, strides: aStrides },
    { buffer: b, start: 0, strides: bStrides },
    { buffer: y, start: 0, strides: shape.map((_, i) => countOf(shape.slice(i + 1))) },
  ];
  eachBox(shape, all, (box, walks) => {
    const [, n1, n2, n3, n4, n5] = six(box, 1);
    const [a0, a1, a2, a3, a4, a5] = six(aStrides, 0);
    const [b0, b1, b2, b3, b4, b5] = six(bStrides, 0);
    const count = countOf(box);
    const [from, and] = walks.slice(0, 2).map((w) => piece(w, box));
    const params = {
      ...{ count, n1, n2, n3, n4, n5, a_start: from.start, b_start: and.start },
      ...{ a0, a1, a2, a3, a4, a5, b0, b1, b2, b3, b4, b5 },
    };
    const buffers = { a: from.binding, b: and.binding, y: view(y, walks[2].start, count) };
    run(broadcastShader, buffers, params, { slots: { f: formula }, groups: ceilDiv(count, 64) });
  });
}

/** Copies a box of `shape` 4-byte elements from one walk to another. */
export function copyStrided(from: Walk, to: Walk, shape: readonly number[]): void {
  eachBox(shape, [from, to], (box, walks) => {
    const [, n1, n2, n3, n4, n5] = six(box, 1);
    const [x0, x1, x2, x3, x4, x5] = six(from.strides, 0);
    const [y0, y1, y2, y3, y4, y5] = six(to.strides, 0);
    const count = countOf(box);
    const [x, y] = walks.map((w) => piece(w, box));
    const params = {
      ...{ count, n1, n2, n3, n4, n5, x_start: x.start, y_start: y.start },
      ...{ x0, x1, x2, x3, x4, x5, y0, y1, y2, y3, y4, y5 },
    };
    run(copyShader, { x: x.binding, y: y.binding }, params, { groups: ceilDiv(count, 64) });
  });
}
