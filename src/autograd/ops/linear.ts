import { ShapeError } from '../../errors.js';
import { gemm } from '../../kernels/gemm.js';
import { sumSlices } from '../../kernels/sum-slices.js';
import { showShape, sizeOf } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { inDtypeOf, lowered, requireParams } from '../autocast.js';
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
  return lowered((input) => product(input, weight, bias), [x], [weight, bias]);
}

function product(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const [out, features] = weight.shape;
  const rows = sizeOf(x.shape.slice(0, -1));
  const y = empty([...x.shape.slice(0, -1), out], x.dtype, 'linear');
  inDtypeOf(x, [weight, bias] as const, (w, b) =>
    gemm(x.buffer, w.buffer, y.buffer, { m: rows, n: out, k: features, transB: true }, b?.buffer),
  );
  return record('linear', y, bias ? [x, weight, bias] : [x, weight], (dy) => [
    () => {
      const dx = empty(x.shape, x.dtype, 'linear dx');
      inDtypeOf(x, [weight] as const, (w) => gemm(dy.buffer, w.buffer, dx.buffer, { m: rows, n: features, k: out }));
      return dx;
    },
    () => {
      const dweight = empty(weight.shape, weight.dtype, 'linear dweight');
      gemm(dy.buffer, x.buffer, dweight.buffer, { m: out, n: features, k: rows, transA: true });
      return dweight;
    },
    () => {
      const dbias = empty([out], bias!.dtype, 'linear dbias');
      sumSlices(dy.buffer, dbias.buffer, { count: out, slices: rows });
      return dbias;
    },
  ]);
}
