// Every op, once, and what the tests that ask the same of all ops need of it: wrong arguments, leaks, windows, adjoints, NaN and
// special values, properties and PyTorch's values. A new pointwise op is a line of `pointwise`; any other a line of `others`.
import * as ops from '../../src/autograd/ops/index.js';
import { manualSeed, sizeOf, type Tensor, tensor } from '../../src/index.js';
import { seeded } from './random.js';
import { density, exponentRough, normal, power, powerRough, powerSlope, sigmoid, softplus } from './scalars.js';
import { EPSILON, SMALLEST } from './tolerance.js';

/** A function of one tensor, element by element, in float64; `c` is the op's constant. */
export interface Pointwise {
  y(x: number, c: number): number;
  /** The derivative: PyTorch's choice where it jumps, and at NaN. */
  slope(x: number, c: number): number;
  /** Where it is worth drawing besides the usual values. */
  domain: [low: number, high: number];
  /** Constants that it is tried with, the first in all tests. */
  constants?: number[];
  /** Its arguments after x. Default: the constant, if it has one. */
  args?(c: number): number[];
  /** What y, or its slope, is computed from where that is larger than itself: what is rounded on the way. */
  rough?(x: number, c: number): number;
  roughSlope?(x: number, c: number): number;
  /** A denormal must not be taken for zero: there is a pole. */
  pole?: boolean;
  /** Its derivative jumps at zero: a sign of a denormal is the adapter's to choose. */
  jumps?: boolean;
  /** The slope is computed from y: in f16, how many times its rounding comes back. */
  fromY?: number;
  /** It is right to a part in a million up to this |x|, however small x is. */
  precise?: number;
  allowed?: Allowed;
}

/** What a value or a gradient of a special number may be off by beyond its own rounding, and why. */
export interface Allowed {
  y?: number;
  grad?: number;
  why: string;
}

/** An input of f32 by its shape: any numbers, numbers above 0, the same without a gradient, zeros and ones, or class numbers. */
export type Input =
  | readonly number[]
  | { kind: 'positive' | 'fixed' | 'mask'; shape: readonly number[] }
  | { kind: 'labels'; shape: readonly number[]; classes: number; ignored?: number };

/** One call of an op. */
export interface Example {
  /** What it shows, unless it is the op's first. */
  what?: string;
  inputs: readonly Input[];
  /** The op's arguments. Default: its inputs. */
  args?(...inputs: Tensor[]): unknown[];
  /** The inputs, by number, that the result is linear in once the result of zeros is taken off. */
  linear?: readonly number[];
  /** Terms of the longest sum behind an element of the result or of a gradient. Default 1. */
  terms?: number;
  /** The largest binding, in bytes, with which it is walked in windows. */
  windows?: number;
}

export interface Op {
  /** The first one's arguments are those that wrong ones take the place of: it names every option. */
  examples: readonly Example[];
  pointwise?: Pointwise;
  /** Products have variants; of others the lanes of a workgroup may share a row. */
  kernels?: 'products' | 'rows';
  allowed?: Allowed;
}

const IMAGES = [9, 3, 11, 7]; // 231 elements an image: windows start between the 256-byte marks
const PLANES = [9, 11, 7];
const positive = (...shape: number[]): Input => ({ kind: 'positive', shape });
const fixed = (...shape: number[]): Input => ({ kind: 'fixed', shape });
const mask = (...shape: number[]): Input => ({ kind: 'mask', shape });
const labels = (classes: number, shape: number[], ignored?: number): Input => ({
  ...{ kind: 'labels', classes, shape },
  ...(ignored === undefined ? {} : { ignored }),
});

/** The sine of more than half a radian is a difference from a multiple of pi / 2. */
const turned = (x: number): number => Number(Math.abs(x) > 0.5);

