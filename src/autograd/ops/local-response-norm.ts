import { ShapeError, showValue } from '../../errors.js';
import * as kernels from '../../kernels/local-response-norm.js';
import { anything, checkOptions, finite } from '../../options.js';
import { showShape, sizeOf } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { record } from '../tape.js';
import { requireFloats } from './checks.js';

/** The constants of local response normalization. */
export interface LocalResponseNormOptions {
  /** Neighbouring channels that count, the channel itself included; 1 to 64. */
  size: number;
  /** Divided by `size`, as in PyTorch and Caffe: the paper's 1e-4 with size 5 is 5e-4 here. Default 1e-4. */
  alpha?: number;
  /** The power of the divisor. Default 0.75. */
  beta?: number;
  /** Added to the scaled sum of squares. Default 1; the paper's is 2. */
  k?: number;
}

/**
 * x / (k + alpha / size * sum of squares over neighbouring channels)^beta, for x (batch, channels, ...).
 * Krizhevsky et al. 2012, section 3.3. PyTorch: F.local_response_norm.
 * @throws ShapeError if x has fewer than three dimensions or `size` is out of range.
 */
export function localResponseNorm(x: Tensor, options: LocalResponseNormOptions): Tensor {
  requireFloats('localResponseNorm', x);
  checkOptions('localResponseNorm', options, { size: anything, alpha: finite, beta: finite, k: finite });
  const { size, alpha = 1e-4, beta = 0.75, k = 1 } = options;
  if (x.rank < 3) throw new ShapeError(`localResponseNorm: x is (batch, channels, ...), got ${showShape(x.shape)}`);
  if (!Number.isInteger(size) || size < 1 || size > 64) {
    throw new ShapeError(`localResponseNorm: size ${showValue(size)} is not a whole number from 1 to 64`);
  }
  const [batch, channels, ...rest] = x.shape;
  const shape = { batch, channels, plane: sizeOf(rest), size, alpha, beta, k };
  const y = empty(x.shape, x.dtype, 'localResponseNorm');
  if (x.size > 0) kernels.localResponseNorm(x.buffer, y.buffer, shape);
  return record('localResponseNorm', y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, x.dtype, 'localResponseNorm dx');
      if (x.size > 0) kernels.localResponseNormGrad(x.buffer, dy.buffer, dx.buffer, shape);
      return dx;
    },
  ]);
}
