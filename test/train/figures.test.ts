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
} from '../../src/index.js';
import {
  type Batch,
  type BatchSource,
  DivergenceError,
  type EpochRecord,
  type Progress,
  Trainer,
  type TrainerParts,
  type TrainerSchedule,
  takeSnapshot,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('train/figures');
test.before(useDevice);

const CLASSES = ['ant', 'bee', 'cow'];
const INPUTS = 4;

/** Batches of these sizes, of labels that can be learned; other ones each epoch. */
function source(sizes: readonly number[], salt: number): BatchSource & { batches(epoch: number): Batch[] } {
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

type Figures = Omit<EpochRecord, 'seconds'>;

interface Expected {
  history: Figures[];
  /** Each batch's own loss and accuracy, and the means over the epoch so far, by epoch. */
  batches: Pick<Progress, 'loss' | 'accuracy' | 'batchLoss' | 'batchAccuracy' | 'images'>[][];
  byHand: ByHand;
}

/** The whole run, with the rate of each step. */
function expectedRun(epochs: number, rate: (step: number, epoch: number) => number, smoothing = 0): Expected {
  const byHand = new ByHand();
  const run: Expected = { history: [], batches: [], byHand };
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    let [loss, correct, images] = [0, 0, 0];
    run.batches.push([]);
    for (const batch of train.batches(epoch)) {
      const size = batch.labels.length;
      const seen = byHand.see(batch, smoothing, rate(step++, epoch));
      loss += seen.loss * size;
      correct += seen.correct;
      images += size;
      const means = { loss: loss / images, accuracy: correct / images, images };
      run.batches[epoch].push({ ...means, batchLoss: seen.loss, batchAccuracy: seen.correct / size });
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
      trainLoss: loss / images,
      trainAccuracy: correct / images,
      validationLoss: checkedLoss / validation.length,
      validationAccuracy: checkedCorrect / validation.length,
    });
  }
  return run;
}

const LR = 0.5;

function parts(more: Partial<TrainerParts> = {}, schedule?: (o: Optimizer) => TrainerSchedule): TrainerParts {
  const model = new Linear(INPUTS, 3);
  model.weight.set(FIRST);
  model.bias!.set(new Float32Array(3));
  const optimizer = new SGD(model.parameters(), { lr: LR });
  return { model, optimizer, train, validation, classes: CLASSES, schedule: schedule?.(optimizer), ...more };
}

function assertHistory(found: readonly EpochRecord[], expected: readonly Figures[]): void {
  assert.is(found.length, expected.length);
  for (const [i, record] of found.entries()) {
    for (const [key, value] of Object.entries(expected[i])) {
      const own = record[key as keyof Figures] as number;
      assert.ok(
        Math.abs(own - (value as number)) < 2e-6 * (1 + Math.abs(own)),
        `epoch ${i + 1}, ${key}: ${own}, not ${value}`,
      );
    }
  }
}

test('every figure of every epoch, with label smoothing and a schedule of epochs', async () => {
  const trainer = new Trainer(
    parts({ labelSmoothing: 0.2 }, (o) => ({ each: 'epoch', rule: new StepLR(o, { stepSize: 2, gamma: 0.1 }) })),
  );
  await trainer.fit({ epochs: 5 });
  const { history, byHand } = expectedRun(5, (_, epoch) => LR * 0.1 ** Math.floor(epoch / 2), 0.2);
  assertHistory(trainer.history, history);
  assertClose(await (trainer.parts.model as Linear).weight.data(), byHand.weight, { what: 'weights', terms: 85 });
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
  assertClose(await (trainer.parts.model as Linear).weight.data(), byHand.weight, { what: 'weights', terms: 51 });
});

test('progress: means over the batches that have come back, the latest batch, and the end of each pass', async () => {
  const events: Progress[] = [];
  await new Trainer(parts()).fit({ epochs: 2, onProgress: (event) => events.push(event) });
  const { batches, history } = expectedRun(2, () => LR);
  for (const [epoch, own] of batches.entries()) {
    const here = events.filter((event) => event.epoch === epoch + 1);
    const training = here.filter(({ phase }) => phase === 'train');
    assert.is(training.length, own.length + 1, 'one for each step, and one when all have come back');
    for (const [i, event] of training.entries()) {
      assert.equal([event.imagesInEpoch, event.step], [train.length, epoch * 4 + Math.min(i + 1, 4)]);
      assert.ok(event.images >= (training[i - 1]?.images ?? 0));
      const known = own.find(({ images }) => images === event.images);
      if (!known) assert.is(event.images, 0);
      else for (const [key, value] of Object.entries(known)) near(event[key as keyof Progress] as number, value, key);
    }
    assert.is(training.at(-1)!.images, train.length);
    const checking = here.filter(({ phase }) => phase === 'validation');
    assert.is(checking.length, 3);
    for (const { images, imagesInEpoch, loss } of checking) {
      assert.ok([0, 4, 8, 9].includes(images));
      assert.is(imagesInEpoch, validation.length);
      near(loss, history[epoch].trainLoss, 'the training loss');
    }
  }
  assert.ok(Number.isNaN(events[0].loss) === (events[0].images === 0));
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
  const cases: [TrainerSchedule['watch'], boolean, (r: Figures) => number][] = [
    [undefined, true, (r) => r.validationLoss!],
    [undefined, false, (r) => r.trainLoss],
    ['validationLoss', true, (r) => r.validationLoss!],
    ['validationError', true, (r) => 1 - r.validationAccuracy!],
    ['trainLoss', true, (r) => r.trainLoss],
    ['trainError', true, (r) => 1 - r.trainAccuracy],
  ];
  for (const [watch, checked, figure] of cases) {
    const rule = new Remembering();
    const trainer = new Trainer(
      parts({ validation: checked ? validation : undefined }, () => ({ each: 'epoch', rule, watch })),
    );
    await trainer.fit({ epochs: 4 });
    assertClose(rule.seen as number[], history.map(figure), { what: String(watch), terms: 100 });
    assert.is(trainer.history[0].validationLoss === null, !checked);
  }
  const rule = new Remembering();
  await new Trainer(parts({}, () => ({ each: 'step', rule }))).fit({ epochs: 1 });
  assert.equal(rule.seen, [undefined, undefined, undefined, undefined]);
});

