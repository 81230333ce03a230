import { ceilDiv } from '../device/math.js';
import type { GpuBuffer } from '../device/pool.js';
import { run, view } from '../device/recorder.js';
import { windows } from '../device/windows.js';
import type { ReduceSize } from './reduce.js';
import { softmax_grad as gradShader, softmax as shader } from './sources.gen.js';

export type SoftmaxKind = 'softmax' | 'logSoftmax';

const FORWARD = { softmax: {}, logSoftmax: { finish: 'shifted - logarithm(sum)' } };
const BACKWARD = { softmax: {}, logSoftmax: { term: 'dy', finish: 'select(dy - exp(y) * sum, y, is_nan(y))' } };

/** y = softmax of x (outer, length, inner) along length, or its logarithm. */
export function softmax(kind: SoftmaxKind, x: GpuBuffer, y: GpuBuffer, { outer, length, inner }: ReduceSize): void {
  const each = length * inner;
  for (const w of windows(`${kind}: a row`, outer, each)) {
    const part = (b: GpuBuffer) => view(b, w.start * each, w.count * each);
    const count = w.count * inner;
    const options = { slots: FORWARD[kind], groups: ceilDiv(count, 64) };
    run(shader, { x: part(x), y: part(y) }, { count, length, inner }, options);
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
    const options = { slots: BACKWARD[kind], groups: ceilDiv(count, 64) };
    run(gradShader, { y: part(y), dy: part(dy), dx: part(dx) }, { count, length, inner }, options);
  }
}
