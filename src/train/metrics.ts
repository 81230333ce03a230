// Numbers about predictions, computed on the host in float64.
export { argmaxRow, ConfusionMatrix, softmaxRows } from '../metrics/index.js';

/** A weighted running mean. */
export class Mean {
  constructor(
    /** Of values times their weights. */
    public sum = 0,
    /** Of all values. */
    public weight = 0,
  ) {}

  /** Takes a value in; `weight` 1 by default. */
  add(value: number, weight = 1): void {
    this.sum += value * weight;
    this.weight += weight;
  }

  /** The mean; NaN before the first value. */
  get value(): number {
    return this.weight === 0 ? Number.NaN : this.sum / this.weight;
  }
}
