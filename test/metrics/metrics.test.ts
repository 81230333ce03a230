// Metrics where scikit-learn says nothing: ties, nothing to divide, what does not fit, memory, and counts beyond f32.
import * as assert from 'uvu/assert';
import { memory, scope, type Tensor, tensor } from '../../src/index.js';
import {
  Accumulator,
  Accuracy,
  ConfusionMatrix,
  F1,
  IoU,
  Mean,
  MeanAbsoluteError,
  MeanSquaredError,
  type Metric,
  Precision,
  R2,
  Recall,
  RocAuc,
  TopK,
} from '../../src/metrics/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('metrics/metrics');
test.before(useDevice);

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const labels = (...values: number[]) => tensor(Int32Array.from(values));

/** A figure of one batch. */
async function figure(metric: Metric, prediction: Tensor, target: Tensor): Promise<number> {
  metric.reset();
  metric.update(prediction, target);
  const value = await metric.compute();
  metric.reset();
  return value;
}

test('of equal scores the first come first: TopK of one is Accuracy, and a constant network does not know all', async () => {
  const same = tensor(new Float32Array(12).fill(3), { shape: [3, 4] });
  const target = labels(0, 1, 3);
  assert.equal(await figure(new Accuracy(), same, target), 1 / 3);
  const shares = [1, 2, 3, 4].map((k) => figure(new TopK({ k }), same, target));
  assert.equal(await Promise.all(shares), [1 / 3, 2 / 3, 2 / 3, 1]);
  const endless = tensor([
    [-infinity, infinity, infinity, 0],
    [-infinity, -infinity, -infinity, -infinity],
    [0, nan, 1, 2],
  ]);
  assert.equal(await figure(new TopK({ k: 2 }), endless, labels(2, 1, 3)), 2 / 3);
  assert.equal(await figure(new TopK({ k: 4 }), endless, labels(0, 3, 0)), 2 / 3); // NaN is wrong whatever k
});

test('TopK looks at five, as Keras does, and at places of a picture', async () => {
  const scores = tensor(
    Float32Array.from({ length: 2 * 7 * 3 }, (_, i) => -Math.floor(i / 3) % 7),
    { shape: [2, 7, 3] },
  );
  const target = tensor(Int32Array.of(0, 4, 5, 6, 1, -100), { shape: [2, 3] });
  assert.equal(await figure(new TopK(), scores, target), 3 / 5);
});

test('nothing to divide: 0 of a class, NaN of no rows', async () => {
  const scores = tensor([
    [1, 0],
    [2, 0],
  ]);
  const expected: [Metric, number][] = [
    [new Precision(), 0],
    [new Recall(), 0],
    [new F1(), 0],
    [new IoU(), 0],
    [new Precision({ average: 'macro' }), 1], // of class 0, which alone occurs
    [new Precision({ average: 'micro' }), 1],
  ];
  for (const [metric, value] of expected) assert.equal(await figure(metric, scores, labels(0, 0)), value);
  for (const metric of [
    new Precision(),
    new Recall({ average: 'macro' }),
    new F1({ average: 'weighted' }),
    new Accuracy(),
  ])
    assert.equal(await figure(metric, scores, labels(-100, -100)), nan);
  const alone = new IoU();
  alone.update(scores, labels(0, 0));
  assert.equal(alone.perClass(await alone.sums()), [1, 0]);
  alone.reset();
});

