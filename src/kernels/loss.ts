import { run, type View, view } from '../device/commands.js';
import type { Slots } from '../device/pipeline.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { elementwise } from './elementwise.js';
import { rowLanes } from './lanes.js';
import {
  cross_entropy_grad as crossEntropyGradShader,
  cross_entropy_grad_shared as crossEntropyGradShared,
  cross_entropy as crossEntropyShader,
  cross_entropy_shared as crossEntropyShared,
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

/** Runs of rows that fit a binding: their parameters, and views of what belongs to them. */
function overRows(
  size: CrossEntropySize,
  launch: (
    params: { count: number; classes: number; inner: number; ignore_index: number; smoothing: number },
    logits: (b: GpuBuffer) => View,
    rows: (b: GpuBuffer) => View,
  ) => void,
): void {
  const { outer, classes, inner, ignoreIndex: ignore_index, smoothing } = size;
  const each = classes * inner;
  for (const w of windows('crossEntropy: logits of one row', outer, each)) {
    const logits = (b: GpuBuffer) => view(b, w.start * each, w.count * each);
    const rows = (b: GpuBuffer) => view(b, w.start * inner, w.count * inner);
    launch({ count: w.count * inner, classes, inner, ignore_index, smoothing }, logits, rows);
  }
}

/** What both directions read; weight (classes), or null. */
interface CrossEntropyInputs {
  logits: GpuBuffer;
  targets: GpuBuffer;
  weight: GpuBuffer | null;
}

/** loss and counted, one value a row. */
export function crossEntropy(
  { logits, targets, weight, loss, counted }: CrossEntropyInputs & Record<'loss' | 'counted', GpuBuffer>,
  size: CrossEntropySize,
): void {
  overRows(size, (params, classes, rows) => {
    const buffers = {
      logits: classes(logits),
      targets: rows(targets),
      weight: view(weight ?? targets, 0, weight ? size.classes : 1),
      loss: rows(loss),
      counted: rows(counted),
    };
    const slots: Slots = weight ? { WEIGHTED: 'true' } : {};
    const LANES = rowLanes(params.classes, params.inner);
    if (LANES > 0) run(crossEntropyShared, buffers, params, { slots: { ...slots, LANES }, groups: params.count });
    else run(crossEntropyShader, buffers, params, { slots, groups: ceilDiv(params.count, 64) });
  });
}

/** dlogits from dloss: one value a row, or one for all. */
export function crossEntropyGrad(
  { logits, targets, weight, dloss, dlogits }: CrossEntropyInputs & Record<'dloss' | 'dlogits', GpuBuffer>,
  size: CrossEntropySize,
  dlossPerRow: boolean,
): void {
  overRows(size, (params, classes, rows) => {
    const buffers = {
      logits: classes(logits),
      targets: rows(targets),
      weight: view(weight ?? targets, 0, weight ? size.classes : 1),
      dloss: dlossPerRow ? rows(dloss) : dloss,
      dlogits: classes(dlogits),
    };
    const all = { ...params, dloss_step: Number(dlossPerRow) };
    const LANES = rowLanes(params.classes, params.inner);
    const slots: Slots = weight ? { WEIGHTED: 'true' } : {};
    if (LANES > 0) run(crossEntropyGradShared, buffers, all, { slots: { ...slots, LANES }, groups: params.count });
    else run(crossEntropyGradShader, buffers, all, { slots, groups: ceilDiv(params.count, 64) });
  });
}
