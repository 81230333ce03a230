// Ways to fill a parameter before training. They overwrite in place and return the tensor.

import { full } from '../autograd/ops/create.js';
import { normal, uniform } from '../autograd/ops/random.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';

function overwrite(target: Tensor, values: () => Tensor): Tensor {
  using _made = scope();
  target.copy(values());
  return target;
}

/** Inputs that feed one output: for weights (out, in, ...) the product of all dimensions but the first. */
export function fanIn(weight: Tensor): number {
  return weight.size / weight.shape[0];
}

/** One value everywhere. PyTorch: nn.init.constant_. */
export function constantInit(t: Tensor, value: number): Tensor {
  return overwrite(t, () => full(t.shape, value));
}

/** Normal values; by default as in the AlexNet paper, mean 0 and standard deviation 0.01. PyTorch: nn.init.normal_. */
export function normalInit(t: Tensor, mean = 0, std = 0.01): Tensor {
  return overwrite(t, () => normal(t.shape, mean, std));
}

/** Uniform values in [low, high). PyTorch: nn.init.uniform_. */
export function uniformInit(t: Tensor, low: number, high: number): Tensor {
  return overwrite(t, () => uniform(t.shape, low, high));
}

/** He et al. 2015, for layers followed by ReLU: normal with variance 2 / fan-in. PyTorch: kaiming_normal_. */
export function heNormalInit(weight: Tensor): Tensor {
  return normalInit(weight, 0, Math.sqrt(2 / fanIn(weight)));
}

/** He et al. 2015, uniform within sqrt(6 / fan-in). PyTorch: kaiming_uniform_(nonlinearity='relu'). */
export function heUniformInit(weight: Tensor): Tensor {
  const bound = Math.sqrt(6 / fanIn(weight));
  return uniformInit(weight, -bound, bound);
}

/** Glorot and Bengio 2010, uniform within sqrt(6 / (fan-in + fan-out)). PyTorch: xavier_uniform_. */
export function xavierUniformInit(weight: Tensor): Tensor {
  const receptive = weight.shape.slice(2).reduce((a, b) => a * b, 1);
  const bound = Math.sqrt(6 / (fanIn(weight) + weight.shape[0] * receptive));
  return uniformInit(weight, -bound, bound);
}