/** Every function of one tensor, element by element. */
export const pointwise: Record<string, Pointwise> = {
  relu: { y: (x) => Math.max(x, 0), slope: (x) => Number(!(x <= 0)), domain: [-1e30, 1e30], jumps: true },
  sigmoid: {
    ...{ y: sigmoid, slope: (x) => sigmoid(x) * sigmoid(-x), domain: [-200, 200], precise: 20, fromY: 1 },
    rough: (x) => exponentRough(x, sigmoid(x) * sigmoid(-x)),
    roughSlope: (x) => sigmoid(x) ** 2 + exponentRough(x, sigmoid(x) * sigmoid(-x)),
    allowed: { grad: 3e-7, why: "1 - y, from the rounded y as in PyTorch; WGSL's division may be off by 2.5 ulp" },
  },
  tanh: {
    ...{ y: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2, domain: [-50, 50], precise: 12, fromY: 2 },
    roughSlope: (x) => Math.tanh(x) ** 2,
    allowed: { grad: 5e-7, why: '1 - y², from the rounded y as in PyTorch' },
  },
  exp: {
    ...{ y: Math.exp, slope: Math.exp, domain: [-80, 10], precise: 20, fromY: 1 },
    rough: (x) => exponentRough(x, Math.exp(x)),
    roughSlope: (x) => exponentRough(x, Math.exp(x)),
  },
  // WGSL's own log is off by 2^-21 between 1/2 and 2.
  log: {
    ...{ y: Math.log, slope: (x) => 1 / x, domain: [1e-3, 1e6], pole: true },
    rough: (x) => Number(x > 0.5 && x < 2),
  },
  sqrt: { y: Math.sqrt, slope: (x) => 0.5 / Math.sqrt(x), domain: [1e-3, 1e12], pole: true, fromY: 1 },
  reciprocal: { y: (x) => 1 / x, slope: (x) => -1 / x / x, domain: [-1e6, -1e-3], pole: true, fromY: 2 },
  abs: { y: Math.abs, slope: (x) => Math.sign(x) || 0, domain: [-1e30, 1e30], jumps: true },
  square: { y: (x) => x * x, slope: (x) => 2 * x, domain: [-1e6, 1e6] },
  neg: { y: (x) => -x, slope: () => -1, domain: [-1e30, 1e30] },
  sin: { y: Math.sin, slope: Math.cos, domain: [-1e5, 1e5], rough: turned, roughSlope: () => 1 },
  cos: { y: Math.cos, slope: (x) => -Math.sin(x), domain: [-1e5, 1e5], rough: () => 1, roughSlope: turned },
  leakyRelu: {
    ...{ domain: [-1e30, 1e30], jumps: true, constants: [0.01, 0.2, 0, 1] },
    y: (x, slope) => (x > 0 ? x : slope * x),
    slope: (x, slope) => (x > 0 ? 1 : slope),
  },
  elu: {
    ...{ domain: [-100, 1e6], jumps: true, constants: [1, 0.5, 3], precise: 30 },
    y: (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x)),
    slope: (x, alpha) => (x > 0 ? 1 : alpha * Math.exp(x)),
    roughSlope: (x, alpha) => exponentRough(x, alpha * Math.exp(Math.min(x, 0))),
    allowed: { y: 1e-16, why: "PyTorch's exp(x) - 1 in float64 is 0 for what is smaller; ours is not" },
  },
  // 1 + erf cancels on the left, as PyTorch's own does.
  gelu: {
    ...{ y: (x) => x * normal(x), slope: (x) => normal(x) + x * density(x), domain: [-30, 30] },
    rough: (x) => Math.min(Math.abs(x), 6),
    roughSlope: (x) => 1 + Math.min(Math.abs(x), 6),
    allowed: {
      ...{ y: 1e-15, grad: 2e-7 },
      why: "PyTorch's tail ends where float64's 1 + erf is 0; the gradient goes through 0",
    },
  },
  silu: {
    ...{ y: (x) => x * sigmoid(x), domain: [-300, 300], precise: 12 },
    slope: (x) => sigmoid(x) * (1 + x * sigmoid(-x)),
    // exp(-88) is subnormal, and may be 0.
    rough: (x) => exponentRough(x, x * sigmoid(x) * sigmoid(-x)) + exponentRough(x, SMALLEST / EPSILON),
    roughSlope: (x) => exponentRough(Math.max(1, Math.abs(x)) ** 2, sigmoid(x) * sigmoid(-x)) + sigmoid(x),
  },
  softplus: {
    ...{ y: softplus, slope: sigmoid, domain: [-300, 300], precise: 20 },
    rough: (x) => exponentRough(x, Math.log1p(Math.exp(-Math.abs(x)))),
    roughSlope: (x) => exponentRough(x, sigmoid(x) * sigmoid(-x)),
  },
  mish: {
    ...{ y: (x) => x * Math.tanh(softplus(x)), domain: [-300, 300], precise: 12 },
    slope: (x) => Math.tanh(softplus(x)) + x * sigmoid(x) * (1 - Math.tanh(softplus(x)) ** 2),
    // Both are x exp(x) on the left, where exp(-88) is subnormal, and may be 0.
    rough: (x) => exponentRough(x, x * sigmoid(x) * sigmoid(-x)) + exponentRough(x, SMALLEST / EPSILON),
    roughSlope: (x) =>
      exponentRough(Math.max(1, Math.abs(x)) ** 2, sigmoid(x) * sigmoid(-x)) +
      sigmoid(x) +
      exponentRough(x, SMALLEST / EPSILON),
  },
  clamp: {
    ...{ domain: [-1e30, 1e30], jumps: true, constants: [0.5, 0, 1], args: (c) => [-c, 2 * c] },
    y: (x, c) => Math.min(Math.max(x, -c), 2 * c),
    slope: (x, c) => Number(x >= -c && x <= 2 * c),
  },
  pow: {
    ...{ y: power, slope: powerSlope, domain: [0.05, 20], pole: true },
    constants: [1.7, 0, 0.5, 1, 2, 3, -1, -2, -0.5, -0.3, 2.5, 4],
    rough: powerRough,
    roughSlope: (x, c) => Math.abs(c) * powerRough(x, c - 1),
  },
};

