// One case: an op on the device against its reference.
//
// The domain is every f32, and every f16. What WebGPU leaves to the adapter is left out, and said where it is: denormals are drawn only
// where taking them for zero stays below the tolerance. NaN and infinities are compared as they are: IEEE's answer, and
// PyTorch's choice where a derivative jumps or a NaN is compared with a number. A sum whose terms overflow on their way
// with both signs, or whose total only f64 can hold, depends on the order in which it is added up, and is not compared.
import fc from 'fast-check';
import { hasHalf } from '../../../src/autograd/autocast.js';
import { bindingLimit, setBindingLimit } from '../../../src/device/windows.js';
import { fromHalves, toHalves } from '../../../src/half.js';
import { type DType, scope, sync, type Tensor, tensor } from '../../../src/index.js';
import { seeded } from '../random.js';
import { assertClose, type Compared, LARGEST, LARGEST_HALF, SMALLEST_HALF } from '../tolerance.js';
import type { Sums } from './sums.js';

/** Which numbers an input holds. */
const VALUES = {
  /** In [-1, 1). */
  unit: (base: Float32Array) => base,
  /** Few whole numbers: ties, and zeros of both signs. */
  whole: (base: Float32Array) => base.map((v) => Math.round(v * 3)),
  /** A third are denormals. */
  tiny: (base: Float32Array) => base.map((v, i) => (i % 3 === 0 ? v * 1e-39 : v)),
  /** Up to 1e15: products are still f32. */
  large: (base: Float32Array) => base.map((v) => v * 1e15),
  /** A few, or a third, are NaN, infinite, zeros, huge or small. */
  special: (base: Float32Array) => withSpecials(base, SPECIAL),
  /** Two thirds from 1e30 up to the largest f32. */
  huge: (base: Float32Array) => base.map((v, i) => (i % 3 === 0 ? v : Math.sign(v) * 10 ** (30 + 8.5 * Math.abs(v)))),
  /** About 1e-30; no denormals. */
  small: (base: Float32Array) => base.map((v) => (v + (v < 0 ? -0.1 : 0.1)) * 1e-30),
  /** 100,000 and a little. */
  offset: (base: Float32Array) => base.map((v) => v + 1e5),
} as const satisfies Record<string, (base: Float32Array) => Float32Array>;

/** The same for f16, within what it holds. */
const HALF_VALUES: Record<keyof typeof VALUES, (base: Float32Array) => Float32Array> = {
  unit: (base) => base,
  whole: (base) => base.map((v) => Math.round(v * 3)),
  /** A third are subnormal halves, which no adapter may take for zero: kernels compute in f32. */
  tiny: (base) => base.map((v, i) => (i % 3 === 0 ? v * 2 ** -14 : v)),
  /** Up to 200: products are still f16. */
  large: (base) => base.map((v) => v * 200),
  special: (base) => withSpecials(base, HALF_SPECIAL),
  /** Two thirds from 1000 up to the largest f16. */
  huge: (base) => base.map((v, i) => (i % 3 === 0 ? v : Math.sign(v) * Math.min(1000 * 66 ** Math.abs(v), 65504))),
  /** About 2^-8. */
  small: (base) => base.map((v) => (v + (v < 0 ? -0.1 : 0.1)) * 2 ** -8),
  /** 1000 and a little. */
  offset: (base) => base.map((v) => 8 * v + 1000),
};

export type Values = keyof typeof VALUES;
export const KINDS = Object.keys(VALUES) as Values[];

const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, LARGEST, -LARGEST, 1e-30, 1e30];

const [NAN, INFINITE] = [Number.NaN, Number.POSITIVE_INFINITY];
const HALF_SPECIAL = [NAN, INFINITE, -INFINITE, 0, -0, LARGEST_HALF, -LARGEST_HALF, SMALLEST_HALF, 2048];

