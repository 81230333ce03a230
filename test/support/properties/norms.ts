// batchNorm, localResponseNorm, softmax and logSoftmax with their derivatives worked out.
import fc from 'fast-check';
import { batchNorm, localResponseNorm, logSoftmax, softmax, type Tensor } from '../../../src/index.js';
import { EPSILON, LARGEST, SMALLEST } from '../tolerance.js';
import { sizeOf } from './indexing.js';
import type { Property } from './property.js';
import { Sums } from './sums.js';
import {
  compare,
  compareValues,
  type Expected,
  type Input,
  type Setting,
  settings,
  type Values,
  valuesBetween,
  valuesOf,
} from './trial.js';

interface BatchNormCase {
  batch: number;
  channels: number;
  rest: number[];
  training: boolean;
  momentum: number;
  eps: number;
  setting: Setting;
}

const batchNormCases: fc.Arbitrary<BatchNormCase> = fc
  .record({
    batch: fc.integer({ min: 1, max: 7 }),
    channels: fc.constantFrom(1, 2, 3, 5, 8, 17, 65),
    rest: fc.array(fc.constantFrom(1, 2, 3, 7, 13, 16, 33), { maxLength: 2 }),
    training: fc.boolean(),
    momentum: fc.constantFrom(0, 0.1, 0.5, 1),
    eps: fc.constantFrom(1e-5, 1e-3, 0.1),
    setting: settings(),
  })
  .filter(({ batch, rest, training }) => !training || batch * sizeOf(rest) > 1);

/** A channel's mean and variance in float64. */
function statistics(x: Input, channels: number): { mean: Float64Array; variance: Float64Array; count: number } {
  const plane = sizeOf(x.shape.slice(2));
  const count = x.data.length / channels;
  const channelOf = (i: number) => Math.floor(i / plane) % channels;
  const [mean, variance] = [new Float64Array(channels), new Float64Array(channels)];
  x.data.forEach((v, i) => {
    mean[channelOf(i)] += v / count;
  });
  x.data.forEach((v, i) => {
    variance[channelOf(i)] += (v - mean[channelOf(i)]) ** 2 / count;
  });
  return { mean, variance, count };
}

function batchNormInputs({ channels, setting }: BatchNormCase, shape: number[]) {
  const x: Input = { shape, data: valuesOf(sizeOf(shape), setting) };
  const perChannel = (data: Float32Array): Input => ({ shape: [channels], data, wide: true });
  // An infinite weight or mean is NaN or infinite by the order of products, in PyTorch from backend to backend.
  const plain = { ...setting, values: ORDERED.has(setting.values) ? ('unit' as const) : setting.values };
  const [weight, bias] = [1, 2].map((which) => perChannel(valuesOf(channels, plain, which)));
  const runningMean = perChannel(valuesOf(channels, plain, 3));
  const runningVar = perChannel(valuesBetween(0.1, 2, channels, setting.seed + 1));
  return { x, weight, bias, runningMean, runningVar };
}

/** Of each channel's values and its mean: the largest, and the largest that is finite. */
function magnitudes(data: Float32Array, mean: ArrayLike<number>, channelOf: (i: number) => number) {
  const [most, largest] = [new Float64Array(mean.length), new Float64Array(mean.length)];
  data.forEach((v, i) => {
    const ch = channelOf(i);
    most[ch] = Math.max(most[ch], Math.abs(v), Math.abs(mean[ch]));
    for (const n of [v, mean[ch]]) if (Number.isFinite(n)) largest[ch] = Math.max(largest[ch], Math.abs(n));
  });
  return { most, largest };
}

