// What the trainer refuses before it trains, and at every step: parts, options and batches that would train to no use.
import * as assert from 'uvu/assert';
import {
  DataError,
  ExponentialLR,
  Linear,
  ReduceLROnPlateau,
  Sequential,
  SGD,
  ShapeError,
  UsageError,
} from '../../src/index.js';
import {
  type BatchSource,
  classification,
  type FitOptions,
  RateMeter,
  regression,
  Trainer,
  type TrainerParts,
  tune,
  warmup,
  writeCheckpoint,
  writeWeights,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('train/options');
test.before(useDevice);

interface Batch {
  images: { data: Float32Array; shape: number[] };
  labels: Int32Array;
}

const batch = (i: number): Batch => ({
  images: { data: seeded(12, i), shape: [4, 3] },
  labels: Int32Array.of(0, 1, 0, 1),
});

/** Four batches, of which some may be others. */
const source = (others: Record<number, unknown> = {}): BatchSource<Batch> => ({
  length: 16,
  async *epoch(_, { startBatch = 0 } = {}) {
    for (let i = startBatch; i < 4; i++) yield (others[i] as Batch) ?? batch(i);
  },
});

const empty: BatchSource<Batch> = { ...source(), async *epoch() {} };

function parts(more: object = {}): TrainerParts {
  const model = new Sequential(new Linear(3, 2));
  const optimizer = new SGD(model.parameters(), { lr: 0.1 });
  return { model, optimizer, task: classification({ classes: ['a', 'b'] }), train: source(), ...more };
}

type ErrorType = new (message: string) => Error;

const refuses = (more: object, type: ErrorType, message: RegExp) =>
  assert.throws(
    () => new Trainer(parts(more)),
    (e: unknown) => e instanceof type && message.test(e.message),
    String(message),
  );

async function fails(more: object, options: object, type: ErrorType, message: RegExp): Promise<void> {
  const error = await new Trainer(parts(more)).fit(options as FitOptions).catch((e: Error) => e);
  assert.instance(error, type, String(error));
  assert.match((error as Error).message, message);
}

test('parts that are missing, misnamed or something else', () => {
  refuses({ model: undefined }, UsageError, /^trainer: model is missing; it is a Module$/);
  refuses({ train: undefined, optimizer: undefined }, UsageError, /^trainer: optimizer is missing/);
  refuses(
    { task: undefined },
    UsageError,
    /^trainer: task is missing; it is a function \(model, batch\) => \{ loss, size/,
  );
  refuses({ task: { classes: [] } }, UsageError, /^trainer: task is a function .*, got /);
  refuses({ classes: ['a', 'b'] }, UsageError, /^trainer: there is no option 'classes'/);
  refuses({ clip_grad_norm: 1 }, UsageError, /no option 'clip_grad_norm'; did you mean 'clipGradNorm'\?/);
  refuses({ accumulate: 0 }, UsageError, /accumulate is a whole number, 1 or more, got 0/);
  refuses({ accumulate: 1.5 }, UsageError, /accumulate is a whole number, 1 or more, got 1.5/);
  refuses({ clipGradNorm: 0 }, UsageError, /clipGradNorm is a number above 0, or Infinity, got 0/);
  refuses({ clipGradValue: Number.NaN }, UsageError, /clipGradValue is a number above 0, or Infinity, got NaN/);
  refuses({ beforeUpdate: 'clip' }, UsageError, /beforeUpdate is a function, got 'clip'/);
  refuses({ model: {} }, UsageError, /^trainer: model is a Module/);
  refuses({ optimizer: SGD }, UsageError, /^trainer: optimizer is an optimizer/);
  refuses({ train: [batch(0)] }, UsageError, /^trainer: train is a source of batches/);
  refuses(
    { validation: { ...source(), length: Number.NaN } },
    UsageError,
    /^trainer: validation is a source of batches/,
  );
  refuses(
    { optimizer: new SGD(new Linear(3, 2).parameters(), { lr: 1 }) },
    UsageError,
    /none of the model's parameters/,
  );
});

test('options of tasks', () => {
  const wrong = (make: () => unknown, message: RegExp) =>
    assert.throws(make, (e: unknown) => e instanceof UsageError && message.test(e.message), String(message));
  const classes = ['a', 'b'];
  const odd = (value: unknown) => value as never;
  wrong(() => classification(odd({})), /^classification: classes is missing; it is a list of names$/);
  wrong(() => classification(odd({ classes: 'ab' })), /^classification: classes is a list of names, got 'ab'/);
  wrong(() => classification(odd({ classes: [1, 2] })), /^classification: classes is a list of names/);
  wrong(
    () => classification({ classes: ['a'] }),
    /^classification: there is one class \('a'\); two or more are needed/,
  );
  wrong(() => classification({ classes: [] }), /^classification: there is no class; two or more are needed/);
  wrong(() => classification({ classes, labelSmoothing: 1.5 }), /labelSmoothing is a number from 0 to 1, got 1.5/);
  wrong(
    () => classification(odd({ classes, label_smoothing: 0.1 })),
    /no option 'label_smoothing'; did you mean 'labelSmoothing'\?/,
  );
  wrong(() => regression(odd({ loss: 'l2' })), /^regression: loss is 'mse' or 'mae', got 'l2'/);
});

test('schedules', () => {
  const { optimizer } = parts();
  const rule = new ExponentialLR(optimizer, { gamma: 0.9 });
  const wrong = (schedule: object, message: RegExp, more = {}) => refuses({ schedule, ...more }, UsageError, message);
  wrong(rule, /^trainer: schedule is a schedule and when to step it/);
  wrong({ rule }, /^trainer: schedule: each is missing; it is 'step' or 'epoch'$/);
  wrong({ rule, each: 'batch' }, /^trainer: schedule: each is 'step' or 'epoch', got 'batch'/);
  wrong({ rule, each: 'epoch', watches: 'loss' }, /no option 'watches'; did you mean 'watch'\?/);
  const { optimizer: other } = parts();
  for (const made of [new ExponentialLR(other, { gamma: 0.9 }), new ReduceLROnPlateau(other)])
    wrong({ rule: made, each: 'epoch' }, /^trainer: schedule: its rule was made around another optimizer/);
  wrong({ rule, each: 'epoch', watch: 3 }, /watch is a metric's name, such as 'val_loss', got 3/);
  wrong({ rule, each: 'step', watch: 'loss' }, /watch 'loss' is of epochs/);
  wrong({ rule, each: 'epoch', watch: 'val_accuracy' }, /watch 'val_accuracy' needs validation data/);
  const plateau = { rule: new ReduceLROnPlateau(optimizer), each: 'epoch', watch: 'accuracy' };
  wrong(plateau, /^trainer: schedule: more of 'accuracy' is better, .* give it \{ mode: 'max' \}$/);
});

test('options of fit', async () => {
  await fails({}, {}, UsageError, /^fit: epochs is missing; it is a whole number/);
  await fails({}, { epoch: 3 }, UsageError, /^fit: there is no option 'epoch'; did you mean 'epochs'\?/);
  for (const epochs of [-1, 2.5, Number.NaN, '3']) {
    await fails({}, { epochs }, UsageError, /^fit: epochs is a whole number, 0 or more, or Infinity, got/);
  }
  await fails({}, { epochs: 1, save_every: 2 }, UsageError, /did you mean 'saveEvery'\?/);
  await fails({}, { epochs: 1, saveEvery: 0.5 }, UsageError, /saveEvery is a whole number/);
  await fails(
    {},
    { epochs: 1, onDivergence: 'rollBack' },
    UsageError,
    /onDivergence is 'stop' or 'rollback', got 'rollBack'/,
  );
  await fails(
    {},
    { epochs: 1, signal: new AbortController() },
    UsageError,
    /signal is an AbortSignal, got an AbortController/,
  );
  await fails({}, { epochs: 1, save: 'file' }, UsageError, /save is a function/);
  await fails({}, { epochs: 1, onEpoch: () => {} }, UsageError, /^fit: there is no option 'onEpoch'/);
  await fails({}, { epochs: 1, metricsEvery: -1 }, UsageError, /metricsEvery is a whole number, 0 or more, got -1/);
  await fails({}, { epochs: 1, callbacks: { onBatchEnd: () => {} } }, UsageError, /^fit: callbacks is a list, got/);
  const divergence = (options: object) => ({ epochs: 1, divergence: options });
  await fails({}, divergence({ maxRollback: 1 }), UsageError, /^fit: divergence: .* did you mean 'maxRollbacks'\?/);
  await fails({}, divergence({ factor: 0 }), UsageError, /factor is a number above 0, or Infinity/);
  await fails({}, divergence({ lrFactor: 2 }), UsageError, /lrFactor is a number above 0, at most 1, got 2/);
  await fails({}, undefined as unknown as object, UsageError, /^fit: takes options \{ epochs,/);
});

test('a position that is none', () => {
  const trainer = new Trainer(parts());
  for (const [position, message] of [
    [{ epoch: 3 }, /^trainer: position\.batch should be a whole number, 0 or more, it is missing$/],
    [undefined, /^trainer: position should be an object, it is null$/],
    [{ ...trainer.position, step: -1 }, /^trainer: position\.step should be /],
  ] as const) {
    assert.throws(() => {
      trainer.position = position as never;
    }, message);
    assert.is(trainer.position.step, 0);
  }
  const history = [
    { epoch: 1, step: 2, learningRate: 1, seconds: 1, waited: 0, metrics: { loss: 1, auc: Number.NaN } },
  ];
  trainer.position = { ...trainer.position, history };
  assert.ok(Number.isNaN(trainer.history[0].metrics.auc));
});

test('fit while fit is under way', async () => {
  const trainer = new Trainer(parts());
  const first = trainer.fit({ epochs: 1 });
  const second = await trainer.fit({ epochs: 1 }).catch((e: Error) => e);
  assert.instance(second, UsageError);
  assert.is(await first, 'done');
  assert.is(trainer.history.length, 1);
});

test('data that give no batch', async () => {
  await fails({ train: empty }, { epochs: 2 }, DataError, /^trainer: the training data gave no batch in epoch 1$/);
  await fails({ validation: empty }, { epochs: 2 }, DataError, /^evaluate: the data are empty/);
});

test('data that give fewer examples than they promised, in training and in validation', async () => {
  const short = { ...source(), length: 17 };
  const message = /: an epoch gave 16 examples, its source's length promises 17$/;
  await fails({ train: short }, { epochs: 2 }, DataError, new RegExp(`^trainer${message.source}`));
  await fails({ validation: short }, { epochs: 2 }, DataError, new RegExp(`^evaluate${message.source}`));
  const leftOut = { ...short, mayGiveFewer: true };
  assert.is(await new Trainer(parts({ train: leftOut, validation: leftOut })).fit({ epochs: 2 }), 'done');
});

test('a step outside of fit is one of the epoch under way', async () => {
  const trainer = new Trainer(parts());
  for (let i = 0; i < 3; i++) await trainer.trainStep(batch(i));
  const { batch: done, examples, step } = trainer.position;
  assert.equal([done, examples, step], [3, 12, 3]);
  await trainer.fit({ epochs: 1 });
  const whole = new Trainer(parts());
  await whole.fit({ epochs: 1 });
  assert.is(trainer.position.step, whole.position.step);
});

test('batches are looked at in every step, not only in the first', async () => {
  const wrong = async (other: object, type: ErrorType, message: RegExp) => {
    await fails({ train: source({ 2: { ...batch(2), ...other } }) }, { epochs: 1 }, type, message);
    const checked = { validation: source({ 3: { ...batch(3), ...other } }) };
    const renamed = new RegExp(message.source.replace('trainer', 'evaluate'));
    await fails(checked, { epochs: 1 }, type, renamed);
  };
  const labels = (...values: number[]) => ({ labels: Int32Array.from(values) });
  await wrong(
    labels(0, 1, 2, 0),
    UsageError,
    /^(classification|crossEntropy): a label is no class, such as 2; classes are 0 to 1/,
  );
  await wrong(
    labels(0, 1, -100, 0),
    UsageError,
    /^classification: a label is no class, such as -100; classes are 0 to 1$/,
  );
  await wrong(labels(0, 1), ShapeError, /^crossEntropy: .*\[4, 2\].*\[2\]/);
  await wrong({ images: { data: new Float32Array(13), shape: [4, 3] } }, ShapeError, /13 .*\[4, 3\]/);
  await wrong(
    { labels: Int32Array.of(), images: { data: new Float32Array(0), shape: [0, 3] } },
    ShapeError,
    /^crossEntropy: there is no row in logits \[0, 2\]$/,
  );
  await wrong(
    { labels: [0, 1, 0, 1] },
    UsageError,
    /^classification: a batch is \{ images, labels \}, arrays or tensors; got \{/,
  );
  await fails(
    { train: source({ 2: 7 }) },
    { epochs: 1 },
    DataError,
    /^trainer: a batch is an object of arrays .*, got 7/,
  );
});

test('a model with another number of outputs than there are classes', async () => {
  const more = { task: classification({ classes: ['a', 'b', 'c'] }) };
  await fails(
    more,
    { epochs: 1 },
    ShapeError,
    /^classification: the model gives \[4, 2\] for 4 images, expected \[4, 3\].*\(a, b, c\)$/,
  );
});

test('what belongs to the trainer looks at its arguments too', async () => {
  const { model } = parts();
  const said = async (call: () => unknown, type: ErrorType, message: RegExp) => {
    const error = await Promise.resolve()
      .then(call)
      .catch((e: Error) => e);
    assert.instance(error, type, String(error));
    assert.match((error as Error).message, message);
  };
  const odd = (value: unknown) => value as never;
  await said(() => tune(model, [1, 3], odd({ candidate: 2 })), UsageError, /^tune: .* did you mean 'candidates'\?/);
  await said(
    () => tune(model, [1, 3], { candidates: 0 }),
    UsageError,
    /candidates is a whole number, 1 or more, got 0/,
  );
  await said(() => tune(odd([1, 3]), odd(model)), UsageError, /^tune: takes a module, got \[1, 3\]/);
  await said(() => tune(model, odd(3)), ShapeError, /^tune: 3 is not a shape/);
  await said(() => warmup(model, [1, 3], odd({ progress: 1 })), UsageError, /^warmup: there is no option 'progress'/);
  await said(() => warmup(odd(undefined), [1, 3]), UsageError, /^warmup: takes a module, got undefined/);
  await said(() => warmup(model, [1, -3]), ShapeError, /^warmup: \[1, -3\] is not a shape/);
  await said(() => new RateMeter(-1), UsageError, /windowSeconds is a finite number above 0, got -1/);
  await said(
    () => writeCheckpoint(odd(model)),
    UsageError,
    /^writeCheckpoint: takes a trainer, or a run \{ keep: \{ model, ... \}, position \}, got a Sequential/,
  );
  await said(() => writeCheckpoint(odd(undefined)), UsageError, /got undefined/);
  await said(() => writeWeights(odd({})), UsageError, /^writeWeights: takes a module, got an Object/);
  await said(() => writeWeights(model, odd({ epoch: 3 })), UsageError, /extra\.epoch is a text, got 3/);
  await said(() => writeWeights(model, { state: '{}' }), UsageError, /extra has 'state', a name that checkpoints use/);
});

test.run();
