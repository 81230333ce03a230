// Copies along strides, without a gradient: what permuting, slicing, joining and broadcasting are made of.
import { DtypeError, ShapeError } from '../../errors.js';
import { copyStrided, MAX_RANK, type Walk } from '../../kernels/broadcast.js';
import type { DType } from '../../tensor/dtype.js';
import { type Shape, showShape, sizeOf, stridesOf } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';

/** Strides that walk a tensor as if it had the broadcast shape. */
export function repeatStrides(own: Shape, shape: Shape): number[] {
  const strides = stridesOf(own);
  const missing = shape.length - own.length;
  return shape.map((_, i) => (i < missing || own[i - missing] === 1 ? 0 : strides[i - missing]));
}

/** The elements of x that a walk from `start` by `strides` meets, as a tensor of `shape`. */
export function gather<D extends DType>(
  op: string,
  x: Tensor<D>,
  start: number,
  strides: readonly number[],
  shape: Shape,
): Tensor<D> {
  wordDtype(op, x);
  if (shape.length > MAX_RANK) throw new ShapeError(`${op}: more than ${MAX_RANK} dimensions, ${showShape(shape)}`);
  const y = empty(shape, x.dtype as D, op);
  move({ buffer: x.buffer, start, strides }, { buffer: y.buffer, start: 0, strides: stridesOf(shape) }, shape);
  return y;
}

/** Copies the elements that one walk meets to where the other does. */
export function move(from: Walk, to: Walk, shape: Shape): void {
  if (sizeOf(shape) > 0) copyStrided(from, to, shape);
}

/** @throws DtypeError for u8: kernels move words and halves. */
export function wordDtype(op: string, x: Tensor): 'f32' | 'f16' | 'i32' {
  if (x.dtype === 'u8') throw new DtypeError(`${op}: takes f32, f16 or i32, got u8; cast it first`);
  return x.dtype;
}
