// The numbers of files: every type that NumPy and safetensors store, and what the library reads it as.
import { showValue } from '../errors.js';
import { fromHalf, toHalves } from '../half.js';
import type { HostArray, TypedArray } from '../tensor/dtype.js';

/** How numbers lie in a file: little-endian, one after the other. */
export type ElementType = keyof typeof TYPES;

/** What is read without trust says so here; it throws. */
export type Fail = (what: string) => never;

interface Type {
  bytes: number;
  /** The dtype that holds it: f32 for floats, u8 for bytes, i32 for all else. */
  array: new (
    length: number,
  ) => TypedArray;
  at: (view: DataView, offset: number, little: boolean) => number | bigint;
}

const TYPES = {
  bool: { bytes: 1, array: Uint8Array, at: (view, offset) => view.getUint8(offset) },
  u8: { bytes: 1, array: Uint8Array, at: (view, offset) => view.getUint8(offset) },
  i8: { bytes: 1, array: Int32Array, at: (view, offset) => view.getInt8(offset) },
  i16: { bytes: 2, array: Int32Array, at: (view, offset, little) => view.getInt16(offset, little) },
  u16: { bytes: 2, array: Int32Array, at: (view, offset, little) => view.getUint16(offset, little) },
  f16: { bytes: 2, array: Float32Array, at: (view, offset, little) => fromHalf(view.getUint16(offset, little)) },
  bf16: { bytes: 2, array: Float32Array, at: (view, offset, little) => topHalf(view.getUint16(offset, little)) },
  i32: { bytes: 4, array: Int32Array, at: (view, offset, little) => view.getInt32(offset, little) },
  u32: { bytes: 4, array: Int32Array, at: (view, offset, little) => view.getUint32(offset, little) },
  f32: { bytes: 4, array: Float32Array, at: (view, offset, little) => view.getFloat32(offset, little) },
  i64: { bytes: 8, array: Int32Array, at: (view, offset, little) => view.getBigInt64(offset, little) },
  u64: { bytes: 8, array: Int32Array, at: (view, offset, little) => view.getBigUint64(offset, little) },
  f64: { bytes: 8, array: Float32Array, at: (view, offset, little) => view.getFloat64(offset, little) },
} as const satisfies Record<string, Type>;

/** From here on a number is nearer to the infinity of f16 than to its largest number. */
const HALF_LIMIT = 65520;

/** The type that each of the host's arrays is written as, by the name that every realm's arrays carry. */
const WRITTEN: Record<string, ElementType> = {
  Float32Array: 'f32',
  Float64Array: 'f64',
  Float16Array: 'f16',
  Int8Array: 'i8',
  Int16Array: 'i16',
  Int32Array: 'i32',
  BigInt64Array: 'i64',
  Uint8Array: 'u8',
  Uint8ClampedArray: 'u8',
  Uint16Array: 'u16',
  Uint32Array: 'u32',
  BigUint64Array: 'u64',
};

/** Bytes of one element. */
export function elementBytes(type: ElementType): number {
  return TYPES[type].bytes;
}

/** A file's numbers as an array of their own. Fails for whole numbers beyond i32. */
export function readElements(type: ElementType, bytes: Uint8Array, fail: Fail, littleEndian = true): TypedArray {
  const { bytes: step, array, at }: Type = TYPES[type];
  const own = new Uint8Array(bytes); // a copy: aligned, and not a view of the whole file
  if (array === Uint8Array) return own;
  if (littleEndian && type === 'f32') return new Float32Array(own.buffer);
  if (littleEndian && type === 'i32') return new Int32Array(own.buffer);
  const view = new DataView(own.buffer);
  const values = new array(own.length / step);
  for (let i = 0; i < values.length; i++) {
    const value = at(view, i * step, littleEndian);
    values[i] = Number(value);
    if (array === Int32Array && values[i] !== Number(value)) fail(`${value}, beyond i32`);
  }
  return values;
}

/** Fails unless there are as many values as the shape needs. */
export function requireFilled(shape: readonly number[], data: HostArray, fail: Fail): void {
  if (!Array.isArray(shape)) fail(`shape is a list of sizes, got ${showValue(shape)}`);
  const needed = shape.reduce((n, size) => n * size, 1);
  if (needed !== data.length) fail(`${data.length} values, its shape needs ${needed}`);
}

/**
 * What an array is written as; fails for anything else, and for finite f32 numbers of which f16 would make infinities. The host is
 * little-endian, as WebGPU's hosts are.
 */
export function writtenAs(
  data: HostArray,
  fail: Fail,
  floats: 'f32' | 'f16' = 'f32',
): { type: ElementType; bytes: Uint8Array } {
  const name = ArrayBuffer.isView(data) ? String(data[Symbol.toStringTag]) : '';
  if (!Object.hasOwn(WRITTEN, name)) {
    const read = typeof data === 'function' ? '; a tensor’s is await t.data()' : '';
    fail(`data is a typed array such as a Float32Array, got ${showValue(data)}${read}`);
  }
  if (name === 'Float32Array' && floats === 'f16') return asHalves(data as Float32Array, fail);
  return { type: WRITTEN[name], bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function asHalves(data: Float32Array, fail: Fail): { type: ElementType; bytes: Uint8Array } {
  const beyond = data.find((value) => Number.isFinite(value) && Math.abs(value) >= HALF_LIMIT);
  if (beyond !== undefined) fail(`${beyond} is beyond f16, whose largest number is 65504`);
  return { type: 'f16', bytes: new Uint8Array(toHalves(data).buffer) };
}

/** The f32 whose upper half these bits are: bfloat16. */
function topHalf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0];
}
