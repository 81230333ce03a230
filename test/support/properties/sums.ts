import { fromHalf, toHalf } from '../../../src/half.js';
import { allowance, halfAllowance, LARGEST, LARGEST_HALF } from '../tolerance.js';

/** How a value that is no plain sum came about. */
export interface Origin {
  /** How many roundings lie behind each value. Default 1. */
  terms?: number;
  /** Magnitude that the values come from, beyond their own: one number, or one for each. Default 0. */
  scale?: number | ArrayLike<number>;
}

/** Values in float64 that remember how large their terms were: rounding errors are held against that. */
export class Sums {
  readonly value: Float64Array;
  /** Of each value, what its terms' magnitudes add up to; infinities apart. */
  private readonly magnitude: Float64Array;
  /** The same of terms above zero, and of those below. */
  private readonly above: Float64Array;
  private readonly below: Float64Array;
  private readonly counts: Float64Array;
  private readonly left: Uint8Array;

  constructor(
    readonly shape: readonly number[],
    readonly size = shape.reduce((a, b) => a * b, 1),
  ) {
    this.value = new Float64Array(size);
    this.magnitude = new Float64Array(size);
    this.above = new Float64Array(size);
    this.below = new Float64Array(size);
    this.counts = new Float64Array(size);
    this.left = new Uint8Array(size);
  }

  /** Values that are no sums, or whose terms do not matter. */
  static of(shape: readonly number[], values: ArrayLike<number>, { terms = 1, scale = 0 }: Origin = {}): Sums {
    const made = new Sums(shape);
    for (let i = 0; i < made.size; i++) {
      const own = Math.abs(values[i]);
      const of = typeof scale === 'number' ? scale : scale[i];
      made.value[i] = values[i];
      made.magnitude[i] = (Number.isFinite(own) ? own : 0) + (Number.isFinite(of) ? of : 0);
      made.counts[i] = terms * 256;
    }
    return made;
  }

  /**
   * Adds a term. `size` is its magnitude where that is not its own: of a mean, before it was divided.
   * A product of finite numbers that f32 cannot hold is what f32 makes of it.
   */
  add(at: number, term: number, size = Math.abs(term)): void {
    this.value[at] += term;
    if (Number.isFinite(size)) {
      this.magnitude[at] += size;
      (term > 0 ? this.above : this.below)[at] += size;
    }
    this.counts[at]++;
  }

  /** A value that is not compared: where PyTorch's own answer depends on the order of sums, or on its backend. */
  leaveOut(at: number): void {
    this.left[at] = 1;
  }

  /** Leaves out all for which `when` holds. */
  leaveOutWhere(when: (at: number) => boolean): this {
    for (let i = 0; i < this.size; i++) if (when(i)) this.left[i] = 1;
    return this;
  }

  /** What the terms of the sign that has less add up to. */
  private lesser(at: number): number {
    return Math.min(this.above[at], this.below[at]);
  }

  /** The values as a dtype holds them: beyond its range they are infinite. */
  expected(dtype: 'f32' | 'f16' = 'f32'): Float64Array {
    const held = this.value.map((v) => (Math.abs(v) > LARGEST ? Math.sign(v) * Number.POSITIVE_INFINITY : v));
    return dtype === 'f16' ? held.map((v) => fromHalf(toHalf(v))) : held;
  }

  /**
   * What each value may be off by; Infinity where it is not compared. `roundings`: numbers as large as its terms that are rounded to f16 on
   * the way.
   */
  allowed(dtype: 'f32' | 'f16' = 'f32', roundings = 0): Float64Array {
    return this.value.map((v, i) => {
      const overflow = !Number.isNaN(v) && this.magnitude[i] > 0.9999 * LARGEST;
      // Terms that overflow on their way give an infinity, NaN or a number, by the order in which they are added.
      const sure = Number.isFinite(v) && Math.abs(v) > 1.0001 * LARGEST && this.lesser(i) < 0.1 * LARGEST;
      if (this.left[i] || (overflow && !sure)) return Number.POSITIVE_INFINITY;
      const single = allowance(this.magnitude[i], 1 + this.counts[i] / 256);
      if (dtype === 'f32') return single;
      const size = Math.abs(v);
      const total = single + (Number.isFinite(v) ? halfAllowance(v, roundings, this.magnitude[i]) : 0);
      // A number so near to where f16 ends is infinite or not; and what is rounded on the way may be.
      const edge = size - total < HALF_LIMIT && size + total > LARGEST_HALF;
      return edge || (roundings > 0 && this.magnitude[i] > LARGEST_HALF) ? Number.POSITIVE_INFINITY : total;
    });
  }
}

/** From here on a number is nearer to infinity than to the largest f16. */
const HALF_LIMIT = 65520;
