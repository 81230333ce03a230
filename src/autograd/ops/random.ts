// Random tensors. The same seed gives the same numbers; see manualSeed.
import { randomNormal, randomUniform } from '../../kernels/random.js';
import { nextStream } from '../../tensor/seed.js';
import type { Shape } from '../../tensor/shape.js';
import { empty, type Tensor, type TensorOptions, trainable } from '../../tensor/tensor.js';

/** Whether a random tensor is to be trained. */
export type RandomOptions = Pick<TensorOptions, 'requiresGrad'>;

/** Uniform f32 numbers in [low, high). PyTorch: x.uniform_. */
export function uniform(shape: Shape, low = 0, high = 1, { requiresGrad = false }: RandomOptions = {}): Tensor {
  const y = empty(shape, 'f32', 'uniform');
  if (y.size > 0) randomUniform(y.buffer, y.size, nextStream(), low, high);
  return trainable(y, requiresGrad);
}

/** Normal f32 numbers. PyTorch: torch.normal. */
export function normal(shape: Shape, mean = 0, std = 1, { requiresGrad = false }: RandomOptions = {}): Tensor {
  const y = empty(shape, 'f32', 'normal');
  if (y.size > 0) randomNormal(y.buffer, y.size, nextStream(), mean, std);
  return trainable(y, requiresGrad);
}

/** Uniform numbers in [0, 1). PyTorch: torch.rand. */
export function rand(shape: Shape, options?: RandomOptions): Tensor {
  return uniform(shape, 0, 1, options);
}

/** Normal numbers with mean 0 and standard deviation 1. PyTorch: torch.randn. */
export function randn(shape: Shape, options?: RandomOptions): Tensor {
  return normal(shape, 0, 1, options);
}
