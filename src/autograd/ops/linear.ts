import { ShapeError } from '../../errors.js';
import { gemm } from '../../kernels/gemm.js';
import { sumSlices } from '../../kernels/sum-slices.js';
import { showShape, sizeOf } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { lowered } from '../autocast.js';
import { record } from '../tape.js';
import { requireFloats } from './checks.js';

/**
 * y = x · weightᵀ + bias over the last dimension. x (..., in), weight (out, in), bias (out) or null; y (..., out).
 * PyTorch: F.linear.
 * @throws ShapeError if shapes do not fit.
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  for (const t of bias ? [x, weight, bias] : [x, weight]) requireFloats('linear', t);
  const shapes = `(x ${showShape(x.shape)}, weight ${showShape(weight.shape)})`;
  if (weight.rank !== 2) throw new ShapeError(`linear: weight is (out, in) ${shapes}`);
  const [out, features] = weight.shape;
  if (x.shape.at(-1) !== features) {
    throw new ShapeError(`linear: weight takes ${features} features, x has ${x.shape.at(-1) ?? 'none'} ${shapes}`);
  }
  if (bias && (bias.rank !== 1 || bias.shape[0] !== out)) {
    throw new ShapeError(`linear: bias ${showShape(bias.shape)} for ${out} outputs ${shapes}`);
  }
  return lowered(product, x, weight, bias);
}

function product(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  requireFloats('linear', x, weight, ...(bias ? [bias] : []));
  const [out, features] = weight.shape;
  const rows = sizeOf(x.shape.slice(0, -1));
  const y = empty([...x.shape.slice(0, -1), out], x.dtype, 'linear');
  gemm(x.buffer, weight.buffer, y.buffer, { m: rows, n: out, k: features, transB: true }, bias?.buffer);
  return record('linear', y, bias ? [x, weight, bias] : [x, weight], (dy) => [
    () => {
      const dx = empty(x.shape, x.dtype, 'linear dx');
      gemm(dy.buffer, weight.buffer, dx.buffer, { m: rows, n: features, k: out });
      return dx;
    },
    () => {
      const dweight = empty(weight.shape, x.dtype, 'linear dweight');
      gemm(dy.buffer, x.buffer, dweight.buffer, { m: out, n: features, k: rows, transA: true });
      return dweight;
    },
    () => {
      const dbias = empty([out], x.dtype, 'linear dbias');
      sumSlices(dy.buffer, dbias.buffer, { count: out, slices: rows });
      return dbias;
    },
  ]);
}
