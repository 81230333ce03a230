// Ops that move elements and compute nothing.
import { ShapeError, showValue, UsageError } from '../../errors.js';
import { MAX_RANK } from '../../kernels/broadcast.js';
import { fill } from '../../kernels/elementwise.js';
import type { DType } from '../../tensor/dtype.js';
import { normalizeDim, type Shape, sameShape, showShape, sizeOf, stridesOf } from '../../tensor/shape.js';
import { alias, empty, type Tensor } from '../../tensor/tensor.js';
import { composed, record } from '../tape.js';
import { requireList, requireNumbers, requireTensors } from './checks.js';
import { zerosLike } from './create.js';
import { gather, move, wordDtype } from './strided.js';

/**
 * The same elements in another shape; one size may be -1, "whatever is left". Shares memory. PyTorch: torch.reshape.
 * @throws ShapeError if the sizes do not multiply to as many elements.
 */
export function reshape<D extends DType>(x: Tensor<D>, shape: Shape): Tensor<D> {
  requireTensors('reshape', x);
  requireList('reshape', 'sizes', shape);
  const known = shape.filter((n) => n !== -1);
  const rest = known.length === shape.length ? 1 : x.size / sizeOf(known);
  const full = shape.map((n) => (n === -1 ? rest : n));
  if (known.length < shape.length - 1 || !full.every(isSize) || sizeOf(full) !== x.size) {
    throw new ShapeError(`reshape: ${showShape(x.shape)} (${x.size} elements) does not fit ${showShape(shape)}`);
  }
  return record('reshape', alias(x, full), [x], (dy) => [() => alias(dy, x.shape)]);
}

const isSize = (n: number) => Number.isInteger(n) && n >= 0;

/** Joins dimensions startDim to endDim into one. PyTorch: torch.flatten. */
export function flatten<D extends DType>(x: Tensor<D>, startDim = 0, endDim = -1): Tensor<D> {
  requireTensors('flatten', x);
  const first = normalizeDim('flatten', startDim, x.rank);
  const last = normalizeDim('flatten', endDim, x.rank);
  const { shape } = x;
  if (first > last) throw new ShapeError(`flatten: dim ${startDim} comes after dim ${endDim} in ${showShape(shape)}`);
  return reshape(x, [...shape.slice(0, first), sizeOf(shape.slice(first, last + 1)), ...shape.slice(last + 1)]);
}

