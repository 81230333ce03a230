import { release, run, scratch, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { type Window, windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { elementwise } from './elementwise.js';
import type { Gate } from './gate.js';
import { reduce } from './reduce.js';
import {
  adagrad as adagradShader,
  adam as adamShader,
  average as averageShader,
  count_skip as countSkipShader,
  lamb_moments as lambMomentsShader,
  lamb as lambShader,
  lars as larsShader,
  lion as lionShader,
  rmsprop as rmspropShader,
  sgd_plain as sgdPlainShader,
  sgd as sgdShader,
  square_sums as squareSumsShader,
  unscale as unscaleShader,
  update_scale as updateScaleShader,
} from './sources.gen.js';

const BY_ONE = { perGroup: 256, whole: ['skip', 'skipped', 'squares'] };

/** A parameter and its gradient, of `count` elements. */
export interface Update {
  param: GpuBuffer;
  grad: GpuBuffer;
  count: number;
  gate: Gate;
}

export function sgdPlain({ param, grad, count, gate }: Update, p: { rate: number; decay: number }): void {
  elementwise(sgdPlainShader, { grad, skip: gate.skip, param }, p, count, BY_ONE);
}

export function sgd(
  { param, grad, count, gate }: Update,
  velocity: GpuBuffer,
  p: { rate: number; momentum: number; fresh: number; first: number; updates: number; decay: number; nesterov: number },
): void {
  elementwise(sgdShader, { grad, ...gate, velocity, param }, p, count, BY_ONE);
}

/** What Adam and LAMB do with the running means. `correction` is 1 / sqrt(1 - beta2^updates). */
interface Moments {
  beta1: number;
  beta2: number;
  eps: number;
  decay: number;
  correction: number;
  updates: number;
}

type Betas = Pick<Moments, 'beta1' | 'beta2'>;

/** In float64: 1 - 0.999 in f32 is off by 5e-5. */
const rests = ({ beta1, beta2 }: Betas) => ({ rest1: 1 - beta1, rest2: 1 - beta2 });

/** Finite, also of 0. */
const logarithms = ({ beta1, beta2 }: Betas) => ({
  log1: Math.max(-1000, Math.log(beta1)),
  log2: Math.max(-1000, Math.log(beta2)),
});

export function adam(
  { param, grad, count, gate }: Update,
  first: GpuBuffer,
  second: GpuBuffer,
  p: Moments & { rate: number; lr: number; shrink: number },
): void {
  const params = { ...p, ...rests(p), ...logarithms(p) };
  elementwise(adamShader, { grad, ...gate, first, second, param }, params, count, BY_ONE);
}

export function rmsprop(
  { param, grad, count, gate }: Update,
  square: GpuBuffer,
  velocity: GpuBuffer,
  p: { rate: number; alpha: number; eps: number; decay: number; momentum: number },
): void {
  elementwise(
    rmspropShader,
    { grad, skip: gate.skip, square, velocity, param },
    { ...p, rest: 1 - p.alpha },
    count,
    BY_ONE,
  );
}

export function adagrad(
  { param, grad, count, gate }: Update,
  square: GpuBuffer,
  p: { rate: number; eps: number; decay: number; lr: number; lr_decay: number; updates: number },
): void {
  elementwise(adagradShader, { grad, ...gate, square, param }, p, count, BY_ONE);
}

export function lion(
  { param, grad, count, gate }: Update,
  mean: GpuBuffer,
  p: { rate: number; beta1: number; beta2: number; shrink: number },
): void {
  elementwise(lionShader, { grad, skip: gate.skip, mean, param }, { ...p, ...rests(p) }, count, BY_ONE);
}

/** Workgroups whose threads add up squares side by side; more than this gain nothing. */
const MOST_GROUPS = 1024;

/**
 * Two sums of squares over `count` elements, as a buffer of two to be released. `launch` writes those of a window: one number a
 * thread, into columns from `first` on of `partial` (2, threads).
 */
function twoSquares(
  count: number,
  launch: (w: Window, partial: GpuBuffer, how: { first: number; threads: number; groups: number }) => void,
): GpuBuffer {
  let threads = 0;
  const launches = windows('optimizer: an element', count, 1).map((w) => {
    const groups = Math.min(MOST_GROUPS, Math.max(1, ceilDiv(w.count, 1024))); // four vec4 a thread at least
    const first = threads;
    threads += groups * 64;
    return { w, first, groups };
  });
  const partial = scratch(2 * threads, 'partial sums of squares');
  for (const { w, ...how } of launches) launch(w, partial, { ...how, threads });
  const squares = scratch(2, 'sums of squares');
  reduce('sum', partial, squares, { outer: 2, length: threads, inner: 1 });
  release(partial);
  return squares;
}

export function lars(
  { param, grad, count, gate }: Update,
  velocity: GpuBuffer,
  p: { rate: number; momentum: number; decay: number; coefficient: number },
): void {
  const squares = twoSquares(count, (w, partial, { groups, ...to }) => {
    const buffers = { a: view(param, w.start, w.count), b: view(grad, w.start, w.count), partial };
    run(squareSumsShader, buffers, { count: w.count, ...to }, { groups });
  });
  elementwise(larsShader, { grad, squares, skip: gate.skip, velocity, param }, p, count, BY_ONE);
  release(squares);
}

export function lamb(
  { param, grad, count, gate }: Update,
  first: GpuBuffer,
  second: GpuBuffer,
  p: Moments & { rate: number; scale: number },
): void {
  const { rate, beta1, beta2, ...how } = p;
  const betas = { beta1, beta2, ...rests(p) };
  const powers = { ...how, ...logarithms(p) };
  const squares = twoSquares(count, (w, partial, { first: begin, threads, groups }) => {
    const [g, x, m, v] = [grad, param, first, second].map((buffer) => view(buffer, w.start, w.count));
    const params = { count: w.count, begin, threads, ...betas, ...powers };
    run(lambMomentsShader, { grad: g, param: x, ...gate, first: m, second: v, partial }, params, { groups });
  });
  const buffers = { first, second, squares, ...gate, param };
  elementwise(lambShader, buffers, { rate, ...powers }, count, BY_ONE);
  release(squares);
}

/** mean = decay * mean + (1 - decay) * value, in place. */
export function average(mean: GpuBuffer, value: GpuBuffer, count: number, decay: number): void {
  elementwise(averageShader, { value, mean }, { decay, rest: 1 - decay }, count, BY_ONE);
}

/** skipped += 1 where skip is not 0. */
export function countSkip({ skip, skipped }: Gate): void {
  run(countSkipShader, { skip, skipped }, { count: 1 }, { groups: 1 });
}

/** What a GradScaler has on the GPU: its scale, one f32, and three words: see update_scale.wgsl. */
export interface Scaling {
  scale: GpuBuffer;
  tracker: GpuBuffer;
}

/** grad /= scale, in place; `skip` and the tracker learn whether an element is not finite. */
export function unscale(grad: GpuBuffer, count: number, skip: GpuBuffer, { scale, tracker }: Scaling): void {
  elementwise(unscaleShader, { scale, grad, skip, tracker }, {}, count, {
    perGroup: 256,
    whole: ['scale', 'skip', 'tracker'],
  });
}

/** The scale for the next step. */
export function updateScale(
  { scale, tracker }: Scaling,
  p: { growth: number; backoff: number; interval: number },
): void {
  run(updateScaleShader, { scale, tracker }, { count: 1, ...p }, { groups: 1 });
}
