// batchNorm, localResponseNorm, softmax and logSoftmax with their derivatives worked out.
import fc from 'fast-check';
import { batchNorm, localResponseNorm, logSoftmax, softmax, type Tensor } from '../../../src/index.js';
import { assertClose } from '../tolerance.js';
import { sizeOf } from './indexing.js';
import type { Property } from './property.js';
import { largest, Sums } from './sums.js';
import { compare, type Expected, type Input, type Setting, settings, valuesBetween, valuesOf } from './trial.js';

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
    setting: settings('unit', 'whole', 'tiny'),
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

async function checkBatchNorm(c: BatchNormCase): Promise<void> {
  const { channels, training, momentum, eps, setting } = c;
  const shape = [c.batch, channels, ...c.rest];
  const plane = sizeOf(c.rest);
  const x: Input = { shape, data: valuesOf(sizeOf(shape), setting) };
  const perChannel = (data: Float32Array): Input => ({ shape: [channels], data });
  const [weight, bias] = [1, 2].map((which) => perChannel(valuesOf(channels, setting, which)));
  const runningMean = perChannel(valuesOf(channels, setting, 3));
  const runningVar = perChannel(valuesBetween(0.1, 2, channels, setting.seed + 1));
  const batch = statistics(x, channels);
  const mean = training ? batch.mean : runningMean.data;
  const deviation = Float64Array.from(training ? batch.variance : runningVar.data, (v) => Math.sqrt(v + eps));
  const channelOf = (i: number) => Math.floor(i / plane) % channels;
  const normal = Float64Array.from(x.data, (v, i) => (v - mean[channelOf(i)]) / deviation[channelOf(i)]);
  // Where a channel's values hardly differ, x - mean cancels, and what is left of it is divided by a small deviation.
  const most = Math.max(largest(x.data), largest(mean)) / Math.min(...deviation);
  const terms = training ? batch.count : 1;
  const scaled = (values: ArrayLike<number>, of: readonly number[], scale: number) =>
    Sums.of(of, values, { terms, scale });
  const most1 = Math.max(largest(weight.data), largest(bias.data));
  const y = scaled(
    normal.map((n, i) => n * weight.data[channelOf(i)] + bias.data[channelOf(i)]),
    shape,
    most1 * (1 + most),
  );
  const gradients = (dy: Float32Array) => {
    const [dweight, dbias] = [new Float64Array(channels), new Float64Array(channels)];
    dy.forEach((d, i) => {
      dweight[channelOf(i)] += d * normal[i];
      dbias[channelOf(i)] += d;
    });
    const dx = normal.map((n, i) => {
      const ch = channelOf(i);
      const common = training ? (dbias[ch] + n * dweight[ch]) / batch.count : 0;
      return (weight.data[ch] / deviation[ch]) * (dy[i] - common);
    });
    const spread = Math.sqrt(x.data.length / channels);
    return [
      scaled(dx, shape, (most1 / Math.min(...deviation)) * (1 + most) ** 2),
      Sums.of([channels], dweight, { terms: batch.count, scale: (1 + most) * spread }),
      Sums.of([channels], dbias, { terms: batch.count, scale: spread }),
    ];
  };
  const after = async (...[, , , movedMean, movedVar]: Tensor[]) => {
    const moved = (old: ArrayLike<number>, fresh: (i: number) => number) =>
      Float64Array.from(old, (v, i) => (training ? (1 - momentum) * v + momentum * fresh(i) : v));
    const unbiased = batch.count / (batch.count - 1);
    const scale = (most * Math.max(...deviation) + 1) ** 2;
    assertClose(
      await movedMean.data(),
      moved(runningMean.data, (i) => batch.mean[i]),
      { what: 'running mean', terms, scale },
    );
    const variances = moved(runningVar.data, (i) => batch.variance[i] * unbiased);
    assertClose(await movedVar.data(), variances, { what: 'running variance', terms, scale });
  };
  const op = (...[tx, tw, tb, tm, tv]: Tensor[]) => batchNorm(tx, tm, tv, tw, tb, { training, momentum, eps });
  const item = Math.max(channels * plane, 2 * c.batch * channels); // an image; or the statistics of all
  await compare(op, [x, weight, bias, runningMean, runningVar], { y, gradients, after }, setting, item);
}

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
  setting: settings('unit', 'whole', 'tiny'),
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
  const terms = 2 * size;
  const y = Sums.of(
    shape,
    divisor.map((s, i) => x.data[i] * s ** -beta),
    { terms },
  );
  const gradients = (dy: Float32Array) => {
    const dx = divisor.map((s, i) => dy[i] * s ** -beta);
    neighbours((i, j) => {
      dx[j] -= ((2 * alpha * beta) / size) * x.data[j] * dy[i] * x.data[i] * divisor[i] ** (-beta - 1);
    });
    return [Sums.of(shape, dx, { terms, scale: 1 })];
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
  return { x, logs, rowSums, dim: negative ? at - rank : at, length, item: length * inner, setting };
}

async function checkSoftmax(c: SoftmaxCase): Promise<void> {
  const { x, logs, rowSums, dim, length: terms, item } = softmaxOf(c);
  const values = logs.map(Math.exp);
  const gradients = (dy: Float32Array) => {
    const sums = rowSums((i) => dy[i] * values[i]);
    return [
      Sums.of(
        x.shape,
        values.map((s, i) => s * (dy[i] - sums[i])),
        { terms, scale: 1 },
      ),
    ];
  };
  await compare((t) => softmax(t, dim), [x], { y: Sums.of(x.shape, values, { terms }), gradients }, c.setting, item);
}

async function checkLogSoftmax(c: SoftmaxCase): Promise<void> {
  const { x, logs, rowSums, dim, length: terms, item } = softmaxOf(c);
  const gradients = (dy: Float32Array) => {
    const sums = rowSums((i) => dy[i]);
    const dx = logs.map((l, i) => dy[i] - Math.exp(l) * sums[i]);
    return [Sums.of(x.shape, dx, { terms, scale: 1 + largest(sums) })];
  };
  const expected: Expected = { y: Sums.of(x.shape, logs, { terms }), gradients };
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
