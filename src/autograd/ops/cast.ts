// Ops that turn one dtype into another.
import { DtypeError, showValue } from '../../errors.js';
import { cast as castKernel, castU8 } from '../../kernels/elementwise.js';
import { type DType, isFloat } from '../../tensor/dtype.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { composed, record } from '../tape.js';
import { requireTensors } from './checks.js';

/**
 * The values in another dtype, f16 rounded to the nearest and infinite from 65520 on; floats to i32 round towards zero. Only floats to
 * floats have a gradient, in the dtype of x. PyTorch: x.to(dtype).
 * @throws DtypeError for anything to u8, and u8 to i32.
 */
export function cast<D extends DType>(x: Tensor, dtype: D): Tensor<D>;
export function cast(x: Tensor, dtype: DType): Tensor {
  requireTensors('cast', x);
  const from: DType = x.dtype;
  if (from === dtype) return x;
  if (!(isFloat(dtype) || dtype === 'i32') || (from === 'u8' && dtype === 'i32')) {
    throw new DtypeError(
      `cast: ${from} to ${typeof dtype === 'string' ? dtype : showValue(dtype)} is not offered; go by way of the host`,
    );
  }
  const y = empty(x.shape, dtype, 'cast');
  if (from === 'u8') castU8(x.buffer, y.buffer, x.size);
  else castKernel(x.buffer, y.buffer, x.size, from, dtype);
  return record('cast', y, [x], (dy) => [isFloat(from) && isFloat(dtype) ? () => cast(dy, from) : null]);
}

/** Runs an op of two tensors on those of one dtype: where one is f32 and the other f16 on f32, as PyTorch promotes. */
export function promoted(op: (a: Tensor, b: Tensor) => Tensor, a: Tensor, b: Tensor): Tensor {
  if (a.dtype === b.dtype || !isFloat(a.dtype) || !isFloat(b.dtype)) return op(a, b);
  return composed([a, b], () => op(cast(a, 'f32'), cast(b, 'f32')));
}
