import { ceilDiv } from '../device/math.js';
import type { GpuBuffer } from '../device/pool.js';
import { run, view } from '../device/recorder.js';
import { windows } from '../device/windows.js';
import { binary_broadcast as broadcastShader, copy_strided as copyShader } from './sources.gen.js';

export const MAX_RANK = 6;

/** Sizes or strides for six dimensions, the missing ones in front. */
function six(values: readonly number[], missing: number): number[] {
  return [...new Array<number>(MAX_RANK - values.length).fill(missing), ...values];
}

/** y = formula(a, b) where a and b are walked with the given strides, 0 where they repeat. */
export function binaryBroadcast(
  formula: string,
  { a, b, y }: { a: GpuBuffer; b: GpuBuffer; y: GpuBuffer },
  shape: readonly number[],
  aStrides: readonly number[],
  bStrides: readonly number[],
): void {
  const [, n1, n2, n3, n4, n5] = six(shape, 1);
  const [a0, a1, a2, a3, a4, a5] = six(aStrides, 0);
  const [b0, b1, b2, b3, b4, b5] = six(bStrides, 0);
  const walk = { n1, n2, n3, n4, n5, a0, a1, a2, a3, a4, a5, b0, b1, b2, b3, b4, b5 };
  const total = shape.reduce((x, n) => x * n, 1);
  for (const w of windows(total, 1)) {
    const params = { count: w.count, first: w.start, ...walk };
    const buffers = { a, b, y: view(y, w.start, w.count) };
    run(broadcastShader, buffers, params, { slots: { f: formula }, groups: ceilDiv(w.count, 64) });
  }
}

/** One side of a strided copy: where it starts and how far apart neighbours along each dimension lie. */
export interface Walk {
  buffer: GpuBuffer;
  start: number;
  strides: readonly number[];
}

/** Copies a box of `shape` 4-byte elements from one walk to another. */
export function copyStrided(from: Walk, to: Walk, shape: readonly number[]): void {
  const [, n1, n2, n3, n4, n5] = six(shape, 1);
  const [x0, x1, x2, x3, x4, x5] = six(from.strides, 0);
  const [y0, y1, y2, y3, y4, y5] = six(to.strides, 0);
  const count = shape.reduce((x, n) => x * n, 1);
  const params = {
    ...{ count, n1, n2, n3, n4, n5, x_start: from.start, y_start: to.start },
    ...{ x0, x1, x2, x3, x4, x5, y0, y1, y2, y3, y4, y5 },
  };
  run(copyShader, { x: from.buffer, y: to.buffer }, params, { groups: ceilDiv(count, 64) });
}