/** Puts in a dimension of size 1, which becomes dimension `dim`. PyTorch: torch.unsqueeze. */
export function unsqueeze<D extends DType>(x: Tensor<D>, dim: number): Tensor<D> {
  requireTensors('unsqueeze', x);
  const at = normalizeDim('unsqueeze', dim, x.rank + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Takes out dimension `dim` if its size is 1; without `dim`, all of size 1. PyTorch: torch.squeeze. */
export function squeeze<D extends DType>(x: Tensor<D>, dim?: number): Tensor<D> {
  requireTensors('squeeze', x);
  const at = dim === undefined ? null : normalizeDim('squeeze', dim, x.rank);
  return reshape(
    x,
    x.shape.filter((n, i) => n !== 1 || (at !== null && i !== at)),
  );
}

/** Reorders dimensions: dimension i of the result is dimension dims[i] of x. PyTorch: x.permute. */
export function permute<D extends DType>(x: Tensor<D>, dims: readonly number[]): Tensor<D> {
  requireTensors('permute', x);
  requireList('permute', 'dimensions', dims);
  const order = dims.map((d) => normalizeDim('permute', d, x.rank));
  if (new Set(order).size !== x.rank || order.length !== x.rank) {
    throw new ShapeError(`permute: ${showShape(dims)} does not name each dimension of ${showShape(x.shape)} once`);
  }
  return permuted('permute', x, order);
}

function permuted<D extends DType>(op: string, x: Tensor<D>, order: readonly number[]): Tensor<D> {
  const strides = stridesOf(x.shape);
  const y = gather(
    op,
    x,
    0,
    order.map((d) => strides[d]),
    order.map((d) => x.shape[d]),
  );
  return record(op, y, [x], (dy) => [
    () =>
      permuted(
        op,
        dy,
        order.map((_, i) => order.indexOf(i)),
      ),
  ]);
}

/** Exchanges two dimensions; default the last two. PyTorch: x.transpose. */
export function transpose<D extends DType>(x: Tensor<D>, dim0 = -2, dim1 = -1): Tensor<D> {
  requireTensors('transpose', x);
  const order = x.shape.map((_, i) => i);
  const [a, b] = [normalizeDim('transpose', dim0, x.rank), normalizeDim('transpose', dim1, x.rank)];
  [order[a], order[b]] = [b, a];
  return permuted('transpose', x, order);
}

/** A range of one dimension without its end; negative numbers count from the back, a negative step walks backwards. */
export type Range = readonly [start: number, end?: number | undefined, step?: number] | null;

/**
 * Ranges of the leading dimensions, as x[1:3, :, ::2] in Python: slice(x, [1, 3], null, [0, undefined, 2]).
 * null takes a dimension whole.
 */
export function slice<D extends DType>(x: Tensor<D>, ...ranges: Range[]): Tensor<D> {
  requireTensors('slice', x);
  if (ranges.length > x.rank) throw new ShapeError(`slice: ${ranges.length} ranges for ${showShape(x.shape)}`);
  const strides = stridesOf(x.shape);
  let start = 0;
  const shape = [...x.shape];
  const steps = [...strides];
  ranges.forEach((range, i) => {
    const [first, count, step] = resolve(range, x.shape[i]);
    start += first * strides[i];
    shape[i] = count;
    steps[i] = step * strides[i];
  });
  const y = gather('slice', x, start, steps, shape);
  return record('slice', y, [x], (dy) => [
    () => {
      const dx = zerosLike(x);
      move(
        { buffer: dy.buffer, start: 0, strides: stridesOf(shape) },
        { buffer: dx.buffer, start, strides: steps },
        shape,
      );
      return dx;
    },
  ]);
}

/** First element, how many, and the step, by Python's rules. */
function resolve(range: Range, size: number): [number, number, number] {
  if (range === null) return [0, size, 1];
  requireList('slice', '[start, end, step] or null for a dimension', range);
  const [start, end, step = 1] = range;
  if (!Number.isInteger(step) || step === 0) {
    throw new ShapeError(`slice: step ${showValue(step)} is not a whole number other than 0`);
  }
  if (!Number.isInteger(start) || !(end === undefined || Number.isInteger(end))) {
    throw new ShapeError(`slice: from ${showValue(start)} to ${showValue(end)}; both are whole numbers`);
  }
  const bound = (value: number | undefined, otherwise: number): number => {
    if (value === undefined) return otherwise;
    const at = value < 0 ? value + size : value;
    return step > 0 ? Math.min(Math.max(at, 0), size) : Math.min(Math.max(at, -1), size - 1);
  };
  const first = bound(start, 0);
  const last = bound(end, step > 0 ? size : -1);
  return [first, Math.max(0, Math.ceil((last - first) / step)), step];
}

/**
 * Tensors behind each other along a dimension. PyTorch: torch.cat.
 * @throws ShapeError if there are none, or if dtypes or other dimensions differ.
 */
export function concat<D extends DType>(tensors: readonly Tensor<D>[], dim = 0): Tensor<D> {
  requireList('concat', 'tensors', tensors);
  const [first] = tensors;
  if (tensors.length === 0) throw new ShapeError('concat: needs at least one tensor');
  requireTensors('concat', ...tensors);
  if (first.rank === 0) throw new ShapeError('concat: scalars have no dimension to join along; use stack');
  const at = normalizeDim('concat', dim, first.rank);
  wordDtype('concat', first);
  for (const t of tensors) {
    if (t.rank !== first.rank || t.dtype !== first.dtype || t.shape.some((n, i) => i !== at && n !== first.shape[i])) {
      throw new ShapeError(
        `concat: ${showShape(t.shape)} ${t.dtype} does not join ${showShape(first.shape)} ${first.dtype} along dim ${at}`,
      );
    }
  }
  const shape = first.shape.map((n, i) => (i === at ? tensors.reduce((sum, t) => sum + t.shape[at], 0) : n));
  const y = empty(shape, first.dtype as D, 'concat');
  const strides = stridesOf(shape);
  let offset = 0;
  const offsets = tensors.map((t) => {
    const mine = offset;
    offset += t.shape[at];
    const target = { buffer: y.buffer, start: mine * strides[at], strides };
    move({ buffer: t.buffer, start: 0, strides: stridesOf(t.shape) }, target, t.shape);
    return mine;
  });
  return record('concat', y, tensors, (dy) =>
    tensors.map((t, i) => () => {
      const ranges = shape.map((_, d): Range => (d === at ? [offsets[i], offsets[i] + t.shape[at]] : null));
      return slice(dy, ...ranges);
    }),
  );
}

/**
 * Tensors of one shape behind each other along a new dimension. PyTorch: torch.stack.
 * @throws ShapeError if there are none, or if shapes or dtypes differ.
 */
export function stack<D extends DType>(tensors: readonly Tensor<D>[], dim = 0): Tensor<D> {
  requireList('stack', 'tensors', tensors);
  if (tensors.length === 0) throw new ShapeError('stack: needs at least one tensor');
  requireTensors('stack', ...tensors);
  const [first] = tensors;
  wordDtype('stack', first);
  normalizeDim('stack', dim, first.rank + 1);
  const other = tensors.find((t) => !sameShape(t.shape, first.shape) || t.dtype !== first.dtype);
  if (other) {
    const names = [other, first].map((t) => `${showShape(t.shape)} ${t.dtype}`);
    throw new ShapeError(`stack: ${names[0]} and ${names[1]} differ`);
  }
  return composed(tensors, () =>
    concat(
      tensors.map((t) => unsqueeze(t, dim)),
      dim,
    ),
  );
}

/**
 * Adds `value` (default 0) around the last dimensions: [[before, after], ...], one pair a dimension, the last ones last.
 * PyTorch: F.pad, which takes the last dimension first.
 * @throws ShapeError if there are more pairs than dimensions, or negative numbers.
 */
export function pad<D extends DType>(
  x: Tensor<D>,
  amounts: readonly (readonly [number, number])[],
  value = 0,
): Tensor<D> {
  requireTensors('pad', x);
  requireList('pad', '[before, after] pairs', amounts);
  requireNumbers('pad', { value });
  const first = x.rank - amounts.length;
  if (first < 0 || !amounts.every((both) => Array.isArray(both) && both.length === 2 && both.every(isSize))) {
    throw new ShapeError(`pad: ${showValue(amounts)} for ${showShape(x.shape)}; pairs of whole numbers, 0 or more`);
  }
  if (x.rank > MAX_RANK) throw new ShapeError(`pad: more than ${MAX_RANK} dimensions, ${showShape(x.shape)}`);
  if (x.dtype === 'i32' && !Number.isInteger(value)) throw new UsageError(`pad: ${value} is no value of i32`);
  const before = x.shape.map((_, i) => amounts[i - first]?.[0] ?? 0);
  const shape = x.shape.map((n, i) => n + before[i] + (amounts[i - first]?.[1] ?? 0));
  const y = empty(shape, x.dtype as D, 'pad');
  fill(y.buffer, y.size, value, wordDtype('pad', x));
  const strides = stridesOf(shape);
  const start = before.reduce((sum, n, i) => sum + n * strides[i], 0);
  move({ buffer: x.buffer, start: 0, strides: stridesOf(x.shape) }, { buffer: y.buffer, start, strides }, x.shape);
  const inside = x.shape.map((n, i): Range => [before[i], before[i] + n]);
  return record('pad', y, [x], (dy) => [() => slice(dy, ...inside)]);
}
