import { ShapeError } from '../../errors.js';
import { gemm } from '../../kernels/gemm.js';
import { sumSlices } from '../../kernels/sum-slices.js';
import { showShape, sizeOf } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { as, loweredInput, requireParams } from '../autocast.js';
import { record } from '../tape.js';
import { requireFloats } from './checks.js';

/**
 * y = x · weightᵀ + bias over the last dimension. x (..., in), weight (out, in), bias (out) or null; y (..., out).
 * PyTorch: F.linear.
 * @throws ShapeError if shapes do not fit.
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  requireFloats('linear', x);
  requireParams('linear', x, weight, bias);
  const shapes = `(x ${showShape(x.shape)}, weight ${showShape(weight.shape)})`;
  if (weight.rank !== 2) throw new ShapeError(`linear: weight is (out, in) ${shapes}`);
  const [out, features] = weight.shape;
  if (x.shape.at(-1) !== features) {
    throw new ShapeError(`linear: weight takes ${features} features, x has ${x.shape.at(-1) ?? 'none'} ${shapes}`);
  }
  if (bias && (bias.rank !== 1 || bias.shape[0] !== out)) {
    throw new ShapeError(`linear: bias ${showShape(bias.shape)} for ${out} outputs ${shapes}`);
  }
  return loweredInput((input, dtype) => product(input, weight, bias, dtype), x, [weight, bias]);
}

function product(x: Tensor, weight: Tensor, bias: Tensor | null, dtype: 'f32' | 'f16'): Tensor {
  const [out, features] = weight.shape;
  const rows = sizeOf(x.shape.slice(0, -1));
  const y = empty([...x.shape.slice(0, -1), out], dtype, 'linear');
  as(dtype, [x, weight, bias] as const, (input, w, b) =>
    gemm(input.buffer, w.buffer, y.buffer, { m: rows, n: out, k: features, transB: true }, b?.buffer),
  );
  return record('linear', y, bias ? [x, weight, bias] : [x, weight], (dy) => [
    () => {
      const dx = empty(x.shape, x.dtype, 'linear dx');
      as(dtype, [weight] as const, (w) => gemm(dy.buffer, w.buffer, dx.buffer, { m: rows, n: features, k: out }));
      return dx;
    },
    () => {
      const dweight = empty(weight.shape, weight.dtype, 'linear dweight');
      const size = { m: out, n: features, k: rows, transA: true };
      as(dtype, [x] as const, (input) => gemm(dy.buffer, input.buffer, dweight.buffer, size));
      return dweight;
    },
    () => {
      const dbias = empty([out], bias!.dtype, 'linear dbias');
      sumSlices(dy.buffer, dbias.buffer, { count: out, slices: rows });
      return dbias;
    },
  ]);
}
