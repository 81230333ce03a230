import { ceilDiv } from '../device/math.js';
import type { GpuBuffer } from '../device/pool.js';
import { run } from '../device/recorder.js';
import type { ReduceSize } from './reduce.js';
import { softmax_grad as gradShader, softmax as shader } from './sources.gen.js';

export type SoftmaxKind = 'softmax' | 'logSoftmax';

const FORWARD = { softmax: {}, logSoftmax: { finish: 'shifted - log(sum)' } };
const BACKWARD = { softmax: {}, logSoftmax: { term: 'dy', finish: 'dy - exp(y) * sum' } };

/** y = softmax of x (outer, length, inner) along length, or its logarithm. */
export function softmax(kind: SoftmaxKind, x: GpuBuffer, y: GpuBuffer, { outer, length, inner }: ReduceSize): void {
  const count = outer * inner;
  run(shader, { x, y }, { count, length, inner }, { slots: FORWARD[kind], groups: ceilDiv(count, 64) });
}

/** dx from the result y and its gradient dy. */
export function softmaxGrad(
  kind: SoftmaxKind,
  { y, dy, dx }: { y: GpuBuffer; dy: GpuBuffer; dx: GpuBuffer },
  { outer, length, inner }: ReduceSize,
): void {
  const count = outer * inner;
  run(gradShader, { y, dy, dx }, { count, length, inner }, { slots: BACKWARD[kind], groups: ceilDiv(count, 64) });
}
