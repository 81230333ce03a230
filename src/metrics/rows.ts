// Rows of scores on the host, in float64.
import { UsageError } from '../errors.js';

/**
 * Rows of logits (count, classes), row-major, as probabilities in float64.
 * @throws UsageError if they are not whole rows of `classes`, 1 or more.
 */
export function softmaxRows(logits: ArrayLike<number>, classes: number): Float64Array {
  if (!(Number.isInteger(classes) && classes > 0 && logits.length % classes === 0))
    throw new UsageError(`softmaxRows: ${logits.length} logits are not rows of ${classes} classes`);
  const out = Float64Array.from(logits);
  for (let row = 0; row < out.length; row += classes) {
    const values = out.subarray(row, row + classes);
    const top = Math.max(...values);
    let sum = 0;
    for (let i = 0; i < classes; i++) sum += values[i] = Math.exp(values[i] - top);
    for (let i = 0; i < classes; i++) values[i] /= sum;
  }
  return out;
}

/** The place of the largest of `classes` values from `start` on; the first of equals. NaN is the largest, as in PyTorch. */
export function argmaxRow(values: ArrayLike<number>, start: number, classes: number): number {
  let best = 0;
  for (let i = 0; i < classes; i++) {
    const value = values[start + i];
    if (Number.isNaN(value)) return i;
    if (value > values[start + best]) best = i;
  }
  return best;
}
