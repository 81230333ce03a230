// Functions of one tensor, element by element: the value and the derivative in float64.
import fc from 'fast-check';
import * as w from '../../../src/index.js';
import { EPSILON, SMALLEST } from '../tolerance.js';
import { sizeOf } from './indexing.js';
import type { Property } from './property.js';
import { Sums } from './sums.js';
import { beyond, compare, type Setting, settings, valuesBetween, valuesOf } from './trial.js';

interface Case {
  shape: number[];
  /** The op's own constant, where it has one: one of those listed with it. */
  constant: number;
  /** Values of the setting's kind, or any of the function's whole domain. */
  wide: boolean;
  setting: Setting;
}

interface Formula {
  op: (x: w.Tensor, c: number) => w.Tensor;
  y(x: number, c: number): number;
  /** PyTorch's choice where it jumps, and at NaN. */
  dy(x: number, c: number): number;
  /** Where it is worth drawing besides the settings' values. */
  domain: [number, number];
  constants?: number[];
  /** Magnitude that y, or its slope, is computed from where that is more than its own: what is rounded on the way. */
  rough?(x: number, c: number): number;
  roughDy?(x: number, c: number): number;
  /** A denormal must not be taken for zero: there is a pole. */
  pole?: boolean;
  /** Its derivative jumps at zero: a sign of a denormal is the adapter's to choose. */
  jumps?: boolean;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** The error function to 1e-15: its series near zero, the complement's continued fraction away from it. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 3) {
    let [term, sum] = [a, a];
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let tail = 0;
  for (let n = 60; n > 0; n--) tail = n / 2 / (a + tail);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (a + tail) / Math.sqrt(Math.PI));
}
const density = (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
const normal = (x: number) => 0.5 * (1 + erf(x / Math.SQRT2));

/** PyTorch's power, by square roots where it takes them: that of minus infinity is NaN. */
function power(x: number, c: number): number {
  if (c === 0.5) return Math.sqrt(x);
  return c === -0.5 && x !== 0 ? 1 / Math.sqrt(x) : x ** c;
}

function powerSlope(x: number, c: number): number {
  if (c === 0.5) return 0.5 / Math.sqrt(x);
  return c === 0 ? 0 : c * power(x, c - 1);
}

/** exp of a rounded number is as much off as the number is large. */
const times = (x: number, y: number) => (y === 0 || !Number.isFinite(x) ? 0 : Math.min(Math.abs(x), 200) * Math.abs(y));
/** Rounding of an exponent, in exp2(c log2 |x|). */
const powerRough = (x: number, c: number) => times(c * Math.log2(Math.abs(x) || 1), power(x, c));

const formulas: Record<string, Formula> = {
  relu: { op: w.relu, y: (x) => Math.max(x, 0), dy: (x) => Number(!(x <= 0)), domain: [-1e30, 1e30], jumps: true },
  sigmoid: {
    ...{ op: w.sigmoid, y: sigmoid, domain: [-200, 200] },
    dy: (x) => sigmoid(x) * sigmoid(-x),
    rough: (x) => times(x, sigmoid(x) * sigmoid(-x)),
    roughDy: (x) => sigmoid(x) ** 2 + times(x, sigmoid(x) * sigmoid(-x)),
  },
  tanh: {
    op: w.tanh,
    y: Math.tanh,
    dy: (x) => 1 - Math.tanh(x) ** 2,
    domain: [-50, 50],
    roughDy: (x) => Math.tanh(x) ** 2,
  },
  exp: {
    ...{ op: w.exp, y: Math.exp, dy: Math.exp, domain: [-80, 10] },
    rough: (x) => times(x, Math.exp(x)),
    roughDy: (x) => times(x, Math.exp(x)),
  },
  // WGSL's own log is off by 2^-21 between 1/2 and 2.
  log: {
    op: w.log,
    y: Math.log,
    dy: (x) => 1 / x,
    domain: [1e-3, 1e6],
    pole: true,
    rough: (x) => Number(x > 0.5 && x < 2),
  },
  sqrt: { op: w.sqrt, y: Math.sqrt, dy: (x) => 0.5 / Math.sqrt(x), domain: [1e-3, 1e12], pole: true },
  reciprocal: { op: w.reciprocal, y: (x) => 1 / x, dy: (x) => -1 / x / x, domain: [-1e6, -1e-3], pole: true },
  abs: { op: w.abs, y: Math.abs, dy: (x) => Math.sign(x) || 0, domain: [-1e30, 1e30], jumps: true },
  square: { op: w.square, y: (x) => x * x, dy: (x) => 2 * x, domain: [-1e6, 1e6] },
  neg: { op: w.neg, y: (x) => -x, dy: () => -1, domain: [-1e30, 1e30] },
  sin: { op: w.sin, y: Math.sin, dy: Math.cos, domain: [-1e5, 1e5], rough: turned, roughDy: () => 1 },
  cos: { op: w.cos, y: Math.cos, dy: (x) => -Math.sin(x), domain: [-1e5, 1e5], rough: () => 1, roughDy: turned },
  leakyRelu: {
    ...{ op: w.leakyRelu, domain: [-1e30, 1e30], jumps: true, constants: [0.01, 0.2, 0, 1] },
    y: (x, slope) => (x > 0 ? x : slope * x),
    dy: (x, slope) => (x > 0 ? 1 : slope),
  },
  elu: {
    ...{ op: w.elu, domain: [-100, 1e6], jumps: true, constants: [1, 0.5, 3] },
    y: (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x)),
    dy: (x, alpha) => (x > 0 ? 1 : alpha * Math.exp(x)),
    roughDy: (x, alpha) => times(x, alpha * Math.exp(Math.min(x, 0))),
  },
  // 1 + erf cancels on the left, as PyTorch's own does.
  gelu: {
    ...{ op: w.gelu, domain: [-30, 30] },
    y: (x) => x * normal(x),
    dy: (x) => normal(x) + x * density(x),
    rough: (x) => Math.min(Math.abs(x), 6),
    roughDy: (x) => 1 + Math.min(Math.abs(x), 6),
  },
  silu: {
    ...{ op: w.silu, domain: [-300, 300] },
    y: (x) => x * sigmoid(x),
    dy: (x) => sigmoid(x) * (1 + x * sigmoid(-x)),
    // exp(-88) is subnormal, and may be 0.
    rough: (x) => times(x, x * sigmoid(x) * sigmoid(-x)) + times(x, SMALLEST / EPSILON),
    roughDy: (x) => times(Math.max(1, Math.abs(x)) ** 2, sigmoid(x) * sigmoid(-x)) + sigmoid(x),
  },
  softplus: {
    ...{ op: w.softplus, domain: [-300, 300], dy: sigmoid },
    y: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    rough: (x) => times(x, Math.log1p(Math.exp(-Math.abs(x)))),
    roughDy: (x) => times(x, sigmoid(x) * sigmoid(-x)),
  },
  clamp: {
    ...{ op: (x, c) => w.clamp(x, -c, 2 * c), domain: [-1e30, 1e30], jumps: true, constants: [0, 1, 0.5] },
    y: (x, c) => Math.min(Math.max(x, -c), 2 * c),
    dy: (x, c) => Number(x >= -c && x <= 2 * c),
  },
  pow: {
    ...{ op: w.pow, domain: [0.05, 20], pole: true, constants: [0, 0.5, 1, 2, 3, -1, -2, -0.5, 1.7, -0.3, 2.5, 4] },
    ...{ y: power, dy: powerSlope },
    rough: powerRough,
    roughDy: (x, c) => Math.abs(c) * powerRough(x, c - 1),
  },
};