function withSpecials(base: Float32Array, special: readonly number[]): Float32Array {
  if (base.length === 0) return base;
  const choice = Math.floor(Math.abs(base[0]) * 1e6);
  const sparse = choice % 2 === 0; // so that not every sum is NaN
  const chosen = new Set(sparse ? [0, 1, 2].slice(choice % 3).map((i) => (choice * (2 * i + 1)) % base.length) : []);
  return base.map((v, i) => {
    if (sparse ? !chosen.has(i) : (i + choice) % 3 !== 0) return v;
    return special[Math.floor(Math.abs(v) * 1e5) % special.length];
  });
}

/** What every case draws besides its op's own shapes and options. */
export interface Setting {
  /** Of the inputs' values and the upstream gradient's. */
  seed: number;
  values: Values;
  /** How many of the op's largest items fit into a binding; 0 leaves the device's limit. */
  items: number;
  /** Bit i: whether input i requires a gradient. */
  needs: number;
  /** The inputs' dtype. Default f32. */
  dtype?: 'f32' | 'f16';
}

/** Draws a setting. Every op takes all kinds of values; what one does not take is given with the reason. */
export function settings(without: { readonly [kind in Values]?: string } = {}): fc.Arbitrary<Setting> {
  const drawn = KINDS.filter((kind) => without[kind] === undefined);
  return fc.record({
    seed: fc.nat(1e6),
    values: fc.constantFrom(...drawn),
    items: fc.constantFrom(0, 0, 1, 2, 5),
    needs: fc.constantFrom(7, 7, 7, 0, 1, 2, 4),
    dtype: fc.constantFrom<'f32' | 'f16'>('f32', 'f16'),
  });
}

type Draws = Pick<Setting, 'seed' | 'values' | 'dtype'>;

/** Values that the setting's dtype holds; `which` tells the inputs of a case apart. */
export function valuesOf(size: number, { seed, values, dtype }: Draws, which = 0): Float32Array {
  const base = seeded(size, seed * 8 + which + 1);
  // Of two inputs, one is special, or the other, or both.
  const plain = values === 'special' && which < 2 && seed % 3 === which;
  if (dtype !== 'f16') return plain ? base : VALUES[values](base);
  return halves(plain ? base : HALF_VALUES[values](base));
}

const halves = (values: Float32Array) => fromHalves(toHalves(values));

/** Reasons that several ops have. */
export const DENORMALS = 'adapters may take two denormals for equal zeros';

/** Like `valuesOf`, but apart from zero and each other's neighbourhood: for functions with a pole or a jump there. */
export function valuesBetween(
  low: number,
  high: number,
  size: number,
  seed: number,
  dtype?: Setting['dtype'],
): Float32Array {
  const most = dtype === 'f16' ? LARGEST_HALF : LARGEST;
  const [from, to] = [Math.max(low, -most), Math.min(high, most)];
  const values = seeded(size, seed).map((v) => from + ((v + 1) / 2) * (to - from));
  return dtype === 'f16' ? halves(values) : values;
}

/** Whether f32 cannot hold a slope, but could its product with dy: by the order of products it is an infinity or not. */
export const beyond = (slope: number, dy: number): boolean =>
  Number.isFinite(slope) && Math.abs(slope) > 0.9999 * LARGEST && Math.abs(dy * slope) <= 1.0001 * LARGEST;

/** Adds dy times a slope. */
export function addSlope(to: Sums, at: number, dy: number, slope: number): void {
  to.add(at, dy * slope);
  if (beyond(slope, dy)) to.leaveOut(at);
}

/** An input: its values, shape and gradient's expected values. */
export interface Input {
  shape: readonly number[];
  data: Float32Array;
  /** f32 whatever the setting says. */
  wide?: boolean;
}

/** What a reference gives: the result, and from the upstream gradient each input's gradient; null where there is none. */
export interface Expected {
  y: Sums;
  gradients?: (dy: Float32Array) => readonly (Sums | null)[];
  /** The result's dtype. Default: the inputs'. */
  dtype?: DType;
  /** f16: numbers that are rounded to it on the way to a gradient, as large as the terms of its sum. Default 0. */
  roundings?: number;
  /** Looks at what the op did to its inputs. */
  after?: (...inputs: Tensor[]) => Promise<void>;
}

