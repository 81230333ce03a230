import { DtypeError, showValue } from '../errors.js';
import { fromHalves } from '../half.js';
import { roundUp } from '../math.js';

/**
 * f32 for values; f16 for the same in half the memory, where the adapter has `shader-f16`; i32 for labels and indices; u8 for images
 * (four to a word on the device).
 */
export type DType = 'f32' | 'f16' | 'i32' | 'u8';

/** Values on the host: floats, i32, u8. */
export type TypedArray = Float32Array | Int32Array | Uint8Array;

/** The host array of each dtype. */
export interface ArrayOf {
  /** Of 32-bit floats. */
  f32: Float32Array;
  /** Of halves, as 32-bit floats: `halves()` gives their bits. */
  f16: Float32Array;
  /** Of 32-bit whole numbers. */
  i32: Int32Array;
  /** Of bytes. */
  u8: Uint8Array;
}

/** The dtype of a tensor whose type does not say one: it passes for every dtype, and every dtype for it. */
// biome-ignore lint/suspicious/noExplicitAny: only `any` is taken for all of them, and takes them
export type AnyDType = any;

/** The dtypes that a tensor's type stands for. */
export type DTypesOf<D extends DType> = string extends D ? DType : D;

/** What `data()` gives, by a tensor's type: the array of the dtype that it says; a Float32Array if it says none, as nearly all are f32. */
export type DataOf<D extends DType> = string extends D ? Float32Array : ArrayOf[D];

/** The dtype that `tensor` makes of values of this type; said for whole numbers only. */
export type DTypeFrom<Values> =
  Values extends HostTensor<infer Data>
    ? DTypeFrom<Data>
    : Values extends Uint8Array | Uint8ClampedArray
      ? 'u8'
      : Values extends Int8Array | Int16Array | Int32Array | Uint16Array | Uint32Array | BigInt64Array | BigUint64Array
        ? 'i32'
        : AnyDType;

/** Typed arrays that values are taken from; `dtypeOf` says as what. */
export type HostArray =
  | TypedArray
  | Float64Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Uint32Array
  | Uint8ClampedArray
  | BigInt64Array
  | BigUint64Array;

/** A tensor's values on the host. */
export interface HostTensor<Data extends HostArray = HostArray> {
  /** Sizes, the slowest dimension first. */
  shape: readonly number[];
  /** Elements in row-major order. */
  data: Data;
}

const BYTES: Record<DType, number> = { f32: 4, f16: 2, i32: 4, u8: 1 };

/** By the name that every realm's arrays carry. i32 is what whole numbers become, as int64 in PyTorch. */
const DTYPE_OF: Record<string, DType> = {
  Float32Array: 'f32',
  Float64Array: 'f32',
  Float16Array: 'f32',
  Int8Array: 'i32',
  Int16Array: 'i32',
  Int32Array: 'i32',
  Uint16Array: 'i32',
  Uint32Array: 'i32',
  BigInt64Array: 'i32',
  BigUint64Array: 'i32',
  Uint8Array: 'u8',
  Uint8ClampedArray: 'u8',
};

/** Bytes that a kernel's elements take: bytes are read in words. */
export function elementBytes(dtype: DType): 2 | 4 {
  return dtype === 'f16' ? 2 : 4;
}

/** Whether it holds real numbers, of which there are gradients. */
export function isFloat(dtype: DType): dtype is 'f32' | 'f16' {
  return dtype === 'f32' || dtype === 'f16';
}

/** Bytes that `count` elements take on the device. */
export function bytesOf(dtype: DType, count: number): number {
  return roundUp(BYTES[dtype] * count, 4);
}

/** The host array that holds elements of a dtype. */
export function arrayOf(dtype: DType, buffer: ArrayBuffer, count: number): TypedArray {
  if (dtype === 'f32') return new Float32Array(buffer, 0, count);
  if (dtype === 'f16') return fromHalves(new Uint16Array(buffer, 0, count));
  return dtype === 'i32' ? new Int32Array(buffer, 0, count) : new Uint8Array(buffer, 0, count);
}

/** @throws DtypeError unless it is one. */
export function checkDtype(op: string, dtype: unknown): asserts dtype is DType {
  if (typeof dtype !== 'string' || !Object.hasOwn(BYTES, dtype)) {
    throw new DtypeError(`${op}: dtype is f32, f16, i32 or u8, got ${showValue(dtype)}`);
  }
}

/**
 * The dtype that a typed array's values are taken as: floats f32, bytes u8, all other whole numbers i32.
 * @throws DtypeError for a view that is no array of numbers.
 */
export function dtypeOf(op: string, array: ArrayBufferView): DType {
  const name = (array as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? '';
  if (!Object.hasOwn(DTYPE_OF, name)) throw new DtypeError(`${op}: takes arrays of numbers, got ${showValue(array)}`);
  return DTYPE_OF[name];
}
