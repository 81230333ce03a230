// Ways to fill a parameter before training. They overwrite in place and return the tensor.

import { requireF32 } from '../autograd/ops/checks.js';
import { full } from '../autograd/ops/create.js';
import { normal, uniform } from '../autograd/ops/random.js';
import { ShapeError, UsageError } from '../errors.js';
import { checkOptions, finite, notNegative, type Rule, required } from '../options.js';
import { scope } from '../tensor/scope.js';
import { showShape, sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

function overwrite(target: Tensor, values: () => Tensor): Tensor {
  using _made = scope();
  target.copy(values());
  return target;
}

const number: Rule = { be: 'a number', holds: (value) => typeof value === 'number' && !Number.isNaN(value) };

/** Inputs and outputs that one place of a weight's kernel joins. */
function fans(op: string, weight: Tensor): { fanIn: number; fanOut: number } {
  requireF32(op, weight);
  if (weight.rank < 2) {
    throw new ShapeError(`${op}: takes a weight (out, in, ...), got ${showShape(weight.shape)}; biases have no fan-in`);
  }
  const [out, inner, ...kernel] = weight.shape;
  return { fanIn: inner * sizeOf(kernel), fanOut: out * sizeOf(kernel) };
}

/**
 * Inputs that feed one output: for weights (out, in, ...) the product of all dimensions but the first.
 * @throws ShapeError for fewer than two dimensions.
 */
export function fanIn(weight: Tensor): number {
  return fans('fanIn', weight).fanIn;
}

/** One value everywhere. PyTorch: nn.init.constant_. */
export function constantInit(t: Tensor, value: number): Tensor {
  requireF32('constantInit', t);
  checkOptions('constantInit', { value }, { value: required(number) });
  return overwrite(t, () => full(t.shape, value));
}

/** Normal values; by default as in the AlexNet paper, mean 0 and standard deviation 0.01. PyTorch: nn.init.normal_. */
export function normalInit(t: Tensor, mean = 0, std = 0.01): Tensor {
  return fillNormal('normalInit', t, mean, std);
}

function fillNormal(op: string, t: Tensor, mean: number, std: number): Tensor {
  requireF32(op, t);
  checkOptions(op, { mean, std }, { mean: finite, std: notNegative });
  return overwrite(t, () => normal(t.shape, mean, std));
}

/** Uniform values in [low, high). PyTorch: nn.init.uniform_. */
export function uniformInit(t: Tensor, low: number, high: number): Tensor {
  return fillUniform('uniformInit', t, low, high);
}

function fillUniform(op: string, t: Tensor, low: number, high: number): Tensor {
  requireF32(op, t);
  checkOptions(op, { low, high }, { low: required(finite), high: required(finite) });
  if (low > high) throw new UsageError(`${op}: low is at most high, got ${low} and ${high}`);
  return overwrite(t, () => uniform(t.shape, low, high));
}

/** He et al. 2015, for layers followed by ReLU: normal with variance 2 / fan-in. PyTorch: kaiming_normal_. */
export function heNormalInit(weight: Tensor): Tensor {
  return fillNormal('heNormalInit', weight, 0, Math.sqrt(2 / (fans('heNormalInit', weight).fanIn || 1)));
}

/** He et al. 2015, uniform within sqrt(6 / fan-in). PyTorch: kaiming_uniform_(nonlinearity='relu'). */
export function heUniformInit(weight: Tensor): Tensor {
  const bound = Math.sqrt(6 / (fans('heUniformInit', weight).fanIn || 1));
  return fillUniform('heUniformInit', weight, -bound, bound);
}

/** Glorot and Bengio 2010, uniform within sqrt(6 / (fan-in + fan-out)). PyTorch: xavier_uniform_. */
export function xavierUniformInit(weight: Tensor): Tensor {
  const { fanIn, fanOut } = fans('xavierUniformInit', weight);
  const bound = Math.sqrt(6 / (fanIn + fanOut || 1));
  return fillUniform('xavierUniformInit', weight, -bound, bound);
}