/**
 * Runs an op and compares result and gradients. `item` is the number of elements of the largest thing that the op binds
 * whole (an image, a row), for `items` of the setting.
 */
export async function compare(
  op: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Input[],
  expected: Expected,
  setting: Setting,
  item = 64,
): Promise<void> {
  fc.pre(setting.dtype !== 'f16' || hasHalf()); // the device has none
  const limit = bindingLimit();
  if (setting.items > 0) setBindingLimit(Math.ceil((setting.items * Math.max(item, 128) + 256) / 64) * 256);
  try {
    await compareHere(op, inputs, expected, setting);
    await sync(); // what the device reports late belongs to this case
  } finally {
    setBindingLimit(limit);
  }
}

async function compareHere(
  op: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Input[],
  { y: wanted, gradients, after, dtype: result, roundings }: Expected,
  { seed, needs, dtype = 'f32' }: Setting,
): Promise<void> {
  using _ = scope();
  const required = inputs.map((_, i) => gradients !== undefined && i < 3 && (needs & (1 << i)) !== 0);
  const dtypeOf = ({ wide }: Input) => (wide ? 'f32' : dtype);
  const xs = inputs.map((input, i) => {
    const { shape, data } = input;
    return tensor(data, { shape, dtype: dtypeOf(input), requiresGrad: required[i] });
  });
  const y = op(...xs);
  if (inputs.length > 0) sameDtype('y', y, result ?? dtype);
  check('y', y, await y.data(), wanted, result === undefined && inputs.length > 0 ? dtype : 'f32');
  await after?.(...xs);
  if (!required.some(Boolean)) return;
  const random = seeded(y.size, seed * 8 + 7);
  const dy = dtype === 'f16' ? halves(random) : random;
  y.backward(tensor(dy, { shape: y.shape, dtype: y.dtype }));
  const all = gradients!(dy);
  for (const [i, x] of xs.entries()) {
    const gradient = all[i];
    if (!required[i] || !gradient) {
      if (x.grad) throw new Error(`input ${i} got a gradient that it must not have`);
      continue;
    }
    if (!x.grad) throw new Error(`input ${i} got no gradient`);
    sameDtype(`gradient of input ${i}`, x.grad, dtypeOf(inputs[i]));
    check(`gradient of input ${i}`, x.grad, await x.grad.data(), gradient, dtypeOf(inputs[i]), roundings);
    x.grad.dispose();
  }
}

function sameDtype(what: string, t: Tensor, wanted: DType): void {
  if (t.dtype !== wanted) throw new Error(`${what} is ${t.dtype}, expected ${wanted}`);
}

/** What was compared since `startTally`. */
export const tally: Compared = { values: 0, blind: 0 };

export function startTally(): void {
  Object.assign(tally, { values: 0, blind: 0 });
}

/** Compares, and counts what could not have failed. */
export function compareValues(
  what: string,
  actual: ArrayLike<number>,
  wanted: Sums,
  dtype: 'f32' | 'f16' = 'f32',
  roundings = 0,
): void {
  // A drawn case may cancel altogether; test/support/properties/property.ts judges all of a property's cases together.
  const options = { what, shape: wanted.shape, allowed: wanted.allowed(dtype, roundings), blind: 'one of many cases' };
  const { values, blind } = assertClose(actual, wanted.expected(dtype), options);
  tally.values += values;
  tally.blind += blind;
}

function check(
  what: string,
  t: Tensor,
  actual: ArrayLike<number>,
  wanted: Sums,
  dtype: 'f32' | 'f16',
  roundings?: number,
): void {
  if (t.shape.join() !== wanted.shape.join() || t.rank !== wanted.shape.length) {
    throw new Error(`${what}: shape [${t.shape}], expected [${wanted.shape}]`);
  }
  compareValues(what, actual, wanted, dtype, roundings);
}
