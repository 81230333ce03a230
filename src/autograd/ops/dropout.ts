import { ShapeError, showValue } from '../../errors.js';
import { dropout as kernel } from '../../kernels/random.js';
import { checkOptions, flag } from '../../options.js';
import { nextStream } from '../../tensor/seed.js';
import { alias, empty, type Tensor } from '../../tensor/tensor.js';
import { record } from '../tape.js';
import { requireFloats } from './checks.js';
import { zerosLike } from './create.js';

/**
 * Zeroes each element with probability p and scales the rest by 1 / (1 - p); p = 1 leaves zeros. Outside `training` (default true) x passes
 * through.
 * The mask is drawn from (seed, stream) and recomputed for the gradient. Hinton et al. 2012. PyTorch: F.dropout.
 * @throws ShapeError unless 0 <= p <= 1.
 */
export function dropout(x: Tensor, p = 0.5, options: { training?: boolean } = {}): Tensor {
  requireFloats('dropout', x);
  checkOptions('dropout', options, { training: flag });
  const { training = true } = options;
  if (typeof p !== 'number' || !(p >= 0 && p <= 1))
    throw new ShapeError(`dropout: p is a probability, from 0 to 1, got ${showValue(p)}`);
  if (!training || p === 0) return record('dropout', alias(x, x.shape), [x], (dy) => [() => dy]);
  if (p === 1) return record('dropout', zerosLike(x), [x], () => [() => zerosLike(x)]);
  const key = nextStream();
  const y = empty(x.shape, x.dtype, 'dropout');
  kernel(x.buffer, y.buffer, x.size, p, key);
  return record('dropout', y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, x.dtype, 'dropout dx');
      kernel(dy.buffer, dx.buffer, x.size, p, key);
      return dx;
    },
  ]);
}
