// What a trainer reports, computed a second time in float64 by plain loops: every loss, accuracy, rate and event.
import * as assert from 'uvu/assert';
import {
  crossEntropy,
  ExponentialLR,
  Linear,
  type Optimizer,
  ReduceLROnPlateau,
  type Schedule,
  SGD,
  StepLR,
  scope,
  tensor,
  UsageError,
} from '../../src/index.js';
import {
  type BatchSource,
  classification,
  DivergenceError,
  type EpochRecord,
  ModelCheckpoint,
  type Progress,
  readCheckpoint,
  restoreRun,
  Trainer,
  type TrainerParts,
  type TrainerSchedule,
  takeSnapshot,
  writeCheckpoint,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('train/figures');
test.before(useDevice);

const CLASSES = ['ant', 'bee', 'cow'];
const INPUTS = 4;

interface Batch {
  images: { data: Float32Array; shape: number[] };
  labels: Int32Array;
}

/** Batches of these sizes, of labels that can be learned; other ones each epoch. */
function source(sizes: readonly number[], salt: number): BatchSource<Batch> & { batches(epoch: number): Batch[] } {
  const batches = (epoch: number) =>
    sizes.map((size, i) => {
      const images = seeded(size * INPUTS, salt + 100 * epoch + i, 2);
      const labels = Int32Array.from({ length: size }, (_, j) => {
        const [a, b, c] = images.subarray(j * INPUTS);
        return a + b > 0.5 ? 0 : c > 0 ? 1 : 2;
      });
      return { images: { data: images, shape: [size, INPUTS] }, labels };
    });
  return {
    length: sizes.reduce((a, b) => a + b),
    batches,
    async *epoch(number, { startBatch = 0 } = {}) {
      yield* batches(number).slice(startBatch);
    },
  };
}

const train = source([5, 5, 5, 2], 1); // a smaller last batch
const validation = source([4, 4, 1], 7000);
const FIRST = seeded(INPUTS * 3, 99);

/** Logistic regression by hand. */
class ByHand {
  weight = Float64Array.from(FIRST);
  bias = new Float64Array(3);

  /** Mean loss and right answers of a batch; with a rate it learns from it. */
  see({ images, labels }: Batch, smoothing: number, rate = 0): { loss: number; correct: number } {
    let [loss, correct] = [0, 0];
    const steps = { weight: new Float64Array(12), bias: new Float64Array(3) };
    for (const [j, label] of labels.entries()) {
      const x = images.data.subarray(j * INPUTS, (j + 1) * INPUTS);
      const scores = [0, 1, 2].map((c) => x.reduce((sum, v, i) => sum + v * this.weight[c * INPUTS + i], this.bias[c]));
      const all = Math.log(scores.reduce((sum, s) => sum + Math.exp(s), 0));
      const target = [0, 1, 2].map((c) => smoothing / 3 + (c === label ? 1 - smoothing : 0));
      if (scores.indexOf(Math.max(...scores)) === label) correct++;
      for (const [c, score] of scores.entries()) {
        loss += (target[c] * (all - score)) / labels.length;
        const slope = (Math.exp(score - all) - target[c]) / labels.length;
        steps.bias[c] += slope;
        for (const [i, v] of x.entries()) steps.weight[c * INPUTS + i] += slope * v;
      }
    }
    this.weight = this.weight.map((w, i) => w - rate * steps.weight[i]);
    this.bias = this.bias.map((b, i) => b - rate * steps.bias[i]);
    return { loss, correct };
  }
}

type Figures = Omit<EpochRecord, 'seconds' | 'waited'>;

interface Expected {
  history: Figures[];
  /** Each batch's own loss, and the means over the epoch so far, by epoch. */
  batches: { loss: number; accuracy: number; batchLoss: number; examples: number }[][];
  byHand: ByHand;
}

/** The whole run, with the rate of each step. */
function expectedRun(epochs: number, rate: (step: number, epoch: number) => number, smoothing = 0): Expected {
  const byHand = new ByHand();
  const run: Expected = { history: [], batches: [], byHand };
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    let [loss, correct, examples] = [0, 0, 0];
    run.batches.push([]);
    for (const batch of train.batches(epoch)) {
      const size = batch.labels.length;
      const seen = byHand.see(batch, smoothing, rate(step++, epoch));
      loss += seen.loss * size;
      correct += seen.correct;
      examples += size;
      run.batches[epoch].push({
        ...{ loss: loss / examples, accuracy: correct / examples },
        ...{ batchLoss: seen.loss, examples },
      });
    }
    let [checkedLoss, checkedCorrect] = [0, 0];
    for (const batch of validation.batches(0)) {
      const seen = byHand.see(batch, 0); // without smoothing
      checkedLoss += seen.loss * batch.labels.length;
      checkedCorrect += seen.correct;
    }
    run.history.push({
      epoch: epoch + 1,
      step,
      learningRate: rate(step, epoch),
      metrics: {
        loss: loss / examples,
        accuracy: correct / examples,
        val_loss: checkedLoss / validation.length,
        val_accuracy: checkedCorrect / validation.length,
      },
    });
  }
  return run;
}