async function checkBatchNorm(c: BatchNormCase): Promise<void> {
  const { channels, training, momentum, eps } = c;
  const shape = [c.batch, channels, ...c.rest];
  const plane = sizeOf(c.rest);
  const { x, weight, bias, runningMean, runningVar } = batchNormInputs(c, shape);
  const batch = statistics(x, channels);
  const mean = training ? batch.mean : runningMean.data;
  const deviation = Float64Array.from(training ? batch.variance : runningVar.data, (v) => Math.sqrt(v + eps));
  const channelOf = (i: number) => Math.floor(i / plane) % channels;
  const { most, largest } = magnitudes(x.data, mean, channelOf);
  const normal = Float64Array.from(x.data, (v, i) => (v - mean[channelOf(i)]) / deviation[channelOf(i)]);
  // Where a channel's values hardly differ, x - mean cancels, and what is left of it is divided by a small deviation.
  const lost = deviation.map((d, ch) => largest[ch] / d);
  // The mean's own rounding comes back in the variance, squared.
  const more = lost.map((l) => 1 + (training ? 16 * EPSILON * l * l : 0));
  const terms = training ? Math.sqrt(batch.count) : 4; // roundings of root, quotient, products and sum
  const per = (f: (i: number, ch: number) => number) => Float64Array.from(x.data, (_, i) => f(i, channelOf(i)));
  // Squares that f32 cannot hold: PyTorch's variance is infinite by its own order of sums.
  const overflows = (ch: number) => training && Number.isFinite(most[ch]) && 4 * most[ch] ** 2 * batch.count > LARGEST;
  const judged = (values: ArrayLike<number>, of: readonly number[], scale: Float64Array, count = terms) => {
    const sums = Sums.of(of, values, { terms: count, scale });
    return sums.leaveOutWhere((i) => overflows(of.length === 1 ? i : channelOf(i)));
  };
  const [w, b] = [weight.data, bias.data];
  const y = judged(
    per((i, ch) => normal[i] * w[ch] + b[ch]),
    shape,
    per((i, ch) => Math.abs(w[ch]) * (lost[ch] + Math.abs(normal[i]) * more[ch]) + Math.abs(b[ch])),
  );
  const gradients = (dy: Float32Array) => {
    const [dweight, dbias] = [new Sums([channels]), new Sums([channels])];
    dy.forEach((d, i) => {
      const ch = channelOf(i);
      dweight.add(ch, d * normal[i], Math.abs(d) * (Math.abs(normal[i]) * more[ch] + lost[ch]));
      dbias.add(ch, d);
      // A term beyond f32 beside an infinity of the other sign.
      if (overflows(ch) || (Number.isFinite(d * normal[i]) && Math.abs(d * normal[i]) > 0.99 * LARGEST))
        dweight.leaveOut(ch);
    });
    const sums = (i: number, ch: number) => (dbias.value[ch] + normal[i] * dweight.value[ch]) / batch.count;
    const dx = judged(
      per((i, ch) => (w[ch] / deviation[ch]) * (dy[i] - (training ? sums(i, ch) : 0))),
      shape,
      per((i, ch) => (Math.abs(w[ch]) / deviation[ch]) * (1 + lost[ch]) * (1 + Math.abs(normal[i])) * more[ch]),
    );
    return [dx, dweight, dbias];
  };
  const moved = (old: ArrayLike<number>, fresh: (i: number) => number) =>
    Float64Array.from(old, (v, i) => (training ? (1 - momentum) * v + momentum * fresh(i) : v));
  const unbiased = batch.count / (batch.count - 1);
  const [means, variances] = [
    moved(runningMean.data, (i) => batch.mean[i]),
    moved(runningVar.data, (i) => batch.variance[i] * unbiased),
  ];
  const squared = most.map((m) => (training ? 32 * EPSILON * m * m : 0));
  const after = async (...[, , , movedMean, movedVar]: Tensor[]) => {
    compareValues('running mean', await movedMean.data(), judged(means, [channels], most));
    compareValues('running variance', await movedVar.data(), judged(variances, [channels], squared));
  };
  const op = (...[tx, tw, tb, tm, tv]: Tensor[]) => batchNorm(tx, tm, tv, tw, tb, { training, momentum, eps });
  const item = Math.max(channels * plane, 2 * c.batch * channels); // an image; or the statistics of all
  await compare(op, [x, weight, bias, runningMean, runningVar], { y, gradients, after }, c.setting, item);
}

/** Kinds of values whose products overflow, or are NaN, by their order. */
const ORDERED = new Set<Values>(['special', 'huge']);

interface LrnCase {
  batch: number;
  channels: number;
  rest: number[];
  size: number;
  alpha: number;
  beta: number;
  k: number;
  setting: Setting;
}

