// Losses and their gradients, worked out.
import fc from 'fast-check';
import {
  binaryCrossEntropyWithLogits,
  crossEntropy,
  l1Loss,
  mseLoss,
  type Reduction,
  type Tensor,
  tensor,
} from '../../../src/index.js';
import { seeded } from '../random.js';
import { LARGEST } from '../tolerance.js';
import { sizeOf } from './indexing.js';
import type { Property } from './property.js';
import { Sums } from './sums.js';
import { beyond, compare, DENORMALS, type Input, type Setting, settings, valuesBetween, valuesOf } from './trial.js';

const reductions = fc.constantFrom<Reduction>('mean', 'sum', 'none');

interface CrossEntropyCase {
  batch: number;
  classes: number;
  inner: number[];
  reduction: Reduction;
  labelSmoothing: number;
  ignoreIndex: number;
  /** A weight for each class, 0.5 to 1.5. */
  weighted: boolean;
  setting: Setting;
}

const crossEntropyCases: fc.Arbitrary<CrossEntropyCase> = fc.record({
  batch: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 20 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 65, 130) },
  ),
  classes: fc.constantFrom(1, 2, 3, 10, 33, 100),
  inner: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 2 }),
  reduction: reductions,
  labelSmoothing: fc.constantFrom(0, 0, 0.1, 1),
  ignoreIndex: fc.constantFrom(-100, 0, 1),
  weighted: fc.boolean(),
  setting: settings(),
});

/** What each row loses, and each logit's slope, with what they are rounded by. */
interface Rows {
  each: Float64Array;
  sizes: Float64Array;
  slope: Float64Array;
  rough: Float64Array;
  /** 1: the loss is not compared, 2: the slope is not. */
  unsure: Uint8Array;
}

/** By class; 1 each where there are none. */
const weightsOf = ({ classes, weighted, setting }: CrossEntropyCase): Float32Array =>
  weighted ? seeded(classes, setting.seed + 4).map((v) => 1 + v / 2) : new Float32Array(classes).fill(1);

function lossOfRows(c: CrossEntropyCase, data: Float32Array, target: Int32Array): Rows {
  const { classes, labelSmoothing, ignoreIndex } = c;
  const [plane, rows] = [sizeOf(c.inner), target.length];
  const weights = weightsOf(c);
  const place = (row: number, k: number) => (Math.floor(row / plane) * classes + k) * plane + (row % plane);
  const each = new Float64Array(rows);
  const sizes = new Float64Array(rows);
  const slope = new Float64Array(data.length);
  const rough = new Float64Array(data.length);
  const unsure = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const values = Array.from({ length: classes }, (_, k) => data[place(row, k)]);
    // An ignored row weighs nothing. PyTorch's gradient of one that holds NaN is NaN all the same: not compared.
    if (target[row] === ignoreIndex) {
      if (!values.every(Number.isFinite)) unsure[row] = 2;
      continue;
    }
    const top = Math.max(...values);
    const sum = values.reduce((s, v) => s + Math.exp(v - top), 0);
    const shares = values.map(
      (_, k) => weights[k] * (labelSmoothing / classes + (k === target[row] ? 1 - labelSmoothing : 0)),
    );
    const whole = shares.reduce((a, b) => a + b, 0);
    values.forEach((v, k) => {
      const share = shares[k];
      const log = v - top - Math.log(sum);
      // A share of nothing selects, and does not multiply: 0 times infinity is not asked.
      if (share !== 0) each[row] -= share * log;
      if (share !== 0 && Number.isFinite(log)) sizes[row] += share * (Math.abs(log) + 1);
      // PyTorch adds up a row before it takes its share, and takes no share of the target's own part at smoothing 1.
      if (labelSmoothing > 0 && Math.abs(v - top) * classes > LARGEST) unsure[row] = 1;
      const p = Math.exp(v - top) / sum;
      slope[place(row, k)] = p * whole - share;
      rough[place(row, k)] = p * whole * (1 + Math.min(Math.abs(v - top) || 0, 100)) + share;
    });
  }
  return { each, sizes, slope, rough, unsure };
}

/** Whether the sum of finite losses, which their mean is made of, is beyond f32, or nearly. */
function overflows(losses: Float64Array): boolean {
  const sum = losses.reduce((total, v) => total + Math.abs(v), 0);
  return Number.isFinite(sum) && sum > 0.99 * LARGEST;
}