const LR = 0.5;

const task = (labelSmoothing = 0) => classification({ classes: CLASSES, labelSmoothing });

function parts(more: Partial<TrainerParts> = {}, schedule?: (o: Optimizer) => TrainerSchedule): TrainerParts {
  const model = new Linear(INPUTS, 3);
  model.weight.set(FIRST);
  model.bias!.set(new Float32Array(3));
  const optimizer = new SGD(model.parameters(), { lr: LR });
  return { model, optimizer, train, validation, task: task(), schedule: schedule?.(optimizer), ...more };
}

function assertHistory(found: readonly EpochRecord[], expected: readonly Figures[]): void {
  assert.is(found.length, expected.length);
  for (const [i, record] of found.entries()) {
    const figures = ({ metrics, ...rest }: Figures): Record<string, number> => ({ ...rest, ...metrics });
    const { seconds, waited, ...own } = record;
    assert.equal(Object.keys(own.metrics), Object.keys(expected[i].metrics));
    assert.ok(waited >= 0 && waited <= seconds, `${waited} of ${seconds} s waited`);
    for (const [key, value] of Object.entries(figures(expected[i]))) {
      const one = figures(own)[key];
      assert.ok(Math.abs(one - value) < 2e-6 * (1 + Math.abs(one)), `epoch ${i + 1}, ${key}: ${one}, not ${value}`);
    }
  }
}

test('every figure of every epoch, with label smoothing and a schedule of epochs', async () => {
  const trainer = new Trainer(
    parts({ task: task(0.2) }, (o) => ({ each: 'epoch', rule: new StepLR(o, { stepSize: 2, gamma: 0.1 }) })),
  );
  await trainer.fit({ epochs: 5 });
  const { history, byHand } = expectedRun(5, (_, epoch) => LR * 0.1 ** Math.floor(epoch / 2), 0.2);
  assertHistory(trainer.history, history);
  assertClose(await (trainer.model as Linear).weight.data(), byHand.weight, { what: 'weights', terms: 85 });
  assert.equal(
    history.map((r) => r.learningRate.toPrecision(3)),
    ['0.500', '0.500', '0.0500', '0.0500', '0.00500'],
  );
});

test('without smoothing, with a schedule of steps: the rate reported is that of the next step', async () => {
  const trainer = new Trainer(parts({}, (o) => ({ each: 'step', rule: new ExponentialLR(o, { gamma: 0.9 }) })));
  await trainer.fit({ epochs: 3 });
  const { history, byHand } = expectedRun(3, (step) => LR * 0.9 ** step);
  assertHistory(trainer.history, history);
  assertClose(await (trainer.model as Linear).weight.data(), byHand.weight, { what: 'weights', terms: 51 });
});