test('R2: the same targets, one example, targets far from 0', async () => {
  const column = (...values: number[]) => tensor(values, { shape: [values.length, 1] });
  assert.equal(await figure(new R2(), column(1, 2, 3), column(1, 2, 3)), 1);
  assert.equal(await figure(new R2(), column(2, 2, 2), column(1, 2, 3)), 0);
  assert.equal(await figure(new R2(), column(0.1, 0.1, 0.1), column(0.1, 0.1, 0.1)), 1);
  assert.equal(await figure(new R2(), column(0.1, 0.1, 0.2), column(0.1, 0.1, 0.1)), 0);
  assert.equal(await figure(new R2(), column(1), column(1)), nan);
  assert.equal(await figure(new R2(), column(1, nan), column(1, 2)), nan);
  // The sum of squares as f32 may have rounded it.
  assert.is(new R2().value(Float64Array.of(0.01, 0.3, 0.030000001, 3)), 0);
  const years = [1999, 2000, 2001, 2002];
  const near = years.map((year, i) => year + (i % 2 === 0 ? 0.5 : -0.5));
  assert.equal(await figure(new R2({ center: 2000 }), column(...near), column(...years)), 0.8);
});

test('a NaN predicted makes an error NaN', async () => {
  for (const metric of [new MeanSquaredError(), new MeanAbsoluteError()]) {
    assert.equal(await figure(metric, tensor([1, nan]), tensor([1, 2])), nan);
    assert.equal(await figure(metric, tensor([1, 4]), tensor([1, 2])), metric instanceof MeanSquaredError ? 2 : 1);
  }
});

test('RocAuc: a class missing, a NaN ranked last, and how far it may be off', async () => {
  assert.equal(await figure(new RocAuc(), tensor([1, 2]), labels(1, 1)), nan);
  assert.equal(await figure(new RocAuc(), tensor([2, 1]), labels(1, 0)), 1);
  assert.equal(await figure(new RocAuc(), tensor([nan, 1]), labels(1, 0)), 0);
  assert.equal(await figure(new RocAuc(), tensor([2, nan]), labels(1, 0)), 0);
  assert.equal(await figure(new RocAuc(), tensor([[infinity, infinity], [0, 1]]), labels(0, 1)), 0); // biome-ignore format: rows
  const close = new RocAuc({ bins: 1000 });
  close.update(tensor([0.0001, 0.0002, 5]), tensor([1, 0, 1]));
  const sums = await close.sums();
  assert.equal([close.value(sums), close.uncertainty(sums)], [0.75, 0.25]);
  assert.equal(close.curve(sums), { name: 'ROC', points: [[0, 0], [0, 0.5], [1, 1]], area: 0.75 }); // biome-ignore format: points
  close.reset();
});

test('a confusion matrix on the GPU and on the host: one table', async () => {
  const scores = [2, 1, 0, 3, nan, nan, 7, nan, 0, 1, 4, 1];
  const [gpu, host] = [new ConfusionMatrix(['cat', 'dog']), new ConfusionMatrix(['cat', 'dog'])];
  gpu.update(tensor(scores.slice(0, 8), { shape: [4, 2] }), labels(0, 0, 1, 0));
  gpu.update(tensor(scores.slice(8), { shape: [2, 2] }), labels(1, 1));
  host.add(scores, [0, 0, 1, 0, 1, 1]);
  assert.is(await gpu.compute(), host.accuracy);
  assert.is(String(gpu), String(host));
  assert.equal([gpu.counts, gpu.undecided], [[[1, 1], [1, 1]], [1, 1]]); // biome-ignore format: a matrix
  assert.is(String(new ConfusionMatrix(['cat', 'dog']).load(await gpu.sums())), String(host));
  gpu.reset();
  assert.is(gpu.total, 0);
  const masked = new ConfusionMatrix(['sky', 'sea'], { ignoreIndex: 255 });
  assert.equal(await figure(masked, tensor([[1, 0], [1, 0]]), labels(255, 0)), 1); // biome-ignore format: rows
});

