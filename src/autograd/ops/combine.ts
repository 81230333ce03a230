// A formula of two tensors, with broadcasting and without a gradient: what ops and their gradients are made of.
import { ShapeError } from '../../errors.js';
import { binaryBroadcast, MAX_RANK } from '../../kernels/broadcast.js';
import { binary } from '../../kernels/elementwise.js';
import { broadcastShapes, type Shape, sameShape, showShape, stridesOf } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { requireF32 } from './checks.js';

/** formula(a, b), such as 'a + b'; its constants are `value(0.5)`. It may use what src/kernels/binary.wgsl defines. */
export function combine(op: string, formula: string, a: Tensor, b: Tensor): Tensor {
  requireF32(op, a, b);
  const shape = broadcastShapes(op, a.shape, b.shape);
  if (shape.length > MAX_RANK) throw new ShapeError(`${op}: more than ${MAX_RANK} dimensions, ${showShape(shape)}`);
  const y = empty(shape, 'f32', op);
  if (y.size === 0) return y;
  if (sameShape(a.shape, b.shape)) binary(formula, a.buffer, b.buffer, y.buffer, y.size);
  else {
    const buffers = { a: a.buffer, b: b.buffer, y: y.buffer };
    binaryBroadcast(formula, buffers, shape, repeatStrides(a.shape, shape), repeatStrides(b.shape, shape));
  }
  return y;
}

/** Strides that walk a tensor as if it had the broadcast shape. */
function repeatStrides(own: Shape, shape: Shape): number[] {
  const strides = stridesOf(own);
  const missing = shape.length - own.length;
  return shape.map((_, i) => (i < missing || own[i - missing] === 1 ? 0 : strides[i - missing]));
}

/** a * weight, but 0 where the weight is 0 whatever a is: an infinity times 0 would be NaN. */
export function weigh(a: Tensor, weight: Tensor): Tensor {
  return combine('weigh', 'select(a * b, value(), b == value())', a, weight);
}