/** The arguments of a pointwise op after x. */
export function constantsOf({ constants, args = (c) => [c] }: Pointwise, c = constants?.[0] ?? 0): number[] {
  return constants ? args(c) : [];
}

function ofPointwise(about: Pointwise): Op {
  const inputs = [about.domain[0] > 0 ? positive(...IMAGES) : IMAGES];
  const example: Example = { inputs, args: (x) => [x, ...constantsOf(about)], windows: 4096 };
  return { examples: [example], pointwise: about, ...(about.allowed ? { allowed: about.allowed } : {}) };
}

/** Examples of an op of two tensors, or of a tensor and a number on either of the sides `numbers`. */
function ofTwo({ linear = [], numbers = '' }: { linear?: number[]; numbers?: 'b' | 'ab' | '' }): Op {
  const first = linear.filter((i) => i === 0);
  return {
    examples: [
      { inputs: [[2, 3], positive(2, 3)], linear },
      { what: 'of large tensors', inputs: [IMAGES, positive(...IMAGES)], linear, windows: 4096 },
      { what: 'broadcast', inputs: [IMAGES, positive(3, 1, 1)], linear, terms: 693, windows: 4096 },
      { what: 'broadcast, both', inputs: [[4, 1], positive(6)], linear, terms: 6 },
      ...(numbers === ''
        ? []
        : [{ what: 'with a number', inputs: [[4, 6]], args: (a: Tensor) => [a, 2], linear: first }]),
      ...(numbers === 'ab'
        ? [{ what: 'with a number first', inputs: [positive(4, 6)], args: (b: Tensor) => [2, b] }]
        : []),
    ],
  };
}

/** Examples of an op over dims; of a sum of them also linear. */
function overDims(linear: number[] = []): Op {
  return {
    kernels: 'rows',
    examples: [
      { inputs: [[2, 3]], args: (x) => [x, 1, true], linear, terms: 3 },
      { what: 'of all', inputs: [IMAGES], linear, terms: 2079, windows: 4096 },
      { what: 'of dims apart', inputs: [IMAGES], args: (x) => [x, [1, 3]], linear, terms: 21, windows: 4096 },
      { what: 'of the first dim', inputs: [IMAGES], args: (x) => [x, 0], linear, terms: 9, windows: 4096 },
      { what: 'of one element', inputs: [[1, 1]], args: (x) => [x, 0] },
    ],
  };
}

const alongOneDim: Op = {
  kernels: 'rows',
  examples: [
    { inputs: [[2, 3]], args: (x) => [x, 1, true] },
    { what: 'of channels', inputs: [IMAGES], args: (x) => [x, 1], windows: 4096 },
    { what: 'along the last dim', inputs: [IMAGES], windows: 4096 },
  ],
};

