// A formula of two tensors, with broadcasting and without a gradient: what ops and their gradients are made of.
import { ShapeError } from '../../errors.js';
import { binaryBroadcast, MAX_RANK } from '../../kernels/broadcast.js';
import { binary } from '../../kernels/elementwise.js';
import { broadcastShapes, sameShape, showShape } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { requireFloats } from './checks.js';
import { repeatStrides } from './strided.js';

/** formula(a, b), such as 'a + b'; its constants are `value(0.5)`. It may use what src/kernels/binary.wgsl defines. */
export function combine(op: string, formula: string, a: Tensor, b: Tensor): Tensor {
  requireFloats(op, a, b);
  const shape = broadcastShapes(op, a.shape, b.shape);
  if (shape.length > MAX_RANK) throw new ShapeError(`${op}: more than ${MAX_RANK} dimensions, ${showShape(shape)}`);
  const y = empty(shape, a.dtype, op);
  if (y.size === 0) return y;
  if (sameShape(a.shape, b.shape)) binary(formula, a.buffer, b.buffer, y.buffer, y.size);
  else {
    const buffers = { a: a.buffer, b: b.buffer, y: y.buffer };
    binaryBroadcast(formula, buffers, shape, repeatStrides(a.shape, shape), repeatStrides(b.shape, shape));
  }
  return y;
}

/** a * weight, but 0 where the weight is 0 whatever a is: an infinity times 0 would be NaN. */
export function weigh(a: Tensor, weight: Tensor): Tensor {
  return combine('weigh', 'select(a * b, value(), b == value())', a, weight);
}

/** A formula for `combine`: 1 where `a relation b`, 0 elsewhere. */
export function comparison(relation: string): string {
  const holds = unlessNaN(relation, `a ${relation} b`, '(is_nan(a) | is_nan(b))');
  return `select(value(), value(1.0), ${holds})`;
}

/** Of NaN only "differs" is true; a compiler that assumes that there is none may turn comparisons around. */
export function unlessNaN(relation: string, holds: string, nan: string): string {
  return relation === '!=' ? `(${holds}) | ${nan}` : `(${holds}) & !(${nan})`;
}
