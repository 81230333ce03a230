// Broadcasting and its gradient: of each of these ops the other is the gradient.
import { ShapeError } from '../../errors.js';
import type { DType } from '../../tensor/dtype.js';
import { checkShape, type Shape, sameShape, showShape } from '../../tensor/shape.js';
import { alias, type Tensor } from '../../tensor/tensor.js';
import { composed, record } from '../tape.js';
import { requireFloats, requireTensors } from './checks.js';
import { reduceDims } from './reduce-dims.js';
import { gather, repeatStrides } from './strided.js';

/** Repeats dimensions of size 1, and new ones in front, up to a shape. PyTorch: x.expand. */
export function broadcastTo<D extends DType>(x: Tensor<D>, shape: Shape): Tensor<D> {
  requireTensors('broadcastTo', x);
  checkShape('broadcastTo', shape);
  if (sameShape(x.shape, shape)) return x;
  const missing = shape.length - x.rank;
  if (missing < 0 || x.shape.some((n, i) => n !== 1 && n !== shape[i + missing])) {
    throw new ShapeError(`broadcastTo: ${showShape(x.shape)} does not broadcast to ${showShape(shape)}`);
  }
  const y = gather('broadcastTo', x, 0, repeatStrides(x.shape, shape), shape);
  return record('broadcastTo', y, [x], (dy) => [() => sumTo(dy, x.shape)]);
}

/** Sums a tensor down to a shape that broadcasts to its own: the gradient of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  requireFloats('sumTo', x);
  checkShape('sumTo', shape);
  if (sameShape(x.shape, shape)) return x;
  if (shape.length > x.rank || shape.some((n, i) => n !== 1 && n !== x.shape[i + x.rank - shape.length])) {
    throw new ShapeError(`sumTo: ${showShape(shape)} does not broadcast to ${showShape(x.shape)}`);
  }
  const missing = x.rank - shape.length;
  const dims = x.shape.flatMap((n, i) => (i < missing || (shape[i - missing] === 1 && n !== 1) ? [i] : []));
  return composed([x], () => {
    const y = alias(reduceDims('sum', 'sum', x, dims), shape);
    return record('sumTo', y, [x], (dy) => [() => broadcastTo(dy, x.shape)]);
  });
}
