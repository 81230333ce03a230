// How close is close enough: defined here, nowhere else.
import { showShape } from '../../src/tensor/shape.js';

export const EPSILON = 1.2e-7;
export const FACTOR = 8;
/** The smallest normal f32. WebGPU lets an adapter take what is smaller for zero. */
export const SMALLEST = 2 ** -126;
/** What may be taken for zero: adapters begin with quotients just above the smallest. */
const FLUSHED = 2 * SMALLEST;
export const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** What rounding a number to f16 may be off by, in parts of it. */
export const HALF_EPSILON = 2 ** -11;
/** The smallest f16 above 0. Subnormal halves are not taken for zero: all kernels compute in f32, where they are not subnormal. */
export const SMALLEST_HALF = 2 ** -24;
export const LARGEST_HALF = 65504;

export interface Closeness {
  /** Terms of the longest sum behind a value: rounding errors grow with its square root. Default 1. */
  terms?: number;
  /** Magnitude that the values come from: one number, or one for each. Default: the largest expected one. */
  scale?: number | ArrayLike<number>;
  /** f16: the values and the expected ones are rounded to it, beyond what `terms` and `scale` say of arithmetic in f32. Default f32. */
  dtype?: 'f32' | 'f16';
  /** f16: numbers as large as `scale` that are rounded to it on the way to a value. Default 0. */
  roundings?: number;
  /** In place of terms and scale: what each value may be off by. Infinity leaves a value out. */
  allowed?: ArrayLike<number>;
  /** What is compared, for the message. */
  what?: string;
  shape?: readonly number[];
  /** Why a comparison in which most values could be zeros is one all the same. */
  blind?: string;
}

/** What a comparison saw: of how many values, and how many of those were no larger than what they may be off by. */
export interface Compared {
  values: number;
  blind: number;
}

/** What a value that comes from numbers as large as `scale` may be off by. */
export const allowance = (scale: number, terms = 1): number => FACTOR * EPSILON * Math.sqrt(terms) * scale + FLUSHED;

/** What rounding to f16 adds: the value's and the expected one's, and `roundings` of numbers as large as `scale` on the way. */
export const halfAllowance = (value: number, roundings = 0, scale = 0): number =>
  2 * Math.max(HALF_EPSILON * Math.abs(value), SMALLEST_HALF / 2) +
  (roundings && roundings * Math.max(HALF_EPSILON * scale, SMALLEST_HALF / 2));

/**
 * Asserts |actual - expected| <= 8 eps sqrt(terms) scale for every element, NaN against NaN and infinities included;
 * names the worst one; of f16 more, by `halfAllowance`. A comparison that zeros would pass for most of what is not zero is an error of the test.
 */
export function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, options: Closeness = {}): Compared {
  const { what = 'values', shape, blind: reason } = options;
  if (actual.length !== expected.length) {
    throw new Error(`${what}: ${actual.length} elements, expected ${expected.length}`);
  }
  const allowed = allowances(expected, options);
  let [worst, at] = [1, -1];
  const compared = { values: 0, blind: 0 };
  for (let i = 0; i < expected.length; i++) {
    if (allowed[i] === Number.POSITIVE_INFINITY) continue;
    if (expected[i] !== 0) {
      compared.values++;
      if (Math.abs(expected[i]) <= allowed[i]) compared.blind++;
    }
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue;
    const share = Math.abs(actual[i] - expected[i]) / allowed[i];
    if (share <= worst) continue;
    worst = Number.isNaN(share) ? Number.POSITIVE_INFINITY : share;
    at = i;
  }
  if (at >= 0) {
    const where = shape ? `[${unravel(at, shape)}] of ${showShape(shape)}` : `${at} of ${expected.length}`;
    const off = Math.abs(actual[at] - expected[at]);
    throw new Error(
      `${what}: element ${where} is ${actual[at]}, expected ${expected[at]}: off by ${off.toExponential(2)}, allowed ${allowed[at].toExponential(2)}`,
    );
  }
  if (compared.blind * 2 > compared.values && reason === undefined) {
    throw new Error(
      `${what}: nothing is tested, ${compared.blind} of ${compared.values} values are no larger than what they may be off by; ` +
        'compare with a smaller scale, or say why not (blind)',
    );
  }
  return compared;
}

function allowances(expected: ArrayLike<number>, options: Closeness): ArrayLike<number> {
  const { terms = 1, scale = largest(expected), allowed, dtype = 'f32', roundings } = options;
  if (allowed) return allowed;
  return Float64Array.from(expected, (value, i) => {
    const size = typeof scale === 'number' ? scale : scale[i];
    const half = dtype === 'f16' && Number.isFinite(value) ? halfAllowance(value, roundings, size) : 0;
    return allowance(size, terms) + half;
  });
}

/** The largest finite magnitude; 0 of nothing. */
export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) most = Math.max(most, Math.abs(values[i]));
  }
  return most;
}

/** For each element the largest finite magnitude of those that share its place along a dimension: its channel. */
export function channelScale(values: ArrayLike<number>, shape: readonly number[], dim: number): Float64Array {
  const inner = shape.slice(dim + 1).reduce((a, b) => a * b, 1);
  const channelOf = (i: number) => Math.floor(i / inner) % shape[dim];
  const scales = new Float64Array(shape[dim]);
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (Number.isFinite(size)) scales[channelOf(i)] = Math.max(scales[channelOf(i)], size);
  }
  return Float64Array.from(values, (_, i) => scales[channelOf(i)]);
}

function unravel(index: number, shape: readonly number[]): string {
  const places: number[] = [];
  let rest = index;
  for (const n of [...shape].reverse()) {
    places.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return places.join(', ');
}