test('progress: means over the batches that have come back, and the latest batch', async () => {
  const events: Progress[] = [];
  const note = (event: Progress) => void events.push(event);
  await new Trainer(parts()).fit({ epochs: 2, callbacks: [{ onBatchEnd: note, onValidationBatchEnd: note }] });
  const { batches, history } = expectedRun(2, () => LR);
  for (const [epoch, own] of batches.entries()) {
    const here = events.filter((event) => event.epoch === epoch + 1);
    const training = here.filter(({ phase }) => phase === 'train');
    assert.is(training.length, own.length, 'one for each batch');
    for (const [i, event] of training.entries()) {
      assert.equal([event.examplesInEpoch, event.step], [train.length, epoch * 4 + i + 1]);
      assert.ok(event.examples >= (training[i - 1]?.examples ?? 0));
      assert.equal(Object.keys(event.metrics), ['loss'], 'others are read when asked');
      const known = own.find(({ examples }) => examples === event.examples);
      if (!known) assert.is(event.examples, 0);
      else {
        near(event.metrics.loss, known.loss, 'loss');
        near(event.batchLoss, known.batchLoss, 'batchLoss');
      }
      assert.is(Number.isNaN(event.metrics.loss), event.examples === 0);
    }
    assert.ok(training.at(-1)!.examples >= own[1].examples, 'losses come back two steps late at most');
    const checking = here.filter(({ phase }) => phase === 'validation');
    assert.is(checking.length, 3);
    for (const { examples, examplesInEpoch, metrics } of checking) {
      assert.ok([0, 4, 8, 9].includes(examples));
      assert.is(examplesInEpoch, validation.length);
      near(metrics.loss, history[epoch].metrics.loss, 'the training loss');
    }
  }
});

test('the accuracy so far, as often as it is asked for', async () => {
  const { batches } = expectedRun(3, () => LR);
  for (const metricsEvery of [1, 2]) {
    const seen: number[][] = [[], [], []];
    const onBatchEnd = async ({ epoch, metrics: { accuracy } }: Progress) => {
      if (accuracy !== undefined) seen[epoch - 1].push(accuracy);
      await new Promise((resolve) => setTimeout(resolve, 20)); // what was asked for is there at the next batch
    };
    const trainer = new Trainer(parts());
    await trainer.fit({ epochs: 3, metricsEvery, callbacks: [{ onBatchEnd }] });
    for (const [epoch, own] of batches.entries()) {
      const due = own.map(({ accuracy }) => accuracy).filter((_, i) => (i + 1) % metricsEvery === 0);
      assert.ok(seen[epoch].length > 0, 'it is seen');
      let last = 0;
      for (const accuracy of seen[epoch]) {
        const place = due.findIndex((value, i) => i >= last && Math.abs(value - accuracy) < 1e-6);
        assert.ok(place >= 0, `epoch ${epoch + 1}: ${accuracy} is none of ${due}, in their order`);
        last = place;
      }
    }
  }
});

const near = (actual: number, expected: number, what: string) =>
  assert.ok(Math.abs(actual - expected) < 1e-5, `${what}: ${actual}, not ${expected}`);

/** A rule that only remembers what it was stepped with. */
class Remembering implements Schedule {
  seen: (number | undefined)[] = [];
  step(metric?: number): void {
    this.seen.push(metric);
  }
  state = () => ({});
  restore(): void {}
}