const lrnCases: fc.Arbitrary<LrnCase> = fc.record({
  batch: fc.integer({ min: 0, max: 4 }),
  channels: fc.constantFrom(1, 2, 3, 5, 8, 17, 65),
  rest: fc.array(fc.constantFrom(1, 2, 3, 7, 13), { minLength: 1, maxLength: 2 }),
  size: fc.constantFrom(1, 2, 3, 4, 5, 9, 64), // a size is a pipeline
  alpha: fc.constantFrom(1e-4, 0.5, 2),
  beta: fc.constantFrom(0.5, 0.75, 1),
  k: fc.constantFrom(1, 2),
  setting: settings(),
});

async function checkLrn({ batch, channels, rest, size, alpha, beta, k, setting }: LrnCase): Promise<void> {
  const shape = [batch, channels, ...rest];
  const plane = sizeOf(rest);
  const x: Input = { shape, data: valuesOf(sizeOf(shape), setting) };
  /** Calls `visit` with an element and each of its neighbours, PyTorch's for even sizes. */
  const neighbours = (visit: (i: number, j: number) => void) => {
    for (let i = 0; i < x.data.length; i++) {
      const channel = Math.floor(i / plane) % channels;
      const first = Math.max(0, channel - Math.floor(size / 2));
      const last = Math.min(channels - 1, channel + Math.floor((size - 1) / 2));
      for (let c = first; c <= last; c++) visit(i, i + (c - channel) * plane);
    }
  };
  const divisor = new Float64Array(x.data.length).fill(k);
  neighbours((i, j) => {
    divisor[i] += (alpha / size) * x.data[j] ** 2;
  });
  const values = divisor.map((s, i) => x.data[i] * s ** -beta);
  // A power is computed as exp2(beta log2 s): rounding the exponent costs as much as it is large.
  const rough = divisor.map((s) => 1 + (Number.isFinite(s) ? Math.log2(s) : 0));
  const y = Sums.of(shape, values, {
    terms: 2 * size,
    scale: values.map((v, i) => (Number.isFinite(v) ? Math.abs(v) * rough[i] : 0)),
  });
  // Squares that f32 cannot hold: PyTorch's divisor is infinite, and what is divided by it 0.
  const overflows = new Uint8Array(x.data.length);
  neighbours((i, j) => {
    if (Number.isFinite(x.data[j]) && size * x.data[j] ** 2 > LARGEST) overflows[i] = 1;
  });
  y.leaveOutWhere((i) => overflows[i] === 1);
  const gradients = (dy: Float32Array) => {
    const dx = new Sums(shape);
    const add = (at: number, term: number, i: number) => dx.add(at, term, Math.abs(term) * rough[i]);
    for (const [i, s] of divisor.entries()) add(i, dy[i] * s ** -beta, i);
    neighbours((i, j) => {
      add(j, ((-2 * alpha * beta) / size) * x.data[j] * dy[i] * x.data[i] * divisor[i] ** (-beta - 1), i);
      // PyTorch's x / d / d as well is lost where it is smaller than the smallest f32.
      const ratio = Math.abs(x.data[i]) * divisor[i] ** (-beta - 1);
      if (overflows[i] || (x.data[i] !== 0 && ratio * Math.abs(x.data[j]) > 0 && ratio < 1e6 * SMALLEST))
        dx.leaveOut(j);
    });
    return [dx.leaveOutWhere((i) => overflows[i] === 1)];
  };
  await compare(
    (t) => localResponseNorm(t, { size, alpha, beta, k }),
    [x],
    { y, gradients },
    setting,
    channels * plane,
  );
}

interface SoftmaxCase {
  shape: number[];
  /** Of the dimensions, from 0 to 1. */
  dim: number;
  negative: boolean;
  setting: Setting;
}

const softmaxCases: fc.Arbitrary<SoftmaxCase> = fc.record({
  shape: fc.array(
    fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 1, max: 17 }) },
      { weight: 1, arbitrary: fc.constantFrom(0, 67, 257) },
    ),
    { maxLength: 3 },
  ),
  dim: fc.nat(2),
  negative: fc.boolean(),
  setting: settings(),
});