const softmaxes: Op = {
  kernels: 'rows',
  examples: [
    { inputs: [[2, 3]], args: (x) => [x, 1], terms: 3 },
    { what: 'of channels', inputs: [IMAGES], args: (x) => [x, 1], terms: 3, windows: 4096 },
    { what: 'along the last dim', inputs: [IMAGES], terms: 7, windows: 4096 },
  ],
};

const elementLosses: Op = {
  examples: [
    { inputs: [[2, 3], [2, 3]], args: (x, t) => [x, t, { reduction: 'sum' }], terms: 6 },
    { what: 'of large tensors', inputs: [IMAGES, IMAGES], terms: 2079, windows: 4096 },
    { what: 'each', inputs: [IMAGES, IMAGES], args: (x, t) => [x, t, { reduction: 'none' }], windows: 4096 },
  ],
}; // biome-ignore format: a list

const others: Record<string, Op> = {
  add: ofTwo({ linear: [0, 1], numbers: 'ab' }),
  sub: ofTwo({ linear: [0, 1], numbers: 'ab' }),
  mul: ofTwo({ linear: [0, 1], numbers: 'ab' }),
  div: ofTwo({ linear: [0], numbers: 'ab' }),
  maximum: ofTwo({}),
  minimum: ofTwo({}),
  ...Object.fromEntries(['eq', 'ne', 'gt', 'ge', 'lt', 'le'].map((name) => [name, ofTwo({ numbers: 'b' })])),
  where: {
    examples: [
      { inputs: [mask(2, 3), [2, 3], [2, 3]], linear: [1, 2] },
      { what: 'broadcast, and a number', inputs: [mask(4, 6), [6]], args: (c, a) => [c, a, 2], linear: [1], terms: 4 },
      { what: 'of large tensors', inputs: [mask(...IMAGES), IMAGES, IMAGES], linear: [1, 2], windows: 4096 },
    ],
  },

  sum: overDims([0]),
  mean: overDims([0]),
  amax: overDims(),
  amin: overDims(),
  norm: overDims(),
  variance: {
    kernels: 'rows',
    examples: [
      { inputs: [[2, 3]], args: (x) => [x, 1, { correction: 1, keepDim: true }], terms: 3 },
      { what: 'of all', inputs: [IMAGES], terms: 2079, windows: 4096 },
    ],
    allowed: { grad: 1e-6, why: 'differences of what is up to 3' },
  },
  argmax: alongOneDim,
  argmin: alongOneDim,
  softmax: { ...softmaxes, allowed: { grad: 3e-7, why: 'a difference of what is up to 2' } },
  logSoftmax: { ...softmaxes, allowed: { grad: 1e-6, why: 'a difference of what is up to 6' } },
  sumTo: { examples: [{ inputs: [[2, 3, 4]], args: (x) => [x, [1, 4]], linear: [0], terms: 6 }] },
  upsampleNearest2d: {
    examples: [
      { inputs: [[1, 2, 3, 2]], args: (x) => [x, 2], linear: [0], terms: 4 },
      { what: 'of images', inputs: [IMAGES], args: (x) => [x, 3], linear: [0], terms: 9, windows: 4096 },
    ],
  },
  broadcastTo: { examples: [{ inputs: [[3, 1, 5]], args: (x) => [x, [2, 3, 4, 5]], linear: [0], terms: 8 }] },

  cast: {
    examples: [
      { inputs: [fixed(2, 3)], args: (x) => [x, 'i32'] },
      { what: 'of class numbers', inputs: [labels(3, [4])], args: (x) => [x, 'f32'] },
    ],
  },
  bincount: {
    examples: [
      { inputs: [labels(3, [2])], args: (x) => [x, 3] },
      { what: 'of many', inputs: [labels(5, [2079])], args: (x) => [x, 5], windows: 4096 },
    ],
  },
  oneHot: { examples: [{ inputs: [labels(3, [2])], args: (x) => [x, 3] }] },
  reshape: { examples: [{ inputs: [[2, 3]], args: (x) => [x, [3, 2]], linear: [0] }] },
  flatten: { examples: [{ inputs: [[2, 3, 4]], args: (x) => [x, 0, 1], linear: [0] }] },
  unsqueeze: { examples: [{ inputs: [[2, 3]], args: (x) => [x, 1], linear: [0] }] },
  squeeze: { examples: [{ inputs: [[2, 1, 3]], args: (x) => [x, 1], linear: [0] }] },
  permute: {
    examples: [
      { inputs: [[2, 3]], args: (x) => [x, [1, 0]], linear: [0] },
      { what: 'of five dims', inputs: [[7, 3, 5, 4, 11]], args: (x) => [x, [4, 2, 0, 3, 1]], linear: [0], windows: 4352 },
    ],
  },
  transpose: { examples: [{ inputs: [[2, 3]], args: (x) => [x, 0, 1], linear: [0] }] },
  slice: {
    examples: [
      { inputs: [[2, 3]], args: (x) => [x, [0, 1, 1], null], linear: [0] },
      { what: 'with steps', inputs: [[7, 8]], args: (x) => [x, [1, 6], [-1, undefined, -3]], linear: [0] },
      { what: 'of five dims', inputs: [[11, 5, 7, 4, 3]], args: (x) => [x, [1, 9]], linear: [0], windows: 4352 },
    ],
  },
  concat: {
    examples: [
      { inputs: [[2, 3], [2, 4]], args: (a, b) => [[a, b], 1], linear: [0, 1] },
      { what: 'of one tensor three times', inputs: [[2, 3]], args: (x) => [[x, x, x], 1], linear: [0], terms: 3 },
      { what: 'of large tensors', inputs: [[8, 231], IMAGES.slice(0, 1).concat(231)], args: (a, b) => [[a, b]], windows: 4352 },
    ],
  },
  stack: { examples: [{ inputs: [[2, 3], [2, 3]], args: (a, b) => [[a, b], 1], linear: [0, 1] }] },
  pad: { examples: [{ inputs: [[3, 4]], args: (x) => [x, [[1, 2], [0, 3]], 0.5], linear: [0] }] },

  matmul: {
    kernels: 'products',
    examples: [
      { inputs: [[2, 3], [3, 2]], linear: [0, 1], terms: 3 },
      { what: 'of odd sizes', inputs: [[17, 23], [23, 9]], linear: [0, 1], terms: 23 },
      { what: 'batched and broadcast', inputs: [[1, 5, 7], [3, 7, 6]], linear: [0, 1], terms: 21 },
      { what: 'of a batch and a matrix', inputs: [[2, 3, 4], [4, 5]], linear: [0, 1], terms: 6 },
      { what: 'of vectors', inputs: [[4], [4]], linear: [0, 1], terms: 4 },
      { what: 'whose sums are cut', inputs: [[3, 700], [700, 5]], terms: 700, windows: 4352 },
    ],
  },
  linear: {
    kernels: 'products',
    examples: [
      { inputs: [[2, 3], [4, 3], [4]], linear: [0, 1, 2], terms: 4 },
      { what: 'of images', inputs: [[9, 231], [5, 231], [5]], terms: 231, windows: 4096 },
      { what: 'whose sums over rows are cut', inputs: [[2100, 3], [5, 3], [5]], terms: 2100, windows: 4352 },
      { what: 'of more outputs than fit a window with two rows', inputs: [[7, 3], [600, 3], [600]], terms: 600, windows: 4352 },
    ],
  },
  conv2d: {
    kernels: 'products',
    examples: [
      {
        inputs: [[1, 2, 5, 5], [2, 1, 3, 3], [2]],
        args: (x, w, b) => [x, w, b, { stride: 1, padding: [1, 1], dilation: 1, groups: 2 }],
        ...{ linear: [0, 1, 2], terms: 25 },
      },
      {
        ...{ what: 'with a stride, in groups', inputs: [[2, 6, 9, 11], [4, 3, 3, 5]], linear: [0, 1], terms: 60 },
        args: (x, w) => [x, w, null, { stride: 2, padding: 1, groups: 2 }],
      },
      {
        ...{ what: 'dilated', inputs: [[2, 6, 9, 8], [4, 6, 3, 3]], linear: [0, 1], terms: 144 },
        args: (x, w) => [x, w, null, { padding: 2, dilation: 2 }],
      },
      {
        ...{ what: 'of images', inputs: [IMAGES, [4, 3, 3, 3], [4]], terms: 693, windows: 4096 },
        args: (x, w, b) => [x, w, b, { padding: 1 }],
      },
    ],
  },
  maxPool2d: {
    kernels: 'products',
    examples: [
      {
        inputs: [[1, 2, 5, 5]],
        args: (x) => [x, { kernelSize: 2, stride: [1, 2], padding: 1, ceilMode: true, dilation: 1 }],
        terms: 4,
      },
      { what: 'overlapping', inputs: [IMAGES], args: (x) => [x, { kernelSize: 3, stride: 2 }], terms: 4, windows: 4096 },
    ],
  },
  avgPool2d: {
    examples: [
      {
        ...{ inputs: [[1, 2, 5, 5]], linear: [0], terms: 4 },
        args: (x) => [x, { kernelSize: 2, stride: [1, 2], padding: 1, ceilMode: true, countIncludePad: false }],
      },
      {
        ...{ what: 'overlapping', inputs: [[2, 3, 9, 7]], linear: [0], terms: 9 },
        args: (x) => [x, { kernelSize: 3, stride: 2, padding: 1 }],
      },
      {
        ...{ what: 'of images', inputs: [IMAGES], linear: [0], terms: 4, windows: 4096 },
        args: (x) => [x, { kernelSize: 2, padding: 1 }],
      },
    ],
  },
  adaptiveAvgPool2d: {
    examples: [
      { inputs: [[1, 2, 5, 5]], args: (x) => [x, [2, 2]], linear: [0], terms: 9 },
      { what: 'into uneven windows', inputs: [[2, 3, 7, 10]], args: (x) => [x, [3, 4]], linear: [0], terms: 12 },
      { what: 'of images', inputs: [IMAGES], args: (x) => [x, [4, 3]], linear: [0], terms: 12, windows: 4096 },
    ],
  },
  localResponseNorm: {
    examples: [
      { inputs: [[2, 3, 4]], args: (x) => [x, { size: 3, alpha: 1e-4, beta: 0.75, k: 1 }], terms: 3 },
      { what: 'of images', inputs: [IMAGES], args: (x) => [x, { size: 3, alpha: 0.5 }], terms: 6, windows: 4096 },
    ],
  },
  batchNorm: {
    kernels: 'rows',
    examples: [
      {
        ...{ inputs: [[4, 3], fixed(3), fixed(3), [3], [3]], terms: 4 },
        args: (...t) => [...t, { training: true, momentum: 0.1, eps: 1e-5 }],
      },
      { what: 'in evaluation', inputs: [[3, 4, 5], fixed(4), fixed(4), [4], [4]], linear: [0, 3, 4], terms: 15 },
      {
        ...{ what: 'of images', inputs: [IMAGES, fixed(3), fixed(3), [3], [3]], terms: 693, windows: 4096 },
        args: (...t) => [...t, { training: true }],
      },
    ],
    allowed: { y: 1e-6, grad: 4e-6, why: 'differences of what is up to 20' },
  },
  dropout: {
    examples: [
      { inputs: [[2, 3]], args: (x) => [x, 0.5, { training: true }], linear: [0] },
      { what: 'of images', inputs: [IMAGES], args: (x) => [x, 0.4], linear: [0], windows: 4096 },
      { what: 'of everything', inputs: [[2, 3]], args: (x) => [x, 1], linear: [0] },
    ],
  },

  mseLoss: elementLosses,
  l1Loss: elementLosses,
  binaryCrossEntropyWithLogits: {
    examples: [
      {
        ...{ inputs: [[2, 3], [2, 3], fixed(3), fixed(2, 1)], terms: 6 },
        args: (x, t, weight, posWeight) => [x, t, { reduction: 'sum', weight, posWeight }],
      },
      { what: 'of large tensors', inputs: [IMAGES, mask(...IMAGES)], terms: 2079, windows: 4096 },
      {
        ...{ what: 'weighted', inputs: [IMAGES, mask(...IMAGES), fixed(7), fixed(3, 1, 1)], terms: 2079, windows: 4096 },
        args: (x, t, weight, posWeight) => [x, t, { weight, posWeight }],
      },
    ],
    allowed: { y: 1e-15, grad: 6e-8, why: "sigmoid(x) - target; PyTorch's logarithm of 1 + tiny" },
  },
  crossEntropy: {
    kernels: 'rows',
    examples: [
      {
        ...{ inputs: [[2, 3], labels(3, [2]), fixed(3)], terms: 6 },
        args: (x, t, weight) => [x, t, { reduction: 'sum', labelSmoothing: 0.1, ignoreIndex: -1, weight }],
      },
      {
        ...{ what: 'smoothed', inputs: [IMAGES, labels(3, PLANES, -100)], terms: 693, windows: 4096 },
        args: (x, t) => [x, t, { labelSmoothing: 0.1 }],
      },
      {
        ...{ what: 'of rows', inputs: [IMAGES, labels(3, PLANES, -100)], terms: 693, windows: 4096 },
        args: (x, t) => [x, t, { reduction: 'none' }],
      },
      {
        ...{ what: 'weighted', inputs: [IMAGES, labels(3, PLANES, -100), fixed(3)], terms: 693, windows: 4096 },
        args: (x, t, weight) => [x, t, { labelSmoothing: 0.1, weight }],
      },
      { what: 'of probabilities', inputs: [IMAGES, positive(...IMAGES)], terms: 2079, windows: 4096 },
    ],
    allowed: { grad: 3e-7, why: 'a difference of what is up to 2' },
  },

  ...Object.fromEntries(
    ['zeros', 'ones'].map((name) => [name, { examples: [{ inputs: [], args: () => [[2, 3], { dtype: 'f32', requiresGrad: true }] }] }]),
  ),
  full: { examples: [{ inputs: [], args: () => [[2, 3], 7, { dtype: 'f32', requiresGrad: true }] }] },
  zerosLike: { examples: [{ inputs: [fixed(2, 3)] }] },
  onesLike: { examples: [{ inputs: [fixed(2, 3)] }] },
  arange: { examples: [{ inputs: [], args: () => [0, 6, 2, { dtype: 'f32', requiresGrad: true }] }] },
  linspace: { examples: [{ inputs: [], args: () => [0, 1, 5] }] },
  eye: { examples: [{ inputs: [], args: () => [3] }] },
  ...Object.fromEntries(
    ['uniform', 'normal'].map((name) => [
      name,
      {
        examples: [
          { inputs: [], args: () => [[2, 3], 0, 1, { requiresGrad: true }] },
          { what: 'of many numbers', inputs: [], args: () => [[5000]], windows: 4352 },
        ],
      },
    ]),
  ),
  ...Object.fromEntries(
    ['rand', 'randn'].map((name) => [name, { examples: [{ inputs: [], args: () => [[2, 3], { requiresGrad: true }] }] }]),
  ),
}; // biome-ignore format: a list