test('a schedule of epochs is stepped once an epoch, with the figure that it watches', async () => {
  const { history } = expectedRun(4, () => LR);
  const cases: [watch: string | undefined, checked: boolean, figure: string][] = [
    [undefined, true, 'val_loss'],
    [undefined, false, 'loss'],
    ['val_loss', true, 'val_loss'],
    ['val_accuracy', true, 'val_accuracy'],
    ['loss', true, 'loss'],
    ['accuracy', true, 'accuracy'],
  ];
  for (const [watch, checked, figure] of cases) {
    const rule = new Remembering();
    const trainer = new Trainer(
      parts({ validation: checked ? validation : undefined }, () => ({ each: 'epoch', rule, watch })),
    );
    await trainer.fit({ epochs: 4 });
    const expected = history.map(({ metrics }) => metrics[figure]);
    assertClose(rule.seen as number[], expected, { what: String(watch), terms: 100 });
    assert.is('val_loss' in trainer.history[0].metrics, checked);
  }
  const rule = new Remembering();
  await new Trainer(parts({}, () => ({ each: 'step', rule }))).fit({ epochs: 1 });
  assert.equal(rule.seen, [undefined, undefined, undefined, undefined]);
});

test('a metric that no step names cannot be watched', async () => {
  const trainer = new Trainer(parts({}, () => ({ each: 'epoch', rule: new Remembering(), watch: 'val_f1' })));
  const error = await trainer.fit({ epochs: 1 }).catch((e: Error) => e);
  assert.instance(error, UsageError);
  assert.match(
    (error as Error).message,
    /^trainer: schedule: there is no metric 'val_f1' to watch; there are loss, accuracy, val_loss, val_accuracy$/,
  );
});

test('the paper’s plateau: the rate falls when right answers get no more, though the loss still falls', async () => {
  const rates = async (watch: string, mode: 'min' | 'max') => {
    const trainer = new Trainer(
      parts({}, (o) => ({ each: 'epoch', watch, rule: new ReduceLROnPlateau(o, { mode, patience: 1 }) })),
    );
    trainer.optimizer.lr = 0.01; // slow: the loss falls at each epoch, few answers change
    await trainer.fit({ epochs: 8 });
    return trainer.history;
  };
  const [byLoss, byAnswers] = [await rates('val_loss', 'min'), await rates('val_accuracy', 'max')];
  assert.ok(byLoss.every(({ metrics }, i) => i === 0 || metrics.val_loss < byLoss[i - 1].metrics.val_loss));
  assert.ok(byLoss.every((r) => r.learningRate === 0.01));
  let [best, bad, rate] = [Number.NEGATIVE_INFINITY, 0, 0.01];
  for (const { metrics, learningRate } of byAnswers) {
    near(learningRate, rate, 'rate');
    bad = metrics.val_accuracy > best + 1e-4 * Math.abs(best) || best === Number.NEGATIVE_INFINITY ? 0 : bad + 1;
    best = Math.max(best, metrics.val_accuracy);
    if (bad > 1) [rate, bad] = [rate / 10, 0];
  }
  assert.ok(byAnswers.at(-1)!.learningRate < 0.01, 'it has fallen');
});

test('the best epoch is the one of the lowest validation loss, else training loss', async () => {
  for (const checked of [true, false]) {
    const told: [EpochRecord, boolean][] = [];
    const saved: EpochRecord[] = [];
    const trainer = new Trainer(parts({ validation: checked ? validation : undefined }));
    trainer.optimizer.lr = 6; // losses go up and down
    const best = new ModelCheckpoint({ save: (_, record) => void saved.push(record) });
    const onEpochEnd = (record: EpochRecord) => void told.push([record, best.isBest]);
    await trainer.fit({ epochs: 8, callbacks: [best, { onEpochEnd }] });
    let least = Number.POSITIVE_INFINITY;
    for (const [record, isBest] of told) {
      const loss = record.metrics[checked ? 'val_loss' : 'loss'];
      assert.is(isBest, loss < least, `epoch ${record.epoch}`);
      least = Math.min(least, loss);
    }
    const history = [...trainer.history];
    assert.equal(
      told.map(([record]) => record),
      history,
    );
    assert.equal(
      saved,
      history.filter((_, i) => told[i][1]),
    );
    assert.ok(told.filter(([, isBest]) => !isBest).length > 0, 'some are not');
    assert.equal(best.state(), { best: least });
  }
});

