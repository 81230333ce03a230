// How a function of one tensor, element by element, is launched and recorded.
import * as kernels from '../../kernels/elementwise.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { record } from '../tape.js';
import { requireFloats } from './checks.js';

/** y from x, and dx from dy and s: the x or the y that is saved, or nothing. */
export interface Formula {
  y: string;
  save?: 'x' | 'y';
  dx: string;
}

/** Computes y by a formula. `op` is what messages and `memory()` call it; alpha and beta are the formula's constants. */
export function pointwise(
  op: string,
  x: Tensor,
  { y: formula, save, dx: gradient }: Formula,
  alpha = 0,
  beta = 0,
): Tensor {
  requireFloats(op, x);
  const y = empty(x.shape, x.dtype, op);
  kernels.map(formula, x.buffer, y.buffer, x.size, alpha, beta);
  return record(op, y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, x.dtype, `${op} dx`);
      const s = save ? { x, y }[save] : dy;
      kernels.mapGrad(gradient, { s: s.buffer, dy: dy.buffer, dx: dx.buffer }, x.size, alpha, beta);
      return dx;
    },
  ]);
}

/** Launches a kernel from x to y (dy is null), or from x and dy to dx. */
export type Launch = typeof kernels.gelu;

/** Computes y by a kernel of the op's own. */
export function withKernel(op: string, x: Tensor, forward: Launch, backward: Launch): Tensor {
  requireFloats(op, x);
  const y = empty(x.shape, x.dtype, op);
  forward(x.buffer, null, y.buffer, x.size);
  return record(op, y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, x.dtype, `${op} dx`);
      backward(x.buffer, dy.buffer, dx.buffer, x.size);
      return dx;
    },
  ]);
}
