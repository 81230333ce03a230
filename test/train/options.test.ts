// What the trainer refuses before it trains, and at every step: parts, options and batches that would train to no use.
import * as assert from 'uvu/assert';
import { DataError, ExponentialLR, Linear, Sequential, SGD, ShapeError, UsageError } from '../../src/index.js';
import {
  type Batch,
  type BatchSource,
  type FitOptions,
  RateMeter,
  reportSvg,
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

const batch = (i: number): Batch => ({
  images: { data: seeded(12, i), shape: [4, 3] },
  labels: Int32Array.of(0, 1, 0, 1),
});

/** Four batches, of which some may be others. */
const source = (others: Record<number, unknown> = {}): BatchSource => ({
  length: 16,
  async *epoch(_, { startBatch = 0 } = {}) {
    for (let i = startBatch; i < 4; i++) yield (others[i] as Batch) ?? batch(i);
  },
});

const empty: BatchSource = { ...source(), async *epoch() {} };

function parts(more: object = {}): TrainerParts {
  const model = new Sequential(new Linear(3, 2));
  const optimizer = new SGD(model.parameters(), { lr: 0.1 });
  return { model, optimizer, train: source(), classes: ['a', 'b'], ...more };
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
  refuses({ classes: undefined }, UsageError, /^trainer: classes is missing; it is a list of names$/);
  refuses({ label_smoothing: 0.1 }, UsageError, /no option 'label_smoothing'; did you mean 'labelSmoothing'\?/);
  refuses({ labelSmoothing: 1.5 }, UsageError, /labelSmoothing is a number from 0 to 1, got 1.5/);
  refuses({ model: {} }, UsageError, /^trainer: model is a Module/);
  refuses({ optimizer: SGD }, UsageError, /^trainer: optimizer is an optimizer/);
  refuses({ train: [batch(0)] }, UsageError, /^trainer: train is a source of batches/);
  refuses(
    { validation: { ...source(), length: Number.NaN } },
    UsageError,
    /^trainer: validation is a source of batches/,
  );
  refuses({ classes: 'ab' }, UsageError, /^trainer: classes is a list of names, got 'ab'/);
  refuses({ classes: ['a'] }, UsageError, /^trainer: there is one class \('a'\); two or more are needed/);
  refuses(
    { optimizer: new SGD(new Linear(3, 2).parameters(), { lr: 1 }) },
    UsageError,
    /none of the model's parameters/,
  );
});

test('schedules', () => {
  const { optimizer } = parts();
  const rule = new ExponentialLR(optimizer, { gamma: 0.9 });
  const wrong = (schedule: object, message: RegExp, more = {}) => refuses({ schedule, ...more }, UsageError, message);
  wrong(rule, /^trainer: schedule is a schedule and when to step it/);
  wrong({ rule }, /^trainer: schedule: each is missing; it is 'step' or 'epoch'$/);
  wrong({ rule, each: 'batch' }, /^trainer: schedule: each is 'step' or 'epoch', got 'batch'/);
  wrong({ rule, each: 'epoch', watches: 'trainLoss' }, /no option 'watches'; did you mean 'watch'\?/);
  wrong({ rule, each: 'epoch', watch: 'accuracy' }, /watch is 'trainLoss', .* or 'validationError', got 'accuracy'/);
  wrong({ rule, each: 'step', watch: 'trainLoss' }, /watch 'trainLoss' is of epochs/);
  wrong({ rule, each: 'epoch', watch: 'validationError' }, /watch 'validationError' needs validation data/);
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
  const divergence = (options: object) => ({ epochs: 1, divergence: options });
  await fails({}, divergence({ maxRollback: 1 }), UsageError, /^fit: divergence: .* did you mean 'maxRollbacks'\?/);
  await fails({}, divergence({ factor: 0 }), UsageError, /factor is a finite number above 0/);
  await fails({}, divergence({ lrFactor: 2 }), UsageError, /lrFactor is a number above 0, at most 1, got 2/);
  await fails({}, undefined as unknown as object, UsageError, /^fit: takes options \{ epochs,/);
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

test('batches are looked at in every step, not only in the first', async () => {
  const wrong = async (other: object, type: ErrorType, message: RegExp) => {
    await fails({ train: source({ 2: { ...batch(2), ...other } }) }, { epochs: 1 }, type, message);
    const checked = { validation: source({ 3: { ...batch(3), ...other } }) };
    const renamed = new RegExp(message.source.replace('trainer', 'evaluate'));
    await fails(checked, { epochs: 1 }, type, renamed);
  };
  const labels = (...values: number[]) => ({ labels: Int32Array.from(values) });
  await wrong(labels(0, 1, 2, 0), DataError, /^trainer: a label is 2, the classes are 0 to 1$/);
  await wrong(labels(0, 1, -100, 0), DataError, /^trainer: a label is -100/);
  await wrong(labels(0, 1), DataError, /^trainer: a batch has images \[4, 3\] and 2 labels$/);
  await wrong(
    { images: { data: new Float32Array(13), shape: [4, 3] } },
    DataError,
    /^trainer: a batch has 13 numbers, images \[4, 3\] are 12$/,
  );
  await wrong(
    { labels: Int32Array.of(), images: { data: new Float32Array(0), shape: [0, 3] } },
    DataError,
    /^trainer: a batch has no images$/,
  );
  await wrong({ labels: [0, 1, 0, 1] }, DataError, /^trainer: a batch is .*, labels \[0, 1, 0, 1\]$/);
  await fails({ train: source({ 1: undefined, 2: 7 }) }, { epochs: 1 }, DataError, /^trainer: a batch is /);
});

test('a model with another number of outputs than there are classes', async () => {
  const more = { classes: ['a', 'b', 'c'] };
  await fails(
    more,
    { epochs: 1 },
    ShapeError,
    /^trainer: the model gives \[4, 2\] for 4 images, expected \[4, 3\].*\(a, b, c\)$/,
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
  await said(() => reportSvg(odd({ title: 'x' })), UsageError, /^reportSvg: history is missing; it is a list/);
  const filters = { shape: [2, 3, 5, 5], data: [1, 2, 3] };
  await said(
    () => reportSvg({ title: 'x', history: [], filters }),
    UsageError,
    /filters is conv1's weight, \{ shape, data \}/,
  );
  await said(() => new RateMeter(-1), UsageError, /windowSeconds is a finite number above 0, got -1/);
  await said(
    () => writeCheckpoint(odd(model)),
    UsageError,
    /^writeCheckpoint: takes a trainer or a snapshot, got a Sequential/,
  );
  await said(() => writeCheckpoint(odd(undefined)), UsageError, /got undefined/);
  await said(() => writeWeights(odd({})), UsageError, /^writeWeights: takes a module, got an Object/);
  await said(() => writeWeights(model, odd({ epoch: 3 })), UsageError, /extra\.epoch is a text, got 3/);
  await said(() => writeWeights(model, { state: '{}' }), UsageError, /extra has 'state', a name that checkpoints use/);
});

test.run();
