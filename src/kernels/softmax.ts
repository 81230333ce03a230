import { run, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { rowLanes } from './lanes.js';
import type { ReduceSize } from './reduce.js';
import {
  softmax_grad as gradShader,
  softmax_grad_shared as gradShared,
  softmax as shader,
  softmax_shared as shared,
} from './sources.gen.js';

export type SoftmaxKind = 'softmax' | 'logSoftmax';

const FORWARD = { softmax: {}, logSoftmax: { finish: 'shifted - logarithm(sum)' } };
const BACKWARD = { softmax: {}, logSoftmax: { term: 'dy', finish: 'select(dy - exp(y) * sum, y, is_nan(y))' } };

/** y = softmax of x (outer, length, inner) along length, or its logarithm. */
export function softmax(kind: SoftmaxKind, x: GpuBuffer, y: GpuBuffer, { outer, length, inner }: ReduceSize): void {
  const each = length * inner;
  for (const w of windows(`${kind}: a row`, outer, each)) {
    const part = (b: GpuBuffer) => view(b, w.start * each, w.count * each);
    const count = w.count * inner;
    const buffers = { x: part(x), y: part(y) };
    const LANES = rowLanes(length, inner);
    if (LANES > 0) run(shared, buffers, { count, length }, { slots: { ...FORWARD[kind], LANES }, groups: count });
    else run(shader, buffers, { count, length, inner }, { slots: FORWARD[kind], groups: ceilDiv(count, 64) });
  }
}

/** dx from the result y and its gradient dy. */
export function softmaxGrad(
  kind: SoftmaxKind,
  { y, dy, dx }: { y: GpuBuffer; dy: GpuBuffer; dx: GpuBuffer },
  { outer, length, inner }: ReduceSize,
): void {
  const each = length * inner;
  for (const w of windows(`${kind}: a row`, outer, each)) {
    const part = (b: GpuBuffer) => view(b, w.start * each, w.count * each);
    const count = w.count * inner;
    const buffers = { y: part(y), dy: part(dy), dx: part(dx) };
    const LANES = rowLanes(length, inner);
    if (LANES > 0) run(gradShared, buffers, { count, length }, { slots: { ...BACKWARD[kind], LANES }, groups: count });
    else run(gradShader, buffers, { count, length, inner }, { slots: BACKWARD[kind], groups: ceilDiv(count, 64) });
  }
}