function softmaxOf({ shape, dim: drawn, negative, setting }: SoftmaxCase) {
  const rank = Math.max(shape.length, 1);
  const at = drawn % rank;
  const length = shape[at] ?? 1;
  const inner = sizeOf(shape.slice(at + 1));
  const x: Input = { shape, data: valuesOf(sizeOf(shape), setting) };
  const logs = new Float64Array(x.data.length);
  const startOf = (i: number) => i - (Math.floor(i / inner) % length) * inner;
  /** What each element's row adds up to. */
  const rowSums = (term: (i: number) => number): Float64Array => {
    const sums = new Float64Array(x.data.length);
    for (let i = 0; i < sums.length; i++) sums[startOf(i)] += term(i);
    return sums.map((_, i) => sums[startOf(i)]);
  };
  const most = new Float64Array(x.data.length).fill(Number.NEGATIVE_INFINITY);
  x.data.forEach((v, i) => {
    most[startOf(i)] = Math.max(most[startOf(i)], v);
  });
  const sums = rowSums((i) => Math.exp(x.data[i] - most[startOf(i)]));
  x.data.forEach((v, i) => {
    logs[i] = v - most[startOf(i)] - Math.log(sums[i]);
  });
  /** How far below its row's largest each element is: what its exponential is rounded by. */
  const depth = Float64Array.from(x.data, (v, i) => 1 + Math.min(Math.abs(v - most[startOf(i)]) || 0, 100));
  return { x, logs, rowSums, depth, dim: negative ? at - rank : at, length, item: length * inner, setting };
}

async function checkSoftmax(c: SoftmaxCase): Promise<void> {
  const { x, logs, rowSums, depth, dim, length, item } = softmaxOf(c);
  const terms = Math.sqrt(length);
  const values = logs.map(Math.exp);
  const rough = values.map((s, i) => s * depth[i]);
  const gradients = (dy: Float32Array) => {
    const sums = rowSums((i) => dy[i] * values[i]);
    const sizes = rowSums((i) => Math.abs(dy[i]) * rough[i]);
    return [
      Sums.of(
        x.shape,
        values.map((s, i) => s * (dy[i] - sums[i])),
        { terms, scale: rough.map((r, i) => r * (Math.abs(dy[i]) + sizes[i])) },
      ),
    ];
  };
  const y = Sums.of(x.shape, values, { terms, scale: rough });
  const roundings = 2; // of y, which the gradient is computed from
  await compare((t) => softmax(t, dim), [x], { y, gradients, roundings }, c.setting, item);
}

async function checkLogSoftmax(c: SoftmaxCase): Promise<void> {
  const { x, logs, rowSums, depth, dim, length, item } = softmaxOf(c);
  const terms = Math.sqrt(length);
  const gradients = (dy: Float32Array) => {
    const [sums, sizes] = [rowSums((i) => dy[i]), rowSums((i) => Math.abs(dy[i]))];
    const dx = logs.map((l, i) => dy[i] - Math.exp(l) * sums[i]);
    const scale = logs.map((l, i) => Math.abs(dy[i]) + Math.exp(l) * depth[i] * sizes[i]);
    return [Sums.of(x.shape, dx, { terms, scale })];
  };
  const expected: Expected = {
    y: Sums.of(x.shape, logs, { terms, scale: 1 + Math.log(Math.max(length, 1)) }),
    gradients,
    roundings: 2, // of y, which the gradient is computed from
  };
  await compare((t) => logSoftmax(t, dim), [x], expected, c.setting, item);
}

export const batchNormProperty: Property<BatchNormCase> = {
  ...{ covers: ['batchNorm'], cases: batchNormCases, check: checkBatchNorm, few: 16, share: 5 },
};
export const localResponseNormProperty: Property<LrnCase> = {
  ...{ covers: ['localResponseNorm'], cases: lrnCases, check: checkLrn, few: 8, share: 4 },
};
export const softmaxProperty: Property<SoftmaxCase> = {
  ...{ covers: ['softmax'], cases: softmaxCases, check: checkSoftmax, few: 16, share: 4 },
};
export const logSoftmaxProperty: Property<SoftmaxCase> = {
  ...{ covers: ['logSoftmax'], cases: softmaxCases, check: checkLogSoftmax, few: 16, share: 4 },
};
