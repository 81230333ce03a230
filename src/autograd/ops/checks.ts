// Argument checks that several ops share. They are for callers in plain JavaScript, whom no compiler warns: a wrong argument never
// reaches the GPU.
import { DtypeError, ShapeError, showValue, UsageError } from '../../errors.js';
import { isFloat } from '../../tensor/dtype.js';
import { showShape } from '../../tensor/shape.js';
import { disposedOf } from '../../tensor/storage.js';
import { Tensor } from '../../tensor/tensor.js';

/** [vertical, horizontal]. */
export type Pair = readonly [number, number];

/** A size given once or for each axis, checked to be whole and at least `least`. */
export function pair(op: string, what: string, value: number | Pair, least: number): Pair {
  const both: Pair = typeof value === 'number' ? [value, value] : value;
  if (!Array.isArray(both) || both.length !== 2 || !Array.from(both).every((n) => Number.isInteger(n) && n >= least)) {
    throw new ShapeError(
      `${op}: ${what} ${showValue(value)} is not a whole number, ${least} or more, or a pair of them`,
    );
  }
  return both;
}

/** @throws UsageError unless all are tensors that still have their memory. */
export function requireTensors(op: string, ...values: unknown[]): void {
  for (const value of values) {
    if (!(value instanceof Tensor)) throw new UsageError(`${op}: takes a tensor, got ${showValue(value)}`);
    if (value.disposed) throw new UsageError(`${op}: ${disposedOf(value.label, value.shape)}`);
  }
}

/** @throws UsageError unless all are tensors, DtypeError unless all hold f32. */
export function requireF32(op: string, ...tensors: Tensor[]): void {
  requireTensors(op, ...tensors);
  for (const t of tensors) {
    if (t.dtype !== 'f32') {
      throw new DtypeError(`${op}: takes f32, got ${t.dtype} ${showShape(t.shape)}; cast it first`);
    }
  }
}

/**
 * The dtype that all have.
 * @throws UsageError unless all are tensors, DtypeError unless all hold f32, or all f16.
 */
export function requireFloats(op: string, ...tensors: Tensor[]): 'f32' | 'f16' {
  requireTensors(op, ...tensors);
  const dtype = tensors[0].dtype as 'f32' | 'f16';
  for (const t of tensors) {
    if (!isFloat(t.dtype)) {
      throw new DtypeError(`${op}: takes f32 or f16, got ${t.dtype} ${showShape(t.shape)}; cast it first`);
    }
    if (t.dtype !== dtype) {
      throw new DtypeError(
        `${op}: takes tensors of one dtype, got ${dtype} ${showShape(tensors[0].shape)} and ${t.dtype} ${showShape(t.shape)}; cast one`,
      );
    }
  }
  return dtype;
}

/** @throws UsageError unless each is a number; NaN is none. */
export function requireNumbers(op: string, values: { [name: string]: unknown }): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'number' || Number.isNaN(value)) {
      throw new UsageError(`${op}: ${name} is a number, got ${showValue(value)}`);
    }
  }
}

/** @throws UsageError unless the value is true or false. An object of options here would count as true. */
export function requireFlag(op: string, name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new UsageError(`${op}: ${name} is true or false, got ${showValue(value)}`);
}

/** @throws UsageError unless the value is a list. */
export function requireList(op: string, what: string, value: unknown): void {
  if (!Array.isArray(value)) throw new UsageError(`${op}: takes a list of ${what}, got ${showValue(value)}`);
}
