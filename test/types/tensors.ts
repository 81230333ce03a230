// Types of tensors by their dtype. Compiled, never run.
import {
  add,
  argmax,
  cast,
  concat,
  type DType,
  empty,
  type HostArray,
  matmul,
  randn,
  reshape,
  slice,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.js';
import type { OnDevice } from '../../src/train/index.js';
import { typed } from './check.js';

export async function byDtype(x: Tensor, labels: Tensor<'i32'>, bytes: Tensor<'u8'>, any: Tensor<DType>) {
  typed<Float32Array>()(await x.data(), true);
  typed<Int32Array>()(await labels.data(), true);
  typed<Uint8Array>()(await bytes.data(), true);
  typed<Float32Array | Int32Array | Uint8Array>()(await any.data(), true);
  typed<DType>()(x.dtype, true);
  typed<'i32'>()(labels.dtype, true);
  // @ts-expect-error: there is no such dtype
  void (x.dtype === 'f64');
}

export async function made(values: HostArray) {
  typed<Float32Array>()(await tensor([[1, 2]]).data(), true);
  typed<Float32Array>()(await tensor(new Float64Array(2)).data(), true);
  typed<Int32Array>()(await tensor(Int32Array.of(1)).data(), true);
  typed<Int32Array>()(await tensor({ data: new BigInt64Array(2), shape: [2] }).data(), true);
  typed<Uint8Array>()(await tensor(new Uint8Array(2)).data(), true);
  typed<Int32Array>()(await tensor([1, 2], { dtype: 'i32' }).data(), true);
  typed<Float32Array>()(await tensor(Int32Array.of(1), { dtype: 'f32' }).data(), true);
  typed<Int32Array>()(await zeros([2], { dtype: 'i32' }).data(), true);
  typed<Float32Array>()(await zeros([2]).data(), true);
  typed<Uint8Array>()(await empty([2], 'u8').data(), true);
  typed<Float32Array>()(await empty([2]).data(), true);
  const unknown: Tensor = tensor(values);
  void unknown;
}

export async function computed(x: Tensor, labels: Tensor<'i32'>) {
  typed<Float32Array>()(await matmul(x, randn([2, 2])).data(), true);
  typed<Int32Array>()(await argmax(x, 1).data(), true);
  typed<Int32Array>()(await cast(x, 'i32').data(), true);
  typed<Float32Array>()(await cast(labels, 'f32').data(), true);
  typed<Int32Array>()(await reshape(slice(labels, [0, 2]), [2, 1]).data(), true);
  typed<Int32Array>()(await concat([labels, argmax(x, 1)]).data(), true);
  typed<Int32Array>()(await labels.detach().data(), true);
}

/** Who does not say a dtype takes any, and a variable of that type holds any. */
export function loose(x: Tensor, labels: Tensor<'i32'>): void {
  const oneHotOrNot = (target: Tensor): Tensor => add(target, 1);
  let current = x;
  current = labels;
  oneHotOrNot(labels);
  void current;
  // @ts-expect-error: floats are no labels
  const wrong: Tensor<'i32'> = tensor([1], { dtype: 'f32' });
  void wrong;
}

export function batches(
  batch: OnDevice<{ images: { data: Float32Array; shape: number[] }; labels: Int32Array }>,
): void {
  typed<Tensor<'i32'>>()(batch.labels, true);
  typed<Tensor>()(batch.images, true);
}
