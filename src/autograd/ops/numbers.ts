// Arithmetic of a tensor and plain numbers, in one pass: what `add`, `mul` and the like do with a number.
import type { Tensor } from '../../tensor/tensor.js';
import { pointwise } from './elementwise.js';

/** factor * x + offset. */
export const affine = (x: Tensor, factor: number, offset: number, op = 'scale'): Tensor =>
  pointwise(op, x, { y: 'p.alpha * x + p.beta', dx: 'p.alpha * dy' }, factor, offset);

/** factor * x. It keeps the sign of a zero, which adding 0 would not. */
export const times = (x: Tensor, factor: number, op = 'mul'): Tensor =>
  pointwise(op, x, { y: 'p.alpha * x', dx: 'p.alpha * dy' }, factor);

/** x divided by a number. */
export const divideBy = (x: Tensor, divisor: number): Tensor =>
  pointwise('div', x, { y: 'divide(x, vec4f(p.alpha))', dx: 'divide(dy, vec4f(p.alpha))' }, divisor);

/** numerator / x. */
export const divideInto = (x: Tensor, numerator: number): Tensor =>
  pointwise(
    'div',
    x,
    { y: 'divide(vec4f(p.alpha), x)', save: 'x', dx: '-dy * divide(divide(vec4f(p.alpha), s), s)' },
    numerator,
  );
