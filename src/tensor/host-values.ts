// Values of the host in the device's form. Only rounding to f32 and f16 happens without an error: nothing is wrapped, and no dtype is guessed.
import { DtypeError, ShapeError, showValue, UsageError } from '../errors.js';
import { toHalves } from '../half.js';
import { bytesOf, type DType, dtypeOf, type HostArray, type HostTensor, type TypedArray } from './dtype.js';
import { type Shape, showShape } from './shape.js';

/** Nested lists of numbers, such as [[1, 2], [3, 4]]. */
export type Nested = number | readonly Nested[] | HostArray;

const DEEPEST = 64;

/** A list's or an array's numbers in row-major order, with their shape; `dtype` where an array says so. */
export interface HostValues {
  flat: HostArray | readonly number[];
  shape: Shape;
  dtype: DType;
}

/** Whether a value is `{ data, shape }` of a typed array. */
export function isHostTensor(value: unknown): value is HostTensor {
  const { data, shape } = Object(value) as Partial<HostTensor>;
  return ArrayBuffer.isView(data) && Array.isArray(shape);
}

/**
 * Takes in what `tensor` was given.
 * @throws ShapeError if lists are ragged, UsageError if there is anything but numbers in them.
 */
export function hostValues(op: string, values: Nested | HostTensor): HostValues {
  if (ArrayBuffer.isView(values)) {
    return { flat: values, shape: [values.length], dtype: dtypeOf(op, values) };
  }
  if (isHostTensor(values)) return { flat: values.data, shape: values.shape, dtype: dtypeOf(op, values.data) };
  const shape = shapeOf(op, values);
  const flat: number[] = [];
  const walk = (part: Nested, dim: number): void => {
    if (isList(part)) {
      if (part.length !== shape[dim])
        throw new ShapeError(`${op}: the nested lists are ragged (expected ${showShape(shape)})`);
      for (let i = 0; i < part.length; i++) walk(part[i] as Nested, dim + 1);
    } else if (dim !== shape.length) {
      if (typeof part !== 'number') throw notANumber(op, part);
      throw new ShapeError(`${op}: the nested lists are ragged (expected ${showShape(shape)})`);
    } else if (typeof part !== 'number') throw notANumber(op, part);
    else flat.push(part);
  };
  walk(values, 0);
  return { flat, shape, dtype: 'f32' };
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

function notANumber(op: string, value: unknown): UsageError {
  return new UsageError(`${op}: values are numbers, or lists of them, got ${showValue(value)}`);
}

function shapeOf(op: string, values: unknown): number[] {
  const shape: number[] = [];
  for (let part = values; isList(part); part = part[0]) {
    if (shape.length === DEEPEST)
      throw new ShapeError(`${op}: lists more than ${DEEPEST} deep (does one hold itself?)`);
    shape.push(part.length);
    if (part.length === 0) break;
  }
  return shape;
}

/**
 * A private copy in the device's form: the caller's array may change before the upload happens.
 * @throws UsageError for what is not a list of numbers, DtypeError if i32 or u8 cannot hold a value; fractions are cut off,
 * as in PyTorch.
 */
export function deviceArray(op: string, values: HostArray | readonly number[], dtype: DType): TypedArray | Uint16Array {
  const numbers = numbersOf(op, values);
  if (dtype === 'f32') return new Float32Array(numbers);
  if (dtype === 'f16') return toHalves(numbers, bytesOf('f16', numbers.length) / 2);
  const made = dtype === 'i32' ? new Int32Array(numbers.length) : new Uint8Array(bytesOf('u8', numbers.length));
  made.set(numbers);
  const fits = ArrayBuffer.isView(values) && values.constructor.name === made.constructor.name;
  for (let i = 0; !fits && i < numbers.length; i++) {
    if (made[i] !== Math.trunc(numbers[i])) {
      throw new DtypeError(`${op}: ${dtype} cannot hold ${showValue(values[i])} (element ${i})`);
    }
  }
  return made;
}

function numbersOf(op: string, values: HostArray | readonly number[]): ArrayLike<number> {
  if (ArrayBuffer.isView(values)) {
    dtypeOf(op, values);
    return typeof values[0] === 'bigint' ? Array.from(values as BigInt64Array, Number) : (values as TypedArray);
  }
  if (!Array.isArray(values)) throw notANumber(op, values);
  for (const value of values) if (typeof value !== 'number') throw notANumber(op, value);
  return values;
}