async function checkCrossEntropy(c: CrossEntropyCase): Promise<void> {
  const { batch, classes, inner, reduction, labelSmoothing, ignoreIndex, setting } = c;
  const shape = [batch, classes, ...inner];
  const plane = sizeOf(inner);
  const rows = batch * plane;
  fc.pre(!(reduction === 'mean' && rows === 0)); // an error; test/ops/invalid.test.ts
  const logits: Input = { shape, data: valuesOf(sizeOf(shape), setting) };
  // A few of the targets are the default for "ignore".
  const target = Int32Array.from(seeded(rows, setting.seed + 3), (v, i) =>
    i % 7 === 3 ? ignoreIndex : Math.floor(((v + 1) / 2) * classes),
  );
  const weights = weightsOf(c);
  const counted = target.reduce((total, t) => total + (t === ignoreIndex ? 0 : weights[t]), 0);
  const { each, sizes, slope, rough, unsure } = lossOfRows(c, logits.data, target);
  const shareOf = reduction === 'mean' ? 1 / counted : 1;
  const y = new Sums(reduction === 'none' ? [batch, ...inner] : []);
  each.forEach((v, row) => {
    const to = reduction === 'none' ? row : 0;
    y.add(
      to,
      v * shareOf,
      reduction === 'none'
        ? sizes[row]
        : Math.max(sizes[row] * shareOf, Math.abs(v) > LARGEST / rows ? Math.abs(v) : 0),
    );
    if (unsure[row] === 1) y.leaveOut(to);
  });
  if (reduction === 'mean' && overflows(each)) y.leaveOut(0);
  const gradients = (dy: Float32Array) => {
    const worth = (i: number) => {
      const row = Math.floor(i / (classes * plane)) * plane + (i % plane);
      return target[row] === ignoreIndex ? 0 : dy[reduction === 'none' ? row : 0] * shareOf;
    };
    const dlogits = Sums.of(
      shape,
      slope.map((s, i) => s * worth(i)),
      { terms: 2 * Math.sqrt(classes), scale: rough.map((r, i) => r * Math.abs(worth(i))) },
    );
    for (let i = 0; i < dlogits.size; i++) {
      if (unsure[Math.floor(i / (classes * plane)) * plane + (i % plane)] === 2) dlogits.leaveOut(i);
    }
    return [dlogits];
  };
  const op = (t: Tensor) =>
    crossEntropy(t, tensor(target, { shape: [batch, ...inner] }), {
      ...{ reduction, labelSmoothing, ignoreIndex },
      ...(c.weighted && { weight: tensor(weights) }),
    });
  await compare(op, [logits], { y, gradients }, setting, Math.max(classes * plane, 1));
}

interface ElementCase {
  shape: number[];
  reduction: Reduction;
  setting: Setting;
}

const elementCasesOf = (setting: fc.Arbitrary<Setting>): fc.Arbitrary<ElementCase> =>
  fc.record({
    shape: fc.array(
      fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 1, max: 12 }) },
        { weight: 1, arbitrary: fc.constantFrom(0, 257, 1031) },
      ),
      { maxLength: 3 },
    ),
    reduction: reductions,
    setting,
  });

interface ElementLoss {
  op: typeof mseLoss;
  y(x: number, t: number): number;
  dx(x: number, t: number): number;
  dt(x: number, t: number): number;
  /** Targets from 0 to 1. */
  probabilities?: boolean;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const elementLosses: Record<string, ElementLoss> = {
  mseLoss: { op: mseLoss, y: (x, t) => (x - t) ** 2, dx: (x, t) => 2 * (x - t), dt: (x, t) => 2 * (t - x) },
  l1Loss: {
    op: l1Loss,
    y: (x, t) => Math.abs(x - t),
    dx: (x, t) => Math.sign(x - t) || 0,
    dt: (x, t) => Math.sign(t - x) || 0,
  },
  // At an infinite logit PyTorch's own formula is NaN on one side: not compared.
  binaryCrossEntropyWithLogits: {
    op: binaryCrossEntropyWithLogits,
    y: (x, t) => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x))),
    dx: (x, t) => sigmoid(x) - t,
    dt: (x) => -x,
    probabilities: true,
  },
};

async function checkElementLoss({ op, y: f, dx, dt, probabilities }: ElementLoss, c: ElementCase): Promise<void> {
  const { shape, reduction, setting } = c;
  const size = sizeOf(shape);
  fc.pre(!(size === 0 && reduction === 'mean')); // an error; test/ops/invalid.test.ts
  const x: Input = { shape, data: valuesOf(size, setting) };
  const t = {
    shape,
    data: probabilities ? valuesBetween(0, 1, size, setting.seed + 5, setting.dtype) : valuesOf(size, setting, 1),
  };
  const share = reduction === 'mean' ? 1 / size : 1;
  const y = new Sums(reduction === 'none' ? shape : []);
  x.data.forEach((v, i) => {
    const to = reduction === 'none' ? i : 0;
    const loss = f(v, t.data[i]);
    // Before the mean is divided, its sum must be an f32 as well; a loss of probabilities is a difference of |x|.
    const sum = Math.abs(loss) > LARGEST / size ? Math.abs(loss) : Math.abs(loss * share);
    y.add(to, loss * share, probabilities && Number.isFinite(v) ? sum + (Math.abs(v) + 1) * share : sum);
    if (probabilities && !Number.isFinite(v)) y.leaveOut(to);
  });
  const slope = (d: (x: number, t: number) => number, dy: Float32Array) => {
    const sums = new Sums(shape);
    x.data.forEach((v, i) => {
      const [s, worth] = [d(v, t.data[i]), dy[reduction === 'none' ? i : 0] * share];
      sums.add(i, s * worth, Math.abs(s * worth) + (probabilities ? Math.abs(worth) : 0));
      if (beyond(s, worth) || (probabilities && !Number.isFinite(v))) sums.leaveOut(i);
    });
    return sums;
  };
  const gradients = (dy: Float32Array) => [slope(dx, dy), slope(dt, dy)];
  await compare((tx, tt) => op(tx, tt, { reduction }), [x, t], { y, gradients }, setting);
}

const elementProperty = (name: string): Property<ElementCase> => ({
  ...{
    covers: [name],
    cases: elementCasesOf(settings(name === 'l1Loss' ? { tiny: DENORMALS } : {})),
    check: (c) => checkElementLoss(elementLosses[name], c),
    few: 12,
    share: 3,
  },
});

export const losses = {
  crossEntropy: {
    ...{ covers: ['crossEntropy'], cases: crossEntropyCases, check: checkCrossEntropy, few: 20, share: 5 },
  } as Property<CrossEntropyCase>,
  mseLoss: elementProperty('mseLoss'),
  l1Loss: elementProperty('l1Loss'),
  binaryCrossEntropyWithLogits: elementProperty('binaryCrossEntropyWithLogits'),
};