/** The sine of more than half a radian is a difference from a multiple of pi / 2. */
function turned(x: number): number {
  return Number(Math.abs(x) > 0.5);
}

/** Beyond this the ops only promise a sine between -1 and 1: f32 is coarser than a tenth of a radian soon after. */
const FAR = 1e5;

const casesOf = ({ constants = [0], pole }: Formula): fc.Arbitrary<Case> =>
  fc.record({
    shape: fc
      .array(
        fc.oneof(
          { weight: 9, arbitrary: fc.integer({ min: 1, max: 9 }) },
          { weight: 1, arbitrary: fc.constantFrom(0, 257, 1031) },
        ),
        { maxLength: 4 },
      )
      .filter((shape) => sizeOf(shape) <= 50_000),
    constant: fc.constantFrom(...constants),
    wide: fc.boolean(),
    setting: settings(pole ? { tiny: 'at a pole, a denormal that is taken for zero is another number' } : {}),
  });

async function check({ op, y: f, dy: df, domain, rough, roughDy, jumps }: Formula, c: Case): Promise<void> {
  const size = sizeOf(c.shape);
  const special = c.setting.values !== 'unit'; // whose values are in every domain
  const wide = c.wide && !special;
  const drawn = wide ? valuesBetween(...domain, size, c.setting.seed + 1) : valuesOf(size, c.setting);
  const data = drawn.map((v) => (Math.abs(v) < 2 ** -126 && jumps ? 0 : v));
  const constant = Math.fround(c.constant);
  const scale = (of: typeof rough) => Float64Array.from(data, (v) => of?.(v, constant) ?? 0);
  const values = Float64Array.from(data, (v) => f(v, constant));
  const y = Sums.of(c.shape, values, { terms: 4, scale: scale(rough) });
  const turns = op === w.sin || op === w.cos;
  const far = (sums: Sums) => sums.leaveOutWhere((i) => turns && Math.abs(data[i]) > FAR && Number.isFinite(data[i]));
  const gradients = (dy: Float32Array) => {
    const [slopes, roughness] = [Float64Array.from(data, (v) => df(v, constant)), scale(roughDy)];
    const dx = Sums.of(
      c.shape,
      slopes.map((s, i) => dy[i] * s),
      { terms: 4, scale: roughness.map((r, i) => r * Math.abs(dy[i])) },
    );
    return [far(dx).leaveOutWhere((i) => beyond(slopes[i], dy[i]))];
  };
  await compare((x) => op(x, c.constant), [{ shape: c.shape, data }], { y: far(y), gradients }, c.setting);
}

const property = (name: string): Property<Case> => {
  const formula = formulas[name];
  return { covers: [name], cases: casesOf(formula), check: (c) => check(formula, c), few: 10, share: 2 };
};

export const pointwise = Object.fromEntries(Object.keys(formulas).map((name) => [name, property(name)]));
