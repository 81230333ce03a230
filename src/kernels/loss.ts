import { ceilDiv } from '../device/math.js';
import type { GpuBuffer } from '../device/pool.js';
import { run } from '../device/recorder.js';
import { elementwise } from './elementwise.js';
import {
  cross_entropy_grad as crossEntropyGradShader,
  cross_entropy as crossEntropyShader,
  loss_grad as lossGradShader,
  loss as lossShader,
} from './sources.gen.js';

/** y = formula over x and t, elementwise. */
export function loss(formula: string, x: GpuBuffer, t: GpuBuffer, y: GpuBuffer, count: number): void {
  elementwise(lossShader, { x, t, y }, {}, count, { slots: { f: formula }, perGroup: 256 });
}

/** dx = scale * dy * formula over x and t; dy is a single value. */
export function lossGrad(
  formula: string,
  { x, t, dy, dx }: { x: GpuBuffer; t: GpuBuffer; dy: GpuBuffer; dx: GpuBuffer },
  count: number,
  scale: number,
): void {
  elementwise(lossGradShader, { x, t, dy, dx }, { scale }, count, {
    slots: { df: formula },
    perGroup: 256,
    whole: ['dy'],
  });
}

/** Logits (outer, classes, inner) against outer * inner targets. */
export interface CrossEntropySize {
  outer: number;
  classes: number;
  inner: number;
  ignoreIndex: number;
  smoothing: number;
}

const rowParams = ({ outer, classes, inner, ignoreIndex, smoothing }: CrossEntropySize) => ({
  count: outer * inner,
  classes,
  inner,
  ignore_index: ignoreIndex,
  smoothing,
});

/** loss and counted, one value a row. */
export function crossEntropy(
  buffers: { logits: GpuBuffer; targets: GpuBuffer; loss: GpuBuffer; counted: GpuBuffer },
  size: CrossEntropySize,
): void {
  run(crossEntropyShader, buffers, rowParams(size), { groups: ceilDiv(size.outer * size.inner, 64) });
}

/** dlogits from dloss: one value a row, or one for all. */
export function crossEntropyGrad(
  buffers: { logits: GpuBuffer; targets: GpuBuffer; dloss: GpuBuffer; dlogits: GpuBuffer },
  size: CrossEntropySize,
  dlossPerRow: boolean,
): void {
  const params = { ...rowParams(size), dloss_step: Number(dlossPerRow) };
  run(crossEntropyGradShader, buffers, params, { groups: ceilDiv(size.outer * size.inner, 64) });
}
