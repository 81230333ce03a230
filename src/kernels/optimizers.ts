import { release, run, scratch, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { type Window, windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { elementwise } from './elementwise.js';
import { reduce } from './reduce.js';
import {
  adagrad as adagradShader,
  adam as adamShader,
  average as averageShader,
  lamb_moments as lambMomentsShader,
  lamb as lambShader,
  lars as larsShader,
  lion as lionShader,
  rmsprop as rmspropShader,
  sgd_plain as sgdPlainShader,
  sgd as sgdShader,
  square_sums as squareSumsShader,
} from './sources.gen.js';

const BY_ONE = { perGroup: 256 };

/** A parameter and its gradient, of `count` elements. */
export interface Update {
  param: GpuBuffer;
  grad: GpuBuffer;
  count: number;
}

export function sgdPlain({ param, grad, count }: Update, p: { rate: number; decay: number }): void {
  elementwise(sgdPlainShader, { grad, param }, p, count, BY_ONE);
}

export function sgd(
  { param, grad, count }: Update,
  velocity: GpuBuffer,
  p: { rate: number; momentum: number; fresh: number; decay: number; nesterov: number },
): void {
  elementwise(sgdShader, { grad, velocity, param }, p, count, BY_ONE);
}

export function adam(
  { param, grad, count }: Update,
  first: GpuBuffer,
  second: GpuBuffer,
  p: { rate: number; beta1: number; beta2: number; eps: number; decay: number; shrink: number; correction: number },
): void {
  const rests = { rest1: 1 - p.beta1, rest2: 1 - p.beta2 }; // in float64: 1 - 0.999 in f32 is off by 5e-5
  elementwise(adamShader, { grad, first, second, param }, { ...p, ...rests }, count, BY_ONE);
}

export function rmsprop(
  { param, grad, count }: Update,
  square: GpuBuffer,
  velocity: GpuBuffer,
  p: { rate: number; alpha: number; eps: number; decay: number; momentum: number },
): void {
  elementwise(rmspropShader, { grad, square, velocity, param }, { ...p, rest: 1 - p.alpha }, count, BY_ONE);
}

export function adagrad(
  { param, grad, count }: Update,
  square: GpuBuffer,
  p: { rate: number; eps: number; decay: number },
): void {
  elementwise(adagradShader, { grad, square, param }, p, count, BY_ONE);
}

export function lion(
  { param, grad, count }: Update,
  mean: GpuBuffer,
  p: { rate: number; beta1: number; beta2: number; shrink: number },
): void {
  const rests = { rest1: 1 - p.beta1, rest2: 1 - p.beta2 };
  elementwise(lionShader, { grad, mean, param }, { ...p, ...rests }, count, BY_ONE);
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
  { param, grad, count }: Update,
  velocity: GpuBuffer,
  p: { rate: number; momentum: number; decay: number; coefficient: number },
): void {
  const squares = twoSquares(count, (w, partial, { groups, ...to }) => {
    const buffers = { a: view(param, w.start, w.count), b: view(grad, w.start, w.count), partial };
    run(squareSumsShader, buffers, { count: w.count, ...to }, { groups });
  });
  elementwise(larsShader, { grad, squares, velocity, param }, p, count, { ...BY_ONE, whole: ['squares'] });
  release(squares);
}

export function lamb(
  { param, grad, count }: Update,
  first: GpuBuffer,
  second: GpuBuffer,
  p: { rate: number; beta1: number; beta2: number; eps: number; decay: number; scale: number; correction: number },
): void {
  const { rate, beta1, beta2, ...how } = p;
  const betas = { beta1, beta2, rest1: 1 - beta1, rest2: 1 - beta2 };
  const squares = twoSquares(count, (w, partial, { first: begin, threads, groups }) => {
    const [g, x, m, v] = [grad, param, first, second].map((buffer) => view(buffer, w.start, w.count));
    const params = { count: w.count, begin, threads, ...betas, ...how };
    run(lambMomentsShader, { grad: g, param: x, first: m, second: v, partial }, params, { groups });
  });
  const buffers = { first, second, squares, param };
  elementwise(lambShader, buffers, { rate, ...how }, count, { ...BY_ONE, whole: ['squares'] });
  release(squares);
}

/** mean = decay * mean + (1 - decay) * value, in place. */
export function average(mean: GpuBuffer, value: GpuBuffer, count: number, decay: number): void {
  elementwise(averageShader, { value, mean }, { decay, rest: 1 - decay }, count, BY_ONE);
}
