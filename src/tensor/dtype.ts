import { roundUp } from '../device/math.js';

/** f32 for values, i32 for labels and indices, u8 for images (four to a word on the device). */
export type DType = 'f32' | 'i32' | 'u8';

/** Values on the host, an array for each dtype: f32, i32, u8. */
export type TypedArray = Float32Array | Int32Array | Uint8Array;

const BYTES: Record<DType, number> = { f32: 4, i32: 4, u8: 1 };

/** Bytes that `count` elements take on the device. */
export function bytesOf(dtype: DType, count: number): number {
  return roundUp(BYTES[dtype] * count, 4);
}

/** The host array that holds elements of a dtype. */
export function arrayOf(dtype: DType, buffer: ArrayBuffer, count: number): TypedArray {
  if (dtype === 'f32') return new Float32Array(buffer, 0, count);
  return dtype === 'i32' ? new Int32Array(buffer, 0, count) : new Uint8Array(buffer, 0, count);
}

export function dtypeOf(array: TypedArray): DType {
  if (array instanceof Float32Array) return 'f32';
  return array instanceof Int32Array ? 'i32' : 'u8';
}
