// Functions of one tensor, element by element: the value and the derivative in float64.
import fc from 'fast-check';
import * as w from '../../../src/index.js';
import { sizeOf } from './indexing.js';
import type { Property } from './property.js';
import { Sums } from './sums.js';
import { compare, type Setting, settings, valuesBetween, valuesOf } from './trial.js';

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
  /** PyTorch's choice where it jumps. */
  dy(x: number, c: number): number;
  /** Where it is defined and its results are f32. */
  domain: [number, number];
  /** Whether 'whole' (zeros among them) and 'tiny' values may be drawn. */
  nearZero: boolean;
  /** Values of 1e15 and their derivatives are f32. */
  large?: boolean;
  constants?: number[];
  /** Roundings behind a value, where it is computed in several steps that enlarge them. */
  terms?: number;
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

const formulas: Record<string, Formula> = {
  relu: {
    op: w.relu,
    y: (x) => Math.max(x, 0),
    dy: (x) => Number(x > 0),
    domain: [-1e30, 1e30],
    nearZero: true,
    large: true,
  },
  sigmoid: {
    ...{ op: w.sigmoid, y: sigmoid, domain: [-200, 200], nearZero: true, large: true },
    dy: (x) => sigmoid(x) * sigmoid(-x),
  },
  tanh: { op: w.tanh, y: Math.tanh, dy: (x) => 1 - Math.tanh(x) ** 2, domain: [-50, 50], nearZero: true, large: true },
  exp: { op: w.exp, y: Math.exp, dy: Math.exp, domain: [-80, 10], nearZero: true },
  log: { op: w.log, y: Math.log, dy: (x) => 1 / x, domain: [1e-3, 1e6], nearZero: false },
  sqrt: { op: w.sqrt, y: Math.sqrt, dy: (x) => 0.5 / Math.sqrt(x), domain: [1e-3, 1e12], nearZero: false },
  reciprocal: { op: w.reciprocal, y: (x) => 1 / x, dy: (x) => -1 / x / x, domain: [-1e6, -1e-3], nearZero: false },
  abs: { op: w.abs, y: Math.abs, dy: (x) => Math.sign(x), domain: [-1e30, 1e30], nearZero: true, large: true },
  square: { op: w.square, y: (x) => x * x, dy: (x) => 2 * x, domain: [-1e6, 1e6], nearZero: true, large: true },
  neg: { op: w.neg, y: (x) => -x, dy: () => -1, domain: [-1e30, 1e30], nearZero: true, large: true },
  sin: { op: w.sin, y: Math.sin, dy: Math.cos, domain: [-5000, 5000], nearZero: true },
  cos: { op: w.cos, y: Math.cos, dy: (x) => -Math.sin(x), domain: [-5000, 5000], nearZero: true },
  leakyRelu: {
    ...{ op: w.leakyRelu, domain: [-1e30, 1e30], nearZero: true, large: true, constants: [0.01, 0.2, 0, 1] },
    y: (x, slope) => (x > 0 ? x : slope * x),
    dy: (x, slope) => (x > 0 ? 1 : slope),
  },
  elu: {
    ...{ op: w.elu, domain: [-100, 1e6], nearZero: true, large: true, constants: [1, 0.5, 3] },
    y: (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x)),
    dy: (x, alpha) => (x > 0 ? 1 : alpha * Math.exp(x)),
  },
  gelu: {
    ...{ op: w.gelu, domain: [-30, 30], nearZero: true, large: true },
    y: (x) => x * normal(x),
    dy: (x) => normal(x) + x * density(x),
  },
  silu: {
    ...{ op: w.silu, domain: [-300, 300], nearZero: true, large: true },
    y: (x) => x * sigmoid(x),
    dy: (x) => sigmoid(x) * (1 + x * sigmoid(-x)),
  },
  softplus: {
    ...{ op: w.softplus, domain: [-300, 300], nearZero: true, large: true },
    y: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    dy: sigmoid,
  },
  clamp: {
    ...{
      op: (x, c) => w.clamp(x, -c, 2 * c),
      domain: [-1e30, 1e30],
      nearZero: true,
      large: true,
      constants: [0, 1, 0.5],
    },
    y: (x, c) => Math.min(Math.max(x, -c), 2 * c),
    dy: (x, c) => Number(x >= -c && x <= 2 * c),
  },
  pow: {
    // Computed as exp2(c log2 |x|): rounding the exponent costs as much as it is large.
    ...{
      op: w.pow,
      domain: [0.05, 20],
      nearZero: false,
      constants: [0, 0.5, 1, 2, 3, -1, -2, 1.7, -0.3, 4],
      terms: 64,
    },
    y: (x, c) => x ** c,
    dy: (x, c) => (c === 0 ? 0 : c * x ** (c - 1)),
  },
  powWhole: {
    // Whole exponents take any x, and give zero a value and a slope.
    ...{ op: w.pow, domain: [-6, 6], nearZero: true, constants: [0, 1, 2, 3, 4], terms: 64 },
    y: (x, c) => x ** c,
    dy: (x, c) => (c === 0 ? 0 : c * x ** (c - 1)),
  },
};

const casesOf = ({ nearZero, large, constants = [0] }: Formula): fc.Arbitrary<Case> =>
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
    wide: nearZero ? fc.boolean() : fc.constant(true),
    setting: nearZero ? settings('unit', 'whole', 'tiny', ...(large ? (['large'] as const) : [])) : settings('unit'),
  });

async function check({ op, y: f, dy: df, domain, terms = 4 }: Formula, c: Case): Promise<void> {
  const size = sizeOf(c.shape);
  const drawn = c.wide ? valuesBetween(...domain, size, c.setting.seed + 1) : valuesOf(size, c.setting);
  // A sign of a denormal is the adapter's to choose.
  const data = drawn.map((v) => (Math.abs(v) < 2 ** -126 && JUMPS.has(f) ? 0 : v));
  const constant = Math.fround(c.constant);
  const y = Sums.of(
    c.shape,
    Float64Array.from(data, (v) => f(v, constant)),
    { terms },
  );
  const gradients = (dy: Float32Array) => [
    Sums.of(
      c.shape,
      Float64Array.from(data, (v, i) => dy[i] * df(v, constant)),
      { terms },
    ),
  ];
  await compare((x) => op(x, c.constant), [{ shape: c.shape, data }], { y, gradients }, c.setting);
}

/** Their derivative jumps at zero. */
const JUMPS = new Set(['relu', 'abs', 'leakyRelu', 'clamp', 'elu'].map((name) => formulas[name].y));

const property = (name: string): Property<Case> => {
  const formula = formulas[name];
  return {
    covers: [name === 'powWhole' ? 'pow' : name],
    cases: casesOf(formula),
    check: (c) => check(formula, c),
    few: 6,
    share: 2,
  };
};

export const pointwise = Object.fromEntries(Object.keys(formulas).map((name) => [name, property(name)]));
