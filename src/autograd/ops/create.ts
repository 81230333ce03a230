// New tensors with given values. They are not recorded: they have no gradient.

import { DtypeError, LimitError, showValue, UsageError } from '../../errors.js';
import { fill } from '../../kernels/elementwise.js';
import { anything, checkOptions, flag, type Rules } from '../../options.js';
import { type AnyDType, bytesOf, checkDtype, type DType, isFloat } from '../../tensor/dtype.js';
import { checkShape, type Shape } from '../../tensor/shape.js';
import { empty, type Tensor, type TensorOptions, tensor, trainable } from '../../tensor/tensor.js';
import { requireNumbers, requireTensors } from './checks.js';
import { wordDtype } from './strided.js';

/**
 * A tensor filled with one value. PyTorch: torch.full.
 * @throws UsageError if the dtype cannot hold the value.
 */
export function full<D extends DType = AnyDType>(
  shape: Shape,
  value: number,
  options: TensorOptions<D> = {},
): Tensor<D> {
  return filled('full', shape, value, options);
}

const OPTIONS: Rules<TensorOptions> = { dtype: anything, requiresGrad: flag }; // requireDtype looks at dtype

const HOLDS: Record<DType, (value: number) => boolean> = {
  f32: () => true,
  f16: () => true,
  i32: (value) => value === (value | 0),
  u8: (value) => value === (value & 255),
};

function filled<D extends DType>(op: string, shape: Shape, value: number, options: TensorOptions<D>): Tensor<D> {
  checkShape(op, shape);
  checkOptions(op, options, OPTIONS);
  const { dtype = 'f32' as D, requiresGrad = false } = options;
  requireDtype(op, dtype, requiresGrad);
  if (typeof value !== 'number' || !HOLDS[dtype](value)) {
    throw new UsageError(`${op}: ${showValue(value)} is no value of ${dtype}`);
  }
  const made = empty(shape, dtype, op);
  const byte = (value & 255) * 0x01010101;
  if (made.size > 0 && dtype === 'u8') fill(made.buffer, bytesOf(dtype, made.size) / 4, byte, 'i32');
  else if (made.size > 0) fill(made.buffer, made.size, value, wordDtype(op, made));
  return trainable(made, requiresGrad);
}

/** A tensor filled with 0. PyTorch: torch.zeros. */
export function zeros<D extends DType = AnyDType>(shape: Shape, options: TensorOptions<D> = {}): Tensor<D> {
  return filled('zeros', shape, 0, options);
}

/** A tensor filled with 1. PyTorch: torch.ones. */
export function ones<D extends DType = AnyDType>(shape: Shape, options: TensorOptions<D> = {}): Tensor<D> {
  return filled('ones', shape, 1, options);
}

/** Zeros in the shape and dtype of another tensor. PyTorch: torch.zeros_like. */
export function zerosLike<D extends DType>(t: Tensor<D>): Tensor<D> {
  requireTensors('zerosLike', t);
  return zeros(t.shape, { dtype: t.dtype as D });
}

/** Ones in the shape and dtype of another tensor. PyTorch: torch.ones_like. */
export function onesLike<D extends DType>(t: Tensor<D>): Tensor<D> {
  requireTensors('onesLike', t);
  return ones(t.shape, { dtype: t.dtype as D });
}

/**
 * start, start + step, ... up to but without end: arange(end), arange(start, end) or arange(start, end, step), as f32
 * unless `dtype` says otherwise. PyTorch: torch.arange.
 * @throws UsageError unless all are finite numbers and `step` is not 0.
 */
export function arange(start: number, end?: number, step = 1, options: TensorOptions = {}): Tensor {
  checkOptions('arange', options, OPTIONS);
  const { dtype = 'f32', requiresGrad = false } = options;
  requireDtype('arange', dtype, requiresGrad);
  const [from, to] = end === undefined ? [0, start] : [start, end];
  requireNumbers('arange', { start: from, end: to, step });
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (step === 0 || !Number.isSafeInteger(count)) {
    throw new UsageError(`arange: from ${from} to ${to} in steps of ${step} never ends`);
  }
  if (count >= 2 ** 32) throw new LimitError(`arange: ${count} elements, more than a list can hold`);
  const values = Array.from({ length: count }, (_, i) => from + i * step);
  return tensor(values, { dtype, requiresGrad });
}

/**
 * `count` evenly spaced values from start to end, both included, as f32 (count). PyTorch: torch.linspace.
 * @throws UsageError unless start and end are numbers, ShapeError unless count is whole.
 */
export function linspace(start: number, end: number, count: number): Tensor {
  requireNumbers('linspace', { start, end });
  checkShape('linspace', [count]);
  // Of both ends, so that they and the middle are exact.
  const at = (i: number) => (count > 1 ? (start * (count - 1 - i) + end * i) / (count - 1) : start);
  return tensor(Float32Array.from({ length: count }, (_, i) => at(i)));
}

/**
 * The identity matrix (n, n), as f32. PyTorch: torch.eye.
 * @throws ShapeError unless n is whole.
 */
export function eye(n: number): Tensor {
  checkShape('eye', [n, n]);
  return tensor(
    Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
    { shape: [n, n] },
  );
}

function requireDtype(op: string, dtype: DType, requiresGrad: boolean): void {
  checkDtype(op, dtype);
  if (requiresGrad && !isFloat(dtype))
    throw new DtypeError(`${op}: only floats can require a gradient, this is ${dtype}`);
}
