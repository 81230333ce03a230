// Tasks: those of the library against float64, one's own with metrics of every kind, and results that are none.
import * as assert from 'uvu/assert';
import {
  add,
  crossEntropy,
  DataError,
  Linear,
  mean,
  memory,
  mseLoss,
  mul,
  SGD,
  ShapeError,
  sum,
  type Tensor,
  tensor,
  UsageError,
} from '../../src/index.js';
import {
  Accuracy,
  type BatchSource,
  classification,
  evaluate,
  Metric,
  type Progress,
  readCheckpoint,
  regression,
  restoreRun,
  type StepResult,
  type Task,
  Trainer,
  writeCheckpoint,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('train/tasks');
test.before(useDevice);

interface Pair {
  x: { data: Float32Array; shape: number[] };
  y: { data: Float32Array; shape: number[] };
}

const SIZES = [4, 4, 3];
const pairs = (epoch: number): Pair[] =>
  SIZES.map((size, i) => ({
    x: { data: seeded(3 * size, 50 * epoch + i, 2), shape: [size, 3] },
    y: { data: seeded(2 * size, 50 * epoch + i + 20, 2), shape: [size, 2] },
  }));

const source: BatchSource<Pair> = {
  length: 11,
  async *epoch(number, { startBatch = 0 } = {}) {
    yield* pairs(number).slice(startBatch);
  },
};

function newTrainer(task: Task<Pair, Linear>, lr = 0): Trainer<Pair, Linear> {
  const model = new Linear(3, 2);
  model.weight.set(seeded(6, 1));
  model.bias!.set([0.5, -0.5]);
  const optimizer = new SGD(model.parameters(), { lr });
  return new Trainer<Pair, Linear>({ model, optimizer, task, train: source });
}

/** Differences between what the model of `newTrainer` says and an epoch's targets, by batch. */
function differences(epoch: number): number[][] {
  const weight = seeded(6, 1);
  return pairs(epoch).map(({ x, y }) =>
    [...y.data].map((target, i) => {
      const [row, c] = [i >> 1, i & 1];
      let said = [0.5, -0.5][c];
      for (let k = 0; k < 3; k++) said += x.data[3 * row + k] * weight[3 * c + k];
      return said - target;
    }),
  );
}

const near = (actual: number, expected: number, what: string) =>
  assert.ok(Math.abs(actual - expected) < 1e-6 * (1 + Math.abs(expected)), `${what}: ${actual}, not ${expected}`);

for (const [loss, of] of [
  [undefined, (d: number) => d * d],
  ['mse', (d: number) => d * d],
  ['mae', Math.abs],
] as const) {
  test(`regression, ${loss ?? 'by default'}: the epoch's loss and mean error`, async () => {
    const trainer = newTrainer(loss === undefined ? regression() : regression({ loss }));
    await trainer.fit({ epochs: 2 });
    for (const [epoch, { metrics }] of trainer.history.entries()) {
      const all = differences(epoch).flat().map(of);
      assert.equal(Object.keys(metrics), ['loss', 'mae', 'r2']);
      const errors = differences(epoch).flat().map(Math.abs);
      near(metrics.mae, errors.reduce((a, b) => a + b) / errors.length, `mean error of epoch ${epoch + 1}`);
      near(metrics.loss, all.reduce((a, b) => a + b) / all.length, `epoch ${epoch + 1}`);
    }
  });
}

/** A metric of one's own: the root of the mean squared difference, which is no mean of batches' roots. */
class RootMeanSquare extends Metric {
  readonly size = 2;
  protected batch(prediction: Tensor, target: Tensor): Tensor {
    const difference = add(prediction, mul(target, -1));
    return add(mul(sum(mul(difference, difference)), tensor([1, 0])), tensor([0, difference.size]));
  }
  value([squares, count]: Float64Array): number {
    return Math.sqrt(squares / count);
  }
}

const rootMeanSquare = new RootMeanSquare();

const withMetrics: Task<Pair, Linear> = (model, { x, y }) => {
  const said = model.forward(x);
  const loss = mseLoss(said, y);
  return {
    ...{ loss, size: x.shape[0] },
    metrics: { rmse: rootMeanSquare.of(said, y), bias: mean(add(said, mul(y, -1))), twice: mul(loss, 2) },
  };
};

test('metrics of a task: scalars are means weighted by size, measured ones are of the whole epoch', async () => {
  const trainer = newTrainer(withMetrics);
  const { liveBuffers } = memory();
  await trainer.fit({ epochs: 3 });
  for (const [epoch, { metrics }] of trainer.history.entries()) {
    const all = differences(epoch).flat();
    const of = (f: (d: number) => number) => all.map(f).reduce((a, b) => a + b) / all.length;
    assert.equal(Object.keys(metrics), ['loss', 'rmse', 'bias', 'twice']);
    near(
      metrics.bias,
      of((d) => d),
      'bias',
    );
    near(metrics.twice, 2 * metrics.loss, 'twice');
    near(metrics.rmse, Math.sqrt(of((d) => d * d)), 'rmse');
  }
  trainer.optimizer.zeroGrad();
  assert.is(memory().liveBuffers, liveBuffers - 1, 'nothing is left of them, and both parameters are in one buffer');
  const found = await evaluate({ model: trainer.model, task: withMetrics, data: source });
  near(found.rmse, trainer.history[0].metrics.rmse, 'evaluated');
});

test('saved in the middle of an epoch or behind its last batch, and gone on with: metrics to the same bits', async () => {
  const whole = newTrainer(withMetrics, 0.1);
  await whole.fit({ epochs: 2 });
  for (const at of [1, 2, 3, 4, 5, 6]) {
    const begun = newTrainer(withMetrics, 0.1);
    const stop = new AbortController();
    const onBatchEnd = ({ step }: Progress) => void (step === at && stop.abort());
    await begun.fit({ epochs: 2, signal: stop.signal, callbacks: [{ onBatchEnd }] });
    const file = readCheckpoint(await writeCheckpoint(begun), 'run');
    const resumed = newTrainer(withMetrics, 0.1);
    restoreRun(file, resumed);
    await resumed.fit({ epochs: 2 });
    const metrics = (t: Trainer<Pair, Linear>) => t.history.map((record) => record.metrics);
    assert.equal(metrics(resumed), metrics(whole), `stopped at step ${at}`);
  }
});

test('stopped behind the last batch and gone on with: metrics of training are not asked of validation', async () => {
  const seen: string[] = [];
  const task: Task<Pair, Linear> = (model, { x, y }, { training }) => {
    const loss = mseLoss(model.forward(x), y);
    seen.push(training ? 'training' : 'validation');
    return { loss, size: x.shape[0], metrics: training ? { own: mul(loss, 2) } : { other: mul(loss, 3) } };
  };
  const make = () => {
    const { model, optimizer } = newTrainer(task, 0.1);
    return new Trainer<Pair, Linear>({ model, optimizer, task, train: source, validation: source });
  };
  const [whole, begun, resumed] = [make(), make(), make()];
  await whole.fit({ epochs: 1 });
  const stop = new AbortController();
  const onBatchEnd = ({ step }: Progress) => void (step === 3 && stop.abort());
  await begun.fit({ epochs: 1, signal: stop.signal, callbacks: [{ onBatchEnd }] });
  restoreRun(readCheckpoint(await writeCheckpoint(begun), 'run'), resumed);
  seen.length = 0;
  await resumed.fit({ epochs: 1 });
  assert.equal(seen, ['validation', 'validation', 'validation', 'training']);
  assert.equal(resumed.history[0].metrics, whole.history[0].metrics);
});

test('the names of the loss and of validation are no metrics’', async () => {
  for (const name of ['loss', 'val_error']) {
    const trainer = newTrainer((model, { x, y }) => {
      const loss = mseLoss(model.forward(x), y);
      return { loss, size: x.shape[0], metrics: { [name]: loss } };
    });
    const error = await trainer.fit({ epochs: 1 }).catch((e) => e);
    assert.instance(error, UsageError);
    assert.match(
      error.message,
      `trainer: a metric is called '${name}': 'loss' and 'val_...' are the trainer's own names`,
    );
  }
});

test('a metric that only some steps name is of those', async () => {
  let step = 0;
  const trainer = newTrainer((model, { x, y }) => {
    const loss = mseLoss(model.forward(x), y);
    return { loss, size: x.shape[0], metrics: step++ % 3 === 0 ? { first: mul(loss, 1) } : undefined };
  });
  await trainer.fit({ epochs: 1 });
  const [first] = differences(0);
  near(trainer.history[0].metrics.first, first.reduce((a, d) => a + d * d, 0) / first.length, 'first');
});

test('a step that is for training is told so, and validation is not', async () => {
  const modes: boolean[] = [];
  const task: Task<Pair, Linear> = (model, { x, y }, { training }) => {
    modes.push(training);
    return { loss: mseLoss(model.forward(x), y), size: x.shape[0] };
  };
  const { model, optimizer } = newTrainer(task);
  await new Trainer<Pair, Linear>({ model, optimizer, task, train: source, validation: source }).fit({ epochs: 1 });
  assert.equal(modes, [true, true, true, false, false, false]);
});

test('results that are none, in training and in evaluation', async () => {
  const good = (model: Linear, { x, y }: { x: Tensor; y: Tensor }) => ({ loss: mseLoss(model.forward(x), y), size: 4 });
  type Odd = (model: Linear, batch: { x: Tensor; y: Tensor }) => unknown;
  const cases: [Odd, new (message: string) => Error, RegExp][] = [
    [async (m, b) => good(m, b), UsageError, /a task gives \{ loss, size, metrics \}, .*a task is not async/],
    [() => undefined, UsageError, /a task gives \{ loss, size, metrics \}, with a tensor as its loss; got undefined$/],
    [(m, b) => good(m, b).loss, UsageError, /a task gives \{ loss, size, metrics \}.*; got a tensor/],
    [(m, b) => ({ ...good(m, b), loss: 0.5 }), UsageError, /a task gives \{ loss, size, metrics \}/],
    [(m, b) => ({ loss: m.forward(b.x), size: 4 }), ShapeError, /a loss is a scalar, the task gives \[4, 2\]$/],
    [
      (m, b) => ({ loss: good(m, b).loss }),
      UsageError,
      /a task says how many examples its batch has, size is undefined$/,
    ],
    [(m, b) => ({ ...good(m, b), size: 2.5 }), UsageError, /size is 2\.5$/],
    [(m, b) => ({ ...good(m, b), size: 0 }), DataError, /a batch has no examples$/],
    [
      (m, b) => ({ ...good(m, b), metrics: { r2: 0.5 } }),
      UsageError,
      /metric 'r2' is a scalar tensor, or what a metric's of\(\.\.\.\) gives/,
    ],
    [
      (m, b) => ({ ...good(m, b), metrics: { said: m.forward(b.x) } }),
      ShapeError,
      /Mean: takes a scalar, got \[4, 2\]/,
    ],
  ];
  for (const [task, type, message] of cases) {
    const trainer = newTrainer(task as unknown as Task<Pair, Linear>);
    const { liveBuffers } = memory();
    const found = await trainer.fit({ epochs: 1 }).catch((e) => e);
    assert.instance(found, type, String(found));
    assert.match(found.message, message);
    trainer.optimizer.zeroGrad();
    assert.is(memory().liveBuffers, liveBuffers, `${message}: nothing is left`);
    const again = await evaluate({
      ...{ model: trainer.model, data: source },
      task: task as unknown as Task<Pair, Linear>,
    }).catch((e) => e);
    assert.instance(again, type, String(again));
  }
  let step = 0; // in every step, not only in the first
  const later = newTrainer((model, batch) => ({ ...good(model, batch), size: step++ === 2 ? -1 : 4 }));
  const found = await later.fit({ epochs: 1 }).catch((e) => e);
  assert.match(String(found), /UsageError: trainer: a task says how many examples its batch has, size is -1$/);
  const reason = new Error('mine');
  const throwing = newTrainer((): StepResult => {
    throw reason;
  });
  assert.is(await throwing.fit({ epochs: 1 }).catch((e) => e), reason);
});

test('batches and models that do not fit the library’s tasks are named', async () => {
  const said = async (task: unknown, batch: object, message: RegExp, model = new Linear(3, 2)) => {
    const data = {
      length: 4,
      async *epoch() {
        yield batch;
      },
    };
    const error = await evaluate({ model, task: task as Task, data }).catch((e) => e);
    assert.match(String(error), message);
  };
  const [{ x, y }] = pairs(0);
  await said(
    regression(),
    { images: x, y },
    /UsageError: regression: a batch is \{ x, y \}, arrays or tensors; got \{ images, y \}/,
  );
  await said(regression(), { x, y: [1, 2] }, /regression: a batch is \{ x, y \}, arrays or tensors/);
  const narrow = { data: new Float32Array(4), shape: [4] };
  await said(
    regression(),
    { x, y: narrow },
    /ShapeError: regression: the model gives \[4, 2\], the targets are \[4\]; they are to be the same/,
  );
  const task = classification({ classes: ['a', 'b'] });
  await said(task, { x, y }, /UsageError: classification: a batch is \{ images, labels \}, arrays or tensors/);
});

test('a classification with probabilities as labels', async () => {
  const task = classification({ classes: ['a', 'b'] });
  const model = new Linear(3, 2);
  const labels = { data: Float32Array.of(1, 0, 0, 1, 0.8, 0.2, 0.3, 0.7), shape: [4, 2] };
  const hard = Int32Array.of(0, 1, 0, 1);
  const data = (given: object) => ({
    length: 4,
    async *epoch() {
      yield { images: { data: seeded(12, 3, 2), shape: [4, 3] }, labels: given };
    },
  });
  const soft = await evaluate({ model, task: task as Task, data: data(labels) });
  const plain = await evaluate({ model, task: task as Task, data: data(hard) });
  assert.is(soft.accuracy, plain.accuracy);
  assert.ok(soft.loss !== plain.loss && soft.loss > 0);
  assert.instance(new Accuracy(), Metric);
});

test('class weights count in training alone, as crossEntropy has them', async () => {
  const classes = ['a', 'b', 'c'];
  const [classWeights, size] = [[3, 0.5, 1], 6];
  const labels = Int32Array.of(0, 1, 2, 1, 0, 1);
  const images = { data: seeded(size * 4, 3), shape: [size, 4] };
  const data = {
    length: size,
    async *epoch() {
      yield { images, labels };
    },
  };
  const model = new Linear(4, 3);
  const expected = async (weight?: Tensor) => {
    const logits = model.forward(tensor(images));
    return crossEntropy(logits, tensor(labels), { weight }).item();
  };
  const [weighted, plain] = [await expected(tensor(classWeights)), await expected()];
  const optimizer = new SGD(model.parameters(), { lr: 0 });
  const trainer = new Trainer({
    model,
    optimizer,
    task: classification({ classes, classWeights }),
    train: data,
    validation: data,
  });
  await trainer.fit({ epochs: 1 });
  near(trainer.history[0].metrics.loss, weighted, 'in training');
  near(trainer.history[0].metrics.val_loss, plain, 'in validation');
  assert.ok(Math.abs(weighted - plain) > 1e-3);
  assert.throws(
    () => classification({ classes, classWeights: [1, 2] }),
    /^classification: 2 classWeights for 3 classes/,
  );
  assert.throws(
    () => classification({ classes, classWeights: [1, -2, 1] }),
    /classWeights is a list of numbers, 0 or more/,
  );
});

test.run();
