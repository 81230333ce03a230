// Random tensors. The same seed gives the same numbers; see manualSeed.

import { UsageError } from '../../errors.js';
import { randomNormal, randomUniform } from '../../kernels/random.js';
import { checkOptions, flag } from '../../options.js';
import { nextStream } from '../../tensor/seed.js';
import { checkShape, type Shape } from '../../tensor/shape.js';
import { empty, type Tensor, type TensorOptions, trainable } from '../../tensor/tensor.js';
import { requireNumbers } from './checks.js';

/** Whether a random tensor is to be trained. */
export type RandomOptions = Pick<TensorOptions, 'requiresGrad'>;

/**
 * Uniform f32 numbers in [low, high). PyTorch: x.uniform_.
 * @throws UsageError unless low <= high, both finite.
 */
export function uniform(shape: Shape, low = 0, high = 1, options: RandomOptions = {}): Tensor {
  return drawn('uniform', randomUniform, shape, [low, high], options);
}

/**
 * Normal f32 numbers. PyTorch: torch.normal.
 * @throws UsageError if std is negative.
 */
export function normal(shape: Shape, mean = 0, std = 1, options: RandomOptions = {}): Tensor {
  return drawn('normal', randomNormal, shape, [mean, std], options);
}

const LARGEST_F32 = (2 - 2 ** -23) * 2 ** 127;

type Draw = typeof randomUniform;

function drawn(
  op: 'uniform' | 'normal' | 'rand' | 'randn',
  draw: Draw,
  shape: Shape,
  [a, b]: readonly [number, number],
  options: RandomOptions,
): Tensor {
  checkShape(op, shape);
  checkOptions(op, options, { requiresGrad: flag });
  if (draw === randomUniform) {
    requireNumbers(op, { low: a, high: b });
    if (a > b) throw new UsageError(`${op}: low ${a} is above high ${b}`);
    if (!(b - a <= LARGEST_F32)) throw new UsageError(`${op}: from ${a} to ${b} is wider than f32 reaches`);
  } else {
    requireNumbers(op, { mean: a, std: b });
    if (b < 0) throw new UsageError(`${op}: std is 0 or more, got ${b}`);
  }
  const y = empty(shape, 'f32', op);
  if (y.size > 0) draw(y.buffer, y.size, nextStream(), a, b);
  return trainable(y, options.requiresGrad ?? false);
}
/** Uniform numbers in [0, 1). PyTorch: torch.rand. */
export function rand(shape: Shape, options: RandomOptions = {}): Tensor {
  return drawn('rand', randomUniform, shape, [0, 1], options);
}

/** Normal numbers with mean 0 and standard deviation 1. PyTorch: torch.randn. */
export function randn(shape: Shape, options: RandomOptions = {}): Tensor {
  return drawn('randn', randomNormal, shape, [0, 1], options);
}
