// How close is close enough: defined here, nowhere else.
import { showShape } from '../../src/tensor/shape.js';

export const EPSILON = 1.2e-7;
export const FACTOR = 8;

export interface Closeness {
  /** Terms of the longest sum behind a value: rounding errors grow with its square root. Default 1. */
  terms?: number;
  /** Magnitude that the values come from. Default: the largest expected one. */
  scale?: number;
  /** What is compared, for the message. */
  what?: string;
  shape?: readonly number[];
}

/**
 * Asserts |actual - expected| <= 1e-6 + 8 eps sqrt(terms) scale for every element, NaN against NaN and infinities
 * included; names the worst one.
 */
export function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, options: Closeness = {}): void {
  const { terms = 1, what = 'values', shape } = options;
  if (actual.length !== expected.length) {
    throw new Error(`${what}: ${actual.length} elements, expected ${expected.length}`);
  }
  let scale = options.scale ?? 0;
  if (options.scale === undefined) {
    for (let i = 0; i < expected.length; i++) {
      if (Number.isFinite(expected[i])) scale = Math.max(scale, Math.abs(expected[i]));
    }
  }
  const allowed = 1e-6 + FACTOR * EPSILON * Math.sqrt(terms) * scale;
  let worst = 0;
  let at = -1;
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue;
    const error = Math.abs(actual[i] - expected[i]);
    if (!(error <= worst)) {
      worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
      at = i;
    }
  }
  if (worst > allowed) {
    const where = shape ? `[${unravel(at, shape)}] of ${showShape(shape)}` : `${at} of ${expected.length}`;
    throw new Error(
      `${what}: element ${where} is ${actual[at]}, expected ${expected[at]}: off by ${worst.toExponential(2)}, allowed ${allowed.toExponential(2)}`,
    );
  }
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