test('what does not fit is refused', () => {
  using _ = scope();
  const refuses = (call: () => unknown, message: RegExp) => assert.throws(call, (e: Error) => message.test(String(e)));
  const [scores, target] = [tensor(new Float32Array(6), { shape: [2, 3] }), labels(0, 1)];
  refuses(
    () => new Accuracy().of(scores, labels(0, 1, 2)),
    /^ShapeError: Accuracy: scores \[2, 3\] and target i32 \[3\] do not fit; it takes \(batch, classes, ...\) and class numbers \(batch, ...\) or probabilities, or/,
  );
  refuses(
    () => new Recall().of(scores, target),
    /^ShapeError: Recall: .* takes \(batch, 2, ...\) .*, or a logit for each target$/,
  );
  refuses(
    () => new F1({ classes: 4 }).of(scores, target),
    /^ShapeError: F1: .* takes \(batch, 4, ...\) .* or probabilities$/,
  );
  refuses(() => new TopK().of(scores, target), /^ShapeError: TopK: of k = 5, scores \[2, 3\] have too few classes$/);
  refuses(() => new Accuracy().of(target, target), /^DtypeError: Accuracy: takes f32, got i32/);
  refuses(
    () => new MeanSquaredError().of(tensor([[1], [2]]), tensor([1, 2])),
    /^ShapeError: MeanSquaredError: prediction \[2, 1\] and target \[2\] differ; reshape one of them$/,
  );
  refuses(() => new R2({ outputs: 2 }).of(scores, scores), /^ShapeError: R2: of 2 outputs, got targets \[2, 3\]$/);
  refuses(() => new RocAuc({ bins: 10 }), /^UsageError: RocAuc: bins is a whole number, 1000 or more, got 10$/);
  refuses(
    () => new IoU({ classes: 3, average: 'binary' }),
    /^UsageError: IoU: average is 'macro', 'micro' or 'weighted', got 'binary'$/,
  );
  refuses(
    () => new Precision({ average: 'mean' as never }),
    /average is 'binary', 'macro', 'micro' or 'weighted', got 'mean'$/,
  );
  refuses(
    () => new Recall({ ignore_index: 1 } as never),
    /^UsageError: Recall: there is no option 'ignore_index'; did you mean 'ignoreIndex'\?$/,
  );
  refuses(
    () => new ConfusionMatrix(['a', 'b']).load([1, 2]),
    /^UsageError: ConfusionMatrix: 2 counts for 2 classes, expected 6$/,
  );
});

test('a label that is no class is told by the read that follows', async () => {
  for (const metric of [
    new Accuracy(),
    new IoU({ classes: 3 }),
    new ConfusionMatrix(['a', 'b', 'c']),
    new TopK({ k: 2 }),
  ]) {
    const wrong = await figure(metric, tensor(new Float32Array(6), { shape: [2, 3] }), labels(0, 3)).catch(String);
    assert.match(
      String(wrong),
      /^UsageError: \w+: a label is no class, such as 3; classes are 0 to 2, or -100 to be ignored$/,
    );
  }
});

test('no gradient is kept, and nothing but the sums stays in memory', async () => {
  const scores = tensor(new Float32Array(6), { shape: [2, 3], requiresGrad: true });
  const target = labels(0, 1);
  const before = memory().liveBuffers;
  for (const metric of [
    new Accuracy(),
    new TopK({ k: 2 }),
    new F1({ classes: 3 }),
    new ConfusionMatrix(['a', 'b', 'c']),
  ]) {
    metric.update(scores, target);
    metric.update(scores, target);
    assert.is(memory().liveBuffers, before + 2);
    await metric.compute();
    metric.reset();
    assert.is(memory().liveBuffers, before);
  }
  using _ = scope();
  assert.is(new Accuracy().of(scores, target).sums.requiresGrad, false);
});

test('counts stay exact beyond 2^24', async () => {
  const counts = new Accumulator(1);
  const each = 2 ** 22 + 1;
  for (let i = 0; i < 150; i++) {
    using _ = scope();
    counts.add(tensor([each]));
  }
  assert.equal([...(await counts.read())], [150 * each]);
  counts.reset();
});

test('a mean of scalars is weighted', async () => {
  const mean = new Mean();
  mean.update(tensor(1), 3);
  mean.update(tensor([5]));
  assert.is(await mean.compute(), 2);
  mean.reset();
  assert.throws(() => new Mean().of(tensor([1, 2])), /^Mean: takes a scalar, got \[2\]$/);
});

test.run();
