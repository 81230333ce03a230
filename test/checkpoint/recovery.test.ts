// A trainer that falls: losses that explode, a device that is lost in the middle, and how it goes on.
import * as assert from 'uvu/assert';
import { activeRecorder } from '../../src/device/commands.js';
import { DeviceLostError } from '../../src/errors.js';
import { AdamW, ExponentialLR, init, Linear, manualSeed, SGD, sync } from '../../src/index.js';
import { Dropout, ReLU, Sequential } from '../../src/layers/index.js';
import {
  type Callback,
  classification,
  DivergenceError,
  type FitOptions,
  ModelEMA,
  type Progress,
  type Recovery,
  Trainer,
  type TrainerParts,
  takeSnapshot,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('checkpoint/recovery');
test.before(useDevice);

const BATCHES = 6;
const source = {
  length: 4 * BATCHES,
  async *epoch(number: number, { startBatch = 0 } = {}) {
    for (let i = startBatch; i < BATCHES; i++) {
      yield { images: { data: seeded(12, 100 * number + i), shape: [4, 3] }, labels: Int32Array.of(0, 1, 0, 1) };
    }
  },
};

const task = classification({ classes: ['a', 'b'] });

function parts(): TrainerParts {
  const model = new Sequential(new Linear(3, 16), new ReLU(), new Dropout(0.5), new Linear(16, 2));
  const optimizer = new AdamW(model.parameters(), { lr: 0.01 });
  const schedule = { each: 'step', rule: new ExponentialLR(optimizer, { gamma: 0.99 }) } as const;
  return { model, optimizer, schedule, task, train: source, validation: source };
}

/** The whole state without what a clock says, as text. */
async function state(trainer: Trainer): Promise<string> {
  const { tensors, saved } = await takeSnapshot(trainer);
  const values = tensors.map(([name, { data }]) => [name, [...new Uint8Array(data.buffer)].join()]);
  return JSON.stringify([saved, values], (key, value) => (['seconds', 'waited'].includes(key) ? 0 : value));
}

async function uninterrupted(): Promise<string> {
  manualSeed(5);
  const trainer = new Trainer(parts());
  await trainer.fit({ epochs: 3 });
  return state(trainer);
}

const destroy = () => activeRecorder().host.device.destroy();

/** When the device is to be lost. */
type Moment = (progress: Progress) => boolean;

const atStep =
  (wanted: number): Moment =>
  ({ step, phase }) =>
    phase === 'train' && step === wanted;

/**
 * Trains with the device destroyed at the first of the moments; once that is recovered from, at the second; and so on. The loss
 * is heard of some steps later, at the end of the epoch at the latest: it depends on the adapter how many.
 */
async function trainWithLosses(moments: Moment[], options: Partial<FitOptions> = {}) {
  manualSeed(5);
  const trainer = new Trainer(parts());
  const recoveries: Recovery[] = [];
  const look = (progress: Progress) => {
    if (moments[recoveries.length]?.(progress)) destroy();
  };
  const callback: Callback = {
    ...{ onBatchEnd: look, onValidationBatchEnd: look },
    onRecovery: (recovery) => void recoveries.push(recovery),
  };
  const ended = await trainer
    .fit({
      epochs: 3,
      saveEvery: 4,
      rebuild: async () => {
        await init();
        return parts();
      },
      callbacks: [callback],
      ...options,
    })
    .catch((error: Error) => error);
  return { trainer, recoveries, ended };
}

/** Some of its batches have come back; how many at a report, no adapter promises. */
const validating: Moment = ({ phase, examples }) => phase === 'validation' && examples > 0;

for (const [where, moment] of [
  ['before anything was saved', atStep(2)],
  ['inside an epoch', atStep(5)],
  ['in the step before a save', atStep(4)],
  ['in validation', validating],
  ['in the second epoch', atStep(10)],
] as const) {
  test(`the device is lost ${where}: training ends with the same bits`, async () => {
    const expected = await uninterrupted();
    const { trainer, recoveries, ended } = await trainWithLosses([moment]);
    assert.is(ended, 'done', String(ended));
    assert.is(recoveries.length, 1);
    assert.instance(recoveries[0].error, DeviceLostError);
    assert.is(await state(trainer), expected);
  });
}

test('losses with progress between them are all survived', async () => {
  const expected = await uninterrupted();
  const { trainer, recoveries, ended } = await trainWithLosses([atStep(3), atStep(7), atStep(15)]);
  assert.is(ended, 'done', String(ended));
  assert.is(recoveries.length, 3);
  assert.is(await state(trainer), expected);
});

test('a device lost in validation with averaged weights: what is left of that validation ends no later one', async () => {
  manualSeed(5);
  const whole = new Trainer(parts());
  await whole.fit({ epochs: 3, callbacks: [new ModelEMA({ decay: 0.5 })] });
  const expected = await state(whole);
  const seen: string[] = [];
  let recovered = () => {};
  const recovery = new Promise<void>((resolve) => {
    recovered = resolve;
  });
  const callback: Callback = {
    onValidationBegin: () => void seen.push('begin'),
    onValidationEnd: () => void seen.push('end'),
    onRecovery: () => recovered(),
    async onValidationBatchEnd() {
      if (seen.length > 1) return;
      seen.push('lost');
      destroy();
      await recovery;
    },
  };
  const { trainer, ended } = await trainWithLosses([], { callbacks: [new ModelEMA({ decay: 0.5 }), callback] });
  assert.is(ended, 'done', String(ended));
  assert.equal(seen, ['begin', 'lost', ...['begin', 'end', 'begin', 'end', 'begin', 'end']]);
  assert.is(await state(trainer), expected);
});

test('a device lost while the run is saved', async () => {
  const expected = await uninterrupted();
  let saves = 0;
  const { trainer, ended } = await trainWithLosses([], {
    save: async () => {
      if (++saves === 2) destroy();
      await sync().catch(() => {});
    },
  });
  assert.is(ended, 'done', String(ended));
  assert.is(await state(trainer), expected);
});

test('a second loss at once is the end, with a typed error', async () => {
  const { recoveries, ended } = await trainWithLosses([atStep(6), atStep(5)]);
  assert.instance(ended, DeviceLostError);
  assert.match((ended as Error).message, /^training: the device was lost again before step \d+: /);
  assert.is(recoveries.length, 1);
  await init();
});

test('without rebuild the loss is a DeviceLostError', async () => {
  const { ended } = await trainWithLosses([atStep(3)], { rebuild: undefined });
  assert.instance(ended, DeviceLostError);
  await init();
});

/** Linear on inputs of this size explodes with a learning rate that is too large. */
function wild(lr: number, poison = -1): TrainerParts {
  const model = new Sequential(new Linear(3, 8), new Linear(8, 2));
  const train = {
    ...source,
    async *epoch(number: number, from = {}) {
      let i = 0;
      for await (const { images, labels } of source.epoch(number, from)) {
        if (number * BATCHES + i++ === poison) images.data[0] = Number.NaN;
        yield { images: { ...images, data: images.data.map((v) => 30 * v) }, labels };
      }
    },
  };
  return { model, optimizer: new SGD(model.parameters(), { lr, momentum: 0.9 }), task, train };
}

test('exploding losses stop training with step, loss, rate and advice', async () => {
  manualSeed(1);
  const error = await new Trainer(wild(3)).fit({ epochs: 5, divergence: { factor: 100 } }).catch((e: Error) => e);
  assert.instance(error, DivergenceError);
  const { message, step, loss, learningRate } = error as DivergenceError;
  assert.match(message, /^training: .* at step \d+, with a learning rate of 3: training has diverged\. A smaller/);
  assert.ok(step > 0 && step <= 30);
  assert.ok(!Number.isFinite(loss) || loss > 1, `${loss}`);
  assert.is(learningRate, 3);
});

test('rollbacks go on from the last save with smaller rates, until training holds', async () => {
  manualSeed(1);
  const recoveries: Recovery[] = [];
  const trainer = new Trainer(wild(3));
  const ended = await trainer.fit({
    epochs: 4,
    saveEvery: 2,
    onDivergence: 'rollback',
    divergence: { factor: 100, lrFactor: 0.01, maxRollbacks: 2 },
    callbacks: [{ onRecovery: (recovery) => void recoveries.push(recovery) }],
  });
  assert.is(ended, 'done');
  assert.ok(recoveries.length >= 1);
  assert.instance(recoveries[0].error, DivergenceError);
  assert.is(recoveries[0].lrScale, 0.01);
  const { rollbacks } = trainer;
  const { lrScale } = trainer.optimizer;
  assert.is(rollbacks, recoveries.length);
  assert.is(lrScale, 0.01 ** rollbacks);
  assert.ok(Math.abs(trainer.history.at(-1)!.learningRate - 3 * lrScale) < 1e-12);
  assert.is(trainer.optimizer.lr, 3); // schedules go on from the rate that they know
});

test('rolled back by one seed twice: the same bits', async () => {
  const run = async () => {
    manualSeed(1);
    const trainer = new Trainer(wild(3));
    const divergence = { factor: 100, lrFactor: 0.01 };
    await trainer.fit({ epochs: 3, saveEvery: 2, onDivergence: 'rollback', divergence });
    return state(trainer);
  };
  assert.is(await run(), await run());
});

test('data that no learning rate helps: after so many rollbacks it stops', async () => {
  manualSeed(1);
  let recoveries = 0;
  const error = await new Trainer(wild(1e-3, 4))
    .fit({
      epochs: 3,
      onDivergence: 'rollback',
      divergence: { maxRollbacks: 2 },
      callbacks: [{ onRecovery: () => void recoveries++ }],
    })
    .catch((e: Error) => e);
  assert.instance(error, DivergenceError);
  assert.is(recoveries, 2);
  assert.match(
    (error as Error).message,
    /the loss is NaN at step 5.* 2 rollbacks with smaller learning rates did not help/,
  );
});

test('weights that are no numbers are never saved', async () => {
  manualSeed(1);
  const trainer = new Trainer(wild(1e-3));
  let saves = 0;
  const spoil = ({ step }: Progress) => {
    if (step === 6) trainer.parts.model.parameters()[0].set(new Float32Array(24).fill(Number.NaN));
  };
  const error = await trainer
    .fit({ epochs: 2, saveEvery: 2, save: () => void saves++, callbacks: [{ onBatchEnd: spoil }] })
    .catch((e) => e);
  assert.instance(error, DivergenceError);
  assert.match(error.message, /model\.0\.weight holds NaN or an infinity at step 6/);
  assert.is(saves, 2);
});

test('weights that are no numbers are never shown as the best', async () => {
  manualSeed(1);
  const trainer = new Trainer(wild(1e-3));
  let epochs = 0;
  const spoil = ({ step }: Progress) => {
    if (step === BATCHES) trainer.parts.model.parameters()[0].set(new Float32Array(24).fill(Number.POSITIVE_INFINITY));
  };
  const error = await trainer
    .fit({ epochs: 2, callbacks: [{ onBatchEnd: spoil, onEpochEnd: () => void epochs++ }] })
    .catch((e) => e);
  assert.instance(error, DivergenceError);
  assert.is(epochs, 0);
});

test('a first loss near 0 does not send a rollback back to the start', async () => {
  manualSeed(1);
  const healthy = parts();
  const train = {
    ...source,
    async *epoch(number: number, from = {}) {
      let i = 0;
      for await (const batch of source.epoch(number, from)) {
        const at = number * BATCHES + i++;
        if (at === 0)
          yield { images: { data: new Float32Array(12), shape: [4, 3] }, labels: Int32Array.of(0, 0, 0, 0) }; // nothing to learn
        else
          yield at === 3 * BATCHES
            ? { ...batch, images: { ...batch.images, data: batch.images.data.map(() => Number.NaN) } }
            : batch;
      }
    },
  };
  healthy.model.parameters()[3].set([1.5, -1.5]); // knows class 0 already
  const back: number[] = [];
  await new Trainer({ ...healthy, train })
    .fit({
      epochs: 5,
      saveEvery: 1,
      onDivergence: 'rollback',
      divergence: { maxRollbacks: 1, factor: 1e6 },
      callbacks: [{ onRecovery: ({ position }) => void back.push(position.step) }],
    })
    .catch(() => {});
  assert.ok(back[0] > 1, `rolled back to step ${back}`);
});

test('nothing to train on is said at once', async () => {
  const empty = new Trainer({ ...parts(), train: { ...source, length: 0 } });
  await empty.fit({ epochs: 1 }).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /^trainer: the training data are empty/),
  );
});

test('stopped in validation and gone on with: the same bits', async () => {
  const expected = await uninterrupted();
  manualSeed(5);
  const trainer = new Trainer(parts());
  const stop = new AbortController();
  const onValidationBatchEnd = ({ epoch }: Progress) => {
    if (epoch === 2) stop.abort();
  };
  assert.is(await trainer.fit({ epochs: 3, callbacks: [{ onValidationBatchEnd }], signal: stop.signal }), 'stopped');
  assert.is(trainer.history.length, 1);
  assert.is(await trainer.fit({ epochs: 3 }), 'done');
  assert.is(await state(trainer), expected);
});

test.run();