test('the paper’s plateau: the rate falls when the error rate stalls, though the loss still falls', async () => {
  const rates = async (watch: TrainerSchedule['watch']) => {
    const trainer = new Trainer(
      parts({}, (o) => ({ each: 'epoch', watch, rule: new ReduceLROnPlateau(o, { patience: 1 }) })),
    );
    trainer.parts.optimizer.lr = 0.01; // slow: the loss falls at each epoch, few answers change
    await trainer.fit({ epochs: 8 });
    return trainer.history;
  };
  const [byLoss, byError] = [await rates('validationLoss'), await rates('validationError')];
  assert.ok(byLoss.every((r, i) => i === 0 || r.validationLoss! < byLoss[i - 1].validationLoss!));
  assert.ok(byLoss.every((r) => r.learningRate === 0.01));
  let [best, bad, rate] = [Number.POSITIVE_INFINITY, 0, 0.01];
  for (const { validationAccuracy, learningRate } of byError) {
    near(learningRate, rate, 'rate');
    const error = 1 - validationAccuracy!;
    bad = error < best * (1 - 1e-4) ? 0 : bad + 1;
    best = Math.min(best, error);
    if (bad > 1) [rate, bad] = [rate / 10, 0];
  }
  assert.ok(byError.at(-1)!.learningRate < 0.01, 'it has fallen');
});

test('the best epoch is the one of the lowest validation loss, else training loss', async () => {
  for (const checked of [true, false]) {
    const told: [EpochRecord, boolean][] = [];
    const trainer = new Trainer(parts({ validation: checked ? validation : undefined }));
    trainer.parts.optimizer.lr = 6; // losses go up and down
    await trainer.fit({ epochs: 8, onEpoch: (record, isBest) => void told.push([record, isBest]) });
    let best = Number.POSITIVE_INFINITY;
    for (const [record, isBest] of told) {
      const loss = checked ? record.validationLoss! : record.trainLoss;
      assert.is(isBest, loss < best, `epoch ${record.epoch}`);
      best = Math.min(best, loss);
    }
    assert.equal(
      told.map(([record]) => record),
      trainer.history,
    );
    assert.ok(told.filter(([, isBest]) => !isBest).length > 0, 'some are not');
    assert.is(trainer.position().bestLoss, best);
  }
});

test('seconds are those of training, over several calls of fit', async () => {
  const { now } = performance;
  let [trained, idle] = [0, 0];
  performance.now = () => 1000 * (trained + idle);
  try {
    const trainer = new Trainer(parts());
    const onProgress = () => void trained++; // a second each
    const onEpoch = ({ seconds }: EpochRecord) => assert.is(seconds, trained);
    await trainer.fit({ epochs: 1, onProgress, onEpoch });
    idle = 5;
    assert.is(trainer.position().seconds, trained);
    await trainer.fit({ epochs: 2, onProgress, onEpoch });
    assert.is(trainer.position().seconds, trained);
    assert.is(trainer.history.length, 2);
    assert.ok(trained > 2);
  } finally {
    performance.now = now;
  }
});

test('a run that is saved in the middle of an epoch and gone on with reports the same figures', async () => {
  const trainer = new Trainer(parts());
  const stop = new AbortController();
  await trainer.fit({ epochs: 2, signal: stop.signal, onProgress: ({ step }) => void (step === 6 && stop.abort()) });
  const position = JSON.parse(JSON.stringify(trainer.position()));
  assert.is(position.batch, 2);
  const other = new Trainer({ ...trainer.parts });
  other.restore(position);
  assert.equal(other.position(), position);
  assert.ok(position.bestLoss > 0 && position.correct > 0 && position.watch.count === 6);
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
  const error = await trainer.fit({ epochs: 1, onProgress: wrong }).catch((e: Error) => e);
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
    .fit({ epochs: 2, onEpoch: () => void epochs++ })
    .catch((e: Error) => e);
  assert.instance(error, DivergenceError, String(error));
  assert.match((error as Error).message, /^trainer: the validation loss is NaN at step 4, with a learning rate of 0.5/);
  assert.is(epochs, 0);
});

test.run();
