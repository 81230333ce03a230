// Random tensors. The same seed gives the same numbers; see manualSeed.
import { randomNormal, randomUniform } from '../../kernels/random.js';
import { nextStream } from '../../tensor/seed.js';
import type { Shape } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';

/** Uniform f32 numbers in [low, high). PyTorch: x.uniform_. */
export function uniform(shape: Shape, low = 0, high = 1): Tensor {
  const y = empty(shape, 'f32', 'uniform');
  if (y.size > 0) randomUniform(y.buffer, y.size, nextStream(), low, high);
  return y;
}

/** Normal f32 numbers. PyTorch: torch.normal. */
export function normal(shape: Shape, mean = 0, std = 1): Tensor {
  const y = empty(shape, 'f32', 'normal');
  if (y.size > 0) randomNormal(y.buffer, y.size, nextStream(), mean, std);
  return y;
}

/** Uniform numbers in [0, 1). PyTorch: torch.rand. */
export function rand(shape: Shape): Tensor {
  return uniform(shape);
}

/** Normal numbers with mean 0 and standard deviation 1. PyTorch: torch.randn. */
export function randn(shape: Shape): Tensor {
  return normal(shape);
}
