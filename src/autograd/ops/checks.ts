// Argument checks that several ops share.
import { DtypeError, ShapeError } from '../../device/errors.js';
import { showShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';

/** [vertical, horizontal]. */
export type Pair = readonly [number, number];

/** A size given once or for each axis, checked to be whole and at least `least`. */
export function pair(op: string, what: string, value: number | Pair, least: number): Pair {
  const both: Pair = typeof value === 'number' ? [value, value] : value;
  if (both.length !== 2 || !both.every((n) => Number.isInteger(n) && n >= least)) {
    const given = typeof value === 'number' ? String(value) : showShape(value);
    throw new ShapeError(`${op}: ${what} ${given} is not a whole number, ${least} or more, or a pair of them`);
  }
  return both;
}

/** @throws DtypeError unless all tensors hold f32. */
export function requireF32(op: string, ...tensors: Tensor[]): void {
  for (const t of tensors) {
    if (t.dtype !== 'f32') {
      throw new DtypeError(`${op}: takes f32, got ${t.dtype} ${showShape(t.shape)}; cast it first`);
    }
  }
}
