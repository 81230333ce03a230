// Reductions without a gradient: what sums, means and extremes are made of, and the gradient of broadcasting.
import { ShapeError } from '../../errors.js';
import * as kernels from '../../kernels/reduce.js';
import { showShape, sizeOf } from '../../tensor/shape.js';
import { alias, empty, type Tensor } from '../../tensor/tensor.js';
import { requireFloats } from './checks.js';
import { zeros } from './create.js';

/**
 * Reduces dims one run of neighbours at a time, so that the kernel only sees (outer, length, inner). What is summed further on the way
 * is f32, whatever x is.
 */
export function reduceDims(op: string, how: kernels.Combine, x: Tensor, dims: number[], divisor = 1): Tensor {
  requireFloats(op, x);
  const kept = x.shape.map((n, i) => (dims.includes(i) ? 1 : n));
  if (x.size === 0) {
    if (sizeOf(kept) > 0 && op !== 'sum') throw nothing(op, x, dims);
    return zeros(kept, { dtype: x.dtype });
  }
  let current = x;
  let shape = [...x.shape];
  const rest = [...dims];
  while (rest.length > 0) {
    const last = rest.pop()!;
    let first = last;
    while (rest.at(-1) === first - 1) first = rest.pop()!;
    const size = {
      outer: sizeOf(shape.slice(0, first)),
      length: sizeOf(shape.slice(first, last + 1)),
      inner: sizeOf(shape.slice(last + 1)),
    };
    shape = shape.map((n, i) => (i >= first && i <= last ? 1 : n));
    const next = empty(shape, how === 'sum' && rest.length > 0 ? 'f32' : x.dtype, op);
    kernels.reduce(how, current.buffer, next.buffer, size, rest.length === 0 ? divisor : 1);
    if (current !== x) current.dispose();
    current = next;
  }
  return current === x ? alias(x, x.shape) : current;
}

/** The error for a result that would be computed from no elements; only a sum has a value then, 0. */
export function nothing(op: string, x: Tensor, dims: readonly number[]): ShapeError {
  return new ShapeError(
    `${op}: ${showShape(x.shape)} has no elements along ${showShape(dims)}; only a sum of nothing is 0`,
  );
}
