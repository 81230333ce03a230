import type { GpuBuffer } from '../device/pool.js';
import { elementwise } from './elementwise.js';
import {
  adam as adamShader,
  rmsprop as rmspropShader,
  sgd_plain as sgdPlainShader,
  sgd as sgdShader,
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
