// Random numbers for the host: a pure function of a key, so that order of use and number of workers do not matter.
import { showValue, UsageError } from '../errors.js';

/** Mixes whole numbers into one 32-bit key; their lowest 32 bits count. @throws UsageError for other numbers. */
export function mixKey(...parts: number[]): number {
  let h = 0x9e3779b9;
  for (const part of parts) {
    if (!Number.isInteger(part)) throw new UsageError(`mixKey: ${showValue(part)} is not a whole number`);
    h = Math.imul(h ^ (part >>> 0), 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
    h = (h ^ (h >>> 16)) >>> 0;
  }
  return h;
}

/** A small generator (splitmix32) that starts from a key. @throws UsageError unless that is a whole number. */
export class Random {
  constructor(private state: number) {
    if (!Number.isInteger(state)) throw new UsageError(`Random: the key ${showValue(state)} is not a whole number`);
  }

  /** A 32-bit word. */
  word(): number {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** In [0, 1). */
  unit(): number {
    return this.word() / 2 ** 32;
  }

  /** A whole number from 0 to count - 1. @throws UsageError unless `count` is a whole number above 0. */
  below(count: number): number {
    if (!(Number.isSafeInteger(count) && count >= 1)) {
      throw new UsageError(`below: ${showValue(count)} is not a whole number, 1 or more`);
    }
    return Math.floor(this.unit() * count);
  }

  /** Normal, mean 0 and standard deviation 1. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
  }

  /** From the beta distribution of (alpha, alpha), symmetric about 1/2. @throws UsageError unless `alpha` is a finite number above 0. */
  beta(alpha: number): number {
    if (!(alpha > 0 && Number.isFinite(alpha)))
      throw new UsageError(`beta: alpha is a finite number above 0, got ${showValue(alpha)}`);
    return 1 / (1 + Math.exp(this.logGamma(alpha) - this.logGamma(alpha)));
  }

  /** The logarithm of a number from the gamma distribution (Marsaglia and Tsang 2000); below 1 the number itself may underflow. */
  private logGamma(shape: number): number {
    if (shape < 1) return this.logGamma(shape + 1) + Math.log(1 - this.unit()) / shape;
    const d = shape - 1 / 3;
    for (;;) {
      const x = this.normal();
      const v = (1 + x / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(1 - this.unit()) < (x * x) / 2 + d * (1 - v + Math.log(v))) return Math.log(d * v);
    }
  }
}

/** A shuffled copy (Fisher and Yates). */
export function shuffled<T>(items: Iterable<T>, random: Random): T[] {
  const list = [...items];
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}