/** Every op by its name. */
export const table: Record<string, Op> = {
  ...Object.fromEntries(Object.entries(pointwise).map(([name, about]) => [name, ofPointwise(about)])),
  ...others,
};

/** An example with its op and the name of its test. */
export interface Case extends Example {
  op: string;
  title: string;
}

/** Every example of every op. */
export const cases: readonly Case[] = Object.entries(table).flatMap(([op, { examples }]) =>
  examples.map((example) => ({ ...example, op, title: example.what ? `${op}, ${example.what}` : op })),
);

/** The inputs of an example on the device; those with a derivative require a gradient if asked. */
export function inputsOf({ inputs }: Example, { requiresGrad = false } = {}): Tensor[] {
  return inputs.map((input, i) => {
    const { kind, shape } = 'kind' in input ? input : { kind: 'any', shape: input };
    const drawn = seeded(sizeOf(shape), i + 1, 2);
    if ('kind' in input && input.kind === 'labels') {
      const { classes, ignored } = input;
      return tensor(
        Int32Array.from(drawn, (_, at) => (ignored !== undefined && at % 5 === 0 ? ignored : at % classes)),
        { shape },
      );
    }
    if (kind === 'mask')
      return tensor(
        drawn.map((v) => Number(v > 0)),
        { shape },
      );
    const values = kind === 'any' ? drawn : drawn.map((v) => Math.abs(v) + 0.1);
    return tensor(values, { shape, requiresGrad: requiresGrad && kind !== 'fixed' });
  });
}

/** Calls an example's op; what is random is the same each time. */
export function callOf({ op, args = (...all) => all }: Case, inputs: readonly Tensor[]): Tensor {
  manualSeed(5);
  return (ops as unknown as Record<string, (...all: unknown[]) => Tensor>)[op](...args(...inputs));
}
