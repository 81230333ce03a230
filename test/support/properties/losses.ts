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
import { sizeOf } from './indexing.js';
import type { Property } from './property.js';
import { largest, Sums } from './sums.js';
import { compare, type Expected, type Input, type Setting, settings, valuesBetween, valuesOf } from './trial.js';

const reductions = fc.constantFrom<Reduction>('mean', 'sum', 'none');

/** A loss from what single rows lose, `count` of which are in the mean; and the gradient of each row by what it is worth. */
function reduced(
  each: Float64Array,
  shape: readonly number[],
  reduction: Reduction,
  count: number,
  gradients: (worth: (row: number) => number) => (Sums | null)[],
): Expected {
  const share = reduction === 'mean' ? 1 / count : 1;
  const y = new Sums(reduction === 'none' ? shape : []);
  each.forEach((v, i) => {
    y.add(reduction === 'none' ? i : 0, v * share);
  });
  return { y, gradients: (dy) => gradients((row) => dy[reduction === 'none' ? row : 0] * share) };
}

interface CrossEntropyCase {
  batch: number;
  classes: number;
  inner: number[];
  reduction: Reduction;
  labelSmoothing: number;
  ignoreIndex: number;
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
  setting: settings(),
});

async function checkCrossEntropy(c: CrossEntropyCase): Promise<void> {
  const { batch, classes, inner, reduction, labelSmoothing, ignoreIndex, setting } = c;
  const shape = [batch, classes, ...inner];
  const plane = sizeOf(inner);
  const rows = batch * plane;
  const logits: Input = { shape, data: valuesOf(sizeOf(shape), setting) };
  // A few of the targets are the default for "ignore".
  const target = Int32Array.from(seeded(rows, setting.seed + 3), (v, i) =>
    i % 7 === 3 ? ignoreIndex : Math.floor(((v + 1) / 2) * classes),
  );
  const counted = target.filter((t) => t !== ignoreIndex).length;
  fc.pre(!(reduction === 'mean' && counted === 0)); // 0 / 0, as in PyTorch, and NaN is WGSL's to promise
  const place = (row: number, k: number) => (Math.floor(row / plane) * classes + k) * plane + (row % plane);
  const each = new Float64Array(rows);
  const slope = new Float64Array(logits.data.length);
  let most = 0;
  for (let row = 0; row < rows; row++) {
    if (target[row] === ignoreIndex) continue;
    const values = Array.from({ length: classes }, (_, k) => logits.data[place(row, k)]);
    const top = Math.max(...values);
    const sum = values.reduce((s, v) => s + Math.exp(v - top), 0);
    values.forEach((v, k) => {
      const share = labelSmoothing / classes + (k === target[row] ? 1 - labelSmoothing : 0);
      each[row] -= share * (v - top - Math.log(sum));
      slope[place(row, k)] = Math.exp(v - top) / sum - share;
      most = Math.max(most, Math.abs(v));
    });
  }
  const expected = reduced(each, [batch, ...inner], reduction, counted, (worth) => {
    const dlogits = slope.map((s, i) => s * worth(Math.floor(i / (classes * plane)) * plane + (i % plane)));
    return [Sums.of(shape, dlogits, { terms: classes, scale: 1 })];
  });
  // A row's loss is a difference of logits: what the largest are rounded to is lost.
  const terms = Math.max(rows, 1) * classes;
  const y = Sums.of(expected.y.shape, expected.y.value, {
    terms,
    scale: reduction === 'sum' ? most * Math.sqrt(rows) : most,
  });
  const op = (t: Tensor) =>
    crossEntropy(t, tensor(target, { shape: [batch, ...inner] }), { reduction, labelSmoothing, ignoreIndex });
  await compare(op, [logits], { ...expected, y }, setting, Math.max(classes * plane, 1));
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
  l1Loss: { op: l1Loss, y: (x, t) => Math.abs(x - t), dx: (x, t) => Math.sign(x - t), dt: (x, t) => Math.sign(t - x) },
  binaryCrossEntropyWithLogits: {
    op: binaryCrossEntropyWithLogits,
    y: (x, t) => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x))),
    dx: (x, t) => sigmoid(x) - t,
    dt: (x) => -x,
    probabilities: true,
  },
};

async function checkElementLoss({ op, y, dx, dt, probabilities }: ElementLoss, c: ElementCase): Promise<void> {
  const { shape, reduction, setting } = c;
  const size = sizeOf(shape);
  fc.pre(!(size === 0 && reduction === 'mean')); // an error; test/ops/invalid.test.ts
  const x: Input = { shape, data: valuesOf(size, setting) };
  const t = { shape, data: probabilities ? valuesBetween(0, 1, size, setting.seed + 5) : valuesOf(size, setting, 1) };
  const each = (f: (x: number, t: number) => number) => Float64Array.from(x.data, (v, i) => f(v, t.data[i]));
  const most = largest(x.data);
  const expected = reduced(each(y), shape, reduction, size, (worth) => [
    Sums.of(
      shape,
      each(dx).map((d, i) => d * worth(i)),
      { scale: reduction === 'mean' ? 1 / size : 1 },
    ),
    Sums.of(
      shape,
      each(dt).map((d, i) => d * worth(i)),
    ),
  ]);
  const sum = probabilities // of differences
    ? Sums.of(expected.y.shape, expected.y.value, {
        terms: size,
        scale: most * (reduction === 'sum' ? Math.sqrt(size) : 1),
      })
    : expected.y;
  await compare((tx, tt) => op(tx, tt, { reduction }), [x, t], { ...expected, y: sum }, setting);
}

/** The sign of a denormal difference is the adapter's to choose: l1Loss has none. */
const elementProperty = (name: string): Property<ElementCase> => ({
  ...{
    covers: [name],
    cases: elementCasesOf(name === 'l1Loss' ? settings('unit', 'whole', 'large') : settings()),
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