test('seconds are those of training, over several calls of fit', async () => {
  const { now } = performance;
  let [trained, idle] = [0, 0];
  performance.now = () => 1000 * (trained + idle);
  try {
    const slow: BatchSource = {
      length: train.length,
      async *epoch(number, from) {
        for await (const batch of train.epoch(number, from)) {
          trained += 3; // seconds
          yield batch;
        }
      },
    };
    const trainer = new Trainer(parts({ train: slow }));
    const second = () => void trained++;
    const onEpochEnd = ({ epoch, seconds, waited }: EpochRecord) =>
      assert.equal([seconds, waited], [trained, epoch * 4 * 3]);
    const callbacks = [{ onBatchEnd: second, onValidationBatchEnd: second, onEpochEnd }];
    await trainer.fit({ epochs: 1, callbacks });
    idle = 5;
    assert.is(trainer.position.seconds, trained);
    await trainer.fit({ epochs: 2, callbacks });
    assert.is(trainer.position.seconds, trained);
    assert.is(trainer.history.length, 2);
    assert.is(trained, 2 * (4 * 3 + 4 + 3));
  } finally {
    performance.now = now;
  }
});

test('a run that is saved in the middle of an epoch and gone on with reports the same figures', async () => {
  const trainer = new Trainer(parts());
  const stop = new AbortController();
  const onBatchEnd = ({ step }: Progress) => void (step === 6 && stop.abort());
  await trainer.fit({ epochs: 2, signal: stop.signal, callbacks: [{ onBatchEnd }] });
  const { position } = trainer;
  assert.equal([position.batch, position.trend.count, position.loss.weight], [2, 6, 10]);
  const file = readCheckpoint(await writeCheckpoint(trainer), 'run');
  const other = new Trainer(parts());
  restoreRun(file, other);
  assert.equal(other.position, position);
  await other.fit({ epochs: 2 });
  assertHistory(other.history, expectedRun(2, () => LR).history);
});

test('a snapshot while losses are on their way is refused: figures would lack them', async () => {
  const trainer = new Trainer(parts());
  const [batch] = train.batches(0);
  const noted = trainer.trainStep(batch);
  const error = await takeSnapshot(trainer).catch((e: Error) => e);
  assert.match((error as Error).message, /^takeSnapshot: losses of the last steps are on their way/);
  await noted;
  const { position } = (await takeSnapshot(trainer)).saved;
  near(position.loss.sum / position.loss.weight, new ByHand().see(batch, 0).loss, 'the loss');
});

test('a read that fails ends a fit, and no later snapshot is refused for it', async () => {
  const trainer = new Trainer(parts());
  let once = true;
  const wrong = () => {
    if (once) scope(() => void crossEntropy(tensor([[1, 2]]), tensor(Int32Array.of(7))));
    once = false;
  };
  const error = await trainer.fit({ epochs: 1, callbacks: [{ onBatchEnd: wrong }] }).catch((e: Error) => e);
  assert.match((error as Error).message, /^crossEntropy: a label is no class, such as 7/);
  assert.is(await trainer.fit({ epochs: 1 }), 'done');
  await takeSnapshot(trainer);
});

test('a validation loss that is no number is divergence', async () => {
  const odd = validation.batches(0);
  odd[1].images.data[3] = Number.NaN;
  const wild = {
    ...validation,
    async *epoch() {
      yield* odd;
    },
  };
  let epochs = 0;
  const error = await new Trainer(parts({ validation: wild }))
    .fit({ epochs: 2, callbacks: [{ onEpochEnd: () => void epochs++ }] })
    .catch((e: Error) => e);
  assert.instance(error, DivergenceError, String(error));
  assert.match(
    (error as Error).message,
    /^training: the validation loss is NaN at step 4, with a learning rate of 0.5/,
  );
  assert.is(epochs, 0);
});

test.run();
