// Tensors made of nothing. They are not recorded: they have no gradient.
import { UsageError } from '../../device/errors.js';
import { fill } from '../../kernels/elementwise.js';
import { bytesOf } from '../../tensor/dtype.js';
import type { Shape } from '../../tensor/shape.js';
import { empty, type Tensor, type TensorOptions, tensor, trainable } from '../../tensor/tensor.js';

/** A tensor filled with one value. PyTorch: torch.full. */
export function full(shape: Shape, value: number, { dtype = 'f32', requiresGrad = false }: TensorOptions = {}): Tensor {
  const made = empty(shape, dtype, 'full');
  const byte = (value & 255) * 0x01010101;
  const words = bytesOf(dtype, made.size) / 4;
  if (words > 0) fill(made.buffer, words, dtype === 'u8' ? byte : value, dtype === 'f32' ? 'f32' : 'i32');
  return trainable(made, requiresGrad);
}

/** A tensor filled with 0. PyTorch: torch.zeros. */
export function zeros(shape: Shape, options?: TensorOptions): Tensor {
  return full(shape, 0, options);
}

/** A tensor filled with 1. PyTorch: torch.ones. */
export function ones(shape: Shape, options?: TensorOptions): Tensor {
  return full(shape, 1, options);
}

/** Zeros in the shape and dtype of another tensor. PyTorch: torch.zeros_like. */
export function zerosLike(t: Tensor): Tensor {
  return zeros(t.shape, { dtype: t.dtype });
}

/** Ones in the shape and dtype of another tensor. PyTorch: torch.ones_like. */
export function onesLike(t: Tensor): Tensor {
  return ones(t.shape, { dtype: t.dtype });
}

/**
 * start, start + step, ... up to but without end: arange(end), arange(start, end) or arange(start, end, step), as f32
 * unless `dtype` says otherwise. PyTorch: torch.arange.
 * @throws UsageError if `step` is 0.
 */
export function arange(
  start: number,
  end?: number,
  step = 1,
  { dtype = 'f32', requiresGrad = false }: TensorOptions = {},
): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  if (step === 0) throw new UsageError('arange: step is 0');
  const count = Math.max(0, Math.ceil((to - from) / step));
  const values = Array.from({ length: count }, (_, i) => from + i * step);
  return tensor(values, { dtype, requiresGrad });
}

/** `count` evenly spaced values from start to end, both included, as f32 (count). PyTorch: torch.linspace. */
export function linspace(start: number, end: number, count: number): Tensor {
  const step = count > 1 ? (end - start) / (count - 1) : 0;
  return tensor(Float32Array.from({ length: count }, (_, i) => start + i * step));
}

/** The identity matrix (n, n), as f32. PyTorch: torch.eye. */
export function eye(n: number): Tensor {
  return tensor(
    Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
    { shape: [n, n] },
  );
}
