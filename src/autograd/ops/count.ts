// How often each number occurs.
import { DtypeError, ShapeError, showValue } from '../../errors.js';
import { count } from '../../kernels/count.js';
import { showShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { requireTensors } from './checks.js';
import { zeros } from './create.js';

const MOST_BINS = 2 ** 24;

/**
 * How many elements of x, i32 of any shape, are 0, 1, ... bins - 1: i32 (bins). Elements outside count nowhere. It has no
 * gradient. PyTorch: torch.bincount, which makes room for what is larger and refuses what is negative.
 * @throws DtypeError unless x is i32, ShapeError unless `bins` is a whole number from 1 to 2^24.
 */
export function bincount(x: Tensor, bins: number): Tensor {
  requireTensors('bincount', x);
  if (x.dtype !== 'i32') {
    throw new DtypeError(`bincount: counts i32, got ${x.dtype} ${showShape(x.shape)}; cast it first`);
  }
  if (!Number.isInteger(bins) || bins < 1 || bins > MOST_BINS) {
    throw new ShapeError(`bincount: bins is a whole number from 1 to ${MOST_BINS}, got ${showValue(bins)}`);
  }
  const y = zeros([bins], { dtype: 'i32' });
  y.label = 'bincount';
  if (x.size > 0) count(x.buffer, y.buffer, { count: x.size, bins });
  return y;
}
