// Hooks: their order, what their errors do, stopping, states in checkpoints, and Keras' rules of the ones that come with the library.
import * as assert from 'uvu/assert';
import { activeRecorder } from '../../src/device/commands.js';
import { CheckpointError, init, Linear, manualSeed, memory, SGD, UsageError } from '../../src/index.js';
import {
  type BatchSource,
  type Callback,
  EarlyStopping,
  type EarlyStoppingOptions,
  type EpochRecord,
  ModelCheckpoint,
  ModelEMA,
  type Progress,
  readCheckpoint,
  regression,
  restoreRun,
  type Snapshot,
  Trainer,
  type TrainerParts,
  type TrainerPosition,
  type Training,
  writeCheckpoint,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('train/callbacks');
test.before(useDevice);

const source: BatchSource = {
  length: 8,
  async *epoch(number, { startBatch = 0 } = {}) {
    for (let i = startBatch; i < 2; i++) {
      const salt = 10 * number + i;
      yield { x: { data: seeded(12, salt), shape: [4, 3] }, y: { data: seeded(4, salt + 5), shape: [4, 1] } };
    }
  },
};

function parts(): TrainerParts<object, Linear> {
  manualSeed(1);
  const model = new Linear(3, 1);
  const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
  return { model, optimizer, task: regression() as never, train: source as never, validation: source as never };
}

const newTrainer = () => new Trainer<object, Linear>(parts());

const weights = async ({ model }: { model: Linear }) => [...(await model.weight.data()), ...(await model.bias!.data())];

/** A callback that notes every hook under a name. */
function noting(seen: string[], name = ''): Callback {
  const note = (hook: string) => void seen.push(`${name}${hook}`);
  const later = async (hook: string) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    note(hook);
  };
  return {
    onTrainBegin: () => later('train begin'),
    onTrainEnd: () => later('train end'),
    onEpochBegin: (epoch) => later(`epoch ${epoch} begin`),
    onEpochEnd: ({ epoch }) => later(`epoch ${epoch} end`),
    onBatchBegin: (batch) => later(`batch ${batch} begin`),
    onBatchEnd: ({ step }) => later(`batch ${step}`),
    onStep: (step) => note(`step ${step}`),
    onValidationBegin: () => later('validation begin'),
    onValidationBatchEnd: () => later('validation batch'),
    onValidationEnd: () => later('validation end'),
  };
}

const EPOCH = (n: number) => [
  `epoch ${n} begin`,
  ...['batch 1 begin', `step ${2 * n - 1}`, `batch ${2 * n - 1}`],
  ...['batch 2 begin', `step ${2 * n}`, `batch ${2 * n}`],
  ...['validation begin', 'validation batch', 'validation batch', 'validation end', `epoch ${n} end`],
];

test('every hook in its place, each awaited', async () => {
  const seen: string[] = [];
  await newTrainer().fit({ epochs: 2, callbacks: [noting(seen)] });
  assert.equal(seen, ['train begin', ...EPOCH(1), ...EPOCH(2), 'train end']);
});

test('several are called in the order they are given in', async () => {
  const seen: string[] = [];
  await newTrainer().fit({ epochs: 1, callbacks: [noting(seen, 'a '), noting(seen, 'b ')] });
  const both = ['train begin', ...EPOCH(1), 'train end'].flatMap((hook) => [`a ${hook}`, `b ${hook}`]);
  assert.equal(seen, both);
});

test('an epoch that is gone on with does not begin again', async () => {
  const seen: string[] = [];
  const trainer = newTrainer();
  const stop = new AbortController();
  await trainer.fit({ epochs: 1, signal: stop.signal, callbacks: [{ onBatchEnd: () => stop.abort() }] });
  await trainer.fit({ epochs: 1, callbacks: [noting(seen)] });
  assert.equal(seen, ['train begin', ...EPOCH(1).slice(4), 'train end']);
});

test('a hook sees the training: model, optimizer, history and position', async () => {
  const trainer = newTrainer();
  let epochs = 0;
  const onEpochEnd = (record: EpochRecord, training: Training) => {
    assert.is(training.model, trainer.model);
    assert.is(training.optimizer, trainer.optimizer);
    assert.equal(training.history.at(-1), record);
    assert.equal([training.position.epoch, training.position.batch], [record.epoch, 0]);
    record.metrics.loss = 7; // a copy
    assert.is.not(training.history.at(-1)!.metrics.loss, 7);
    epochs++;
  };
  await trainer.fit({ epochs: 2, callbacks: [{ onEpochEnd }] });
  assert.is(epochs, 2);
});

for (const hook of [
  'onTrainBegin',
  'onEpochBegin',
  'onBatchBegin',
  'onBatchEnd',
  'onStep',
  'onValidationBatchEnd',
  'onEpochEnd',
]) {
  test(`what ${hook} throws ends fit, and onTrainEnd is still called`, async () => {
    const seen: string[] = [];
    const reason = new Error('enough');
    const throwing = {
      [hook]: () => {
        throw reason;
      },
    };
    const trainer = newTrainer();
    const { onTrainEnd } = noting(seen);
    const error = await trainer.fit({ epochs: 2, callbacks: [throwing, { onTrainEnd }] }).catch((e) => e);
    assert.is(error, reason);
    assert.equal(seen, ['train end']);
    assert.is(await trainer.fit({ epochs: 2 }), 'done', 'it can train on');
  });
}

test('a hook that rejects ends fit as one that throws', async () => {
  const reason = new Error('later');
  const onEpochEnd = () => Promise.reject(reason);
  const error = await newTrainer()
    .fit({ epochs: 2, callbacks: [{ onEpochEnd }] })
    .catch((e) => e);
  assert.is(error, reason);
});

for (const [hook, position] of [
  ['onTrainBegin', { epoch: 0, batch: 0, step: 0 }],
  ['onEpochBegin', { epoch: 0, batch: 0, step: 0 }],
  ['onBatchBegin', { epoch: 0, batch: 1, step: 1 }],
  ['onBatchEnd', { epoch: 0, batch: 1, step: 1 }],
  ['onValidationBegin', { epoch: 1, batch: 0, step: 2 }],
  ['onEpochEnd', { epoch: 1, batch: 0, step: 2 }],
] as const) {
  test(`stop(reason) in ${hook}: fit is done there, has saved, and may go on`, async () => {
    const trainer = newTrainer();
    let saved = 0;
    const stopping: Callback = { [hook]: (...args: unknown[]) => (args.at(-1) as Training).stop('as asked') };
    assert.is(await trainer.fit({ epochs: 3, callbacks: [stopping], save: () => void saved++ }), 'done');
    const { epoch, batch, step } = trainer.position;
    assert.equal({ epoch, batch, step }, position);
    assert.is(trainer.stoppedBy, 'as asked');
    assert.ok(saved > 0 || hook === 'onTrainBegin', 'saved');
    assert.is(await trainer.fit({ epochs: 3 }), 'done');
    assert.is(trainer.stoppedBy, null);
    const whole = newTrainer();
    await whole.fit({ epochs: 3 });
    assert.equal(await weights(trainer), await weights(whole));
  });
}

test('what is no callback, or has a hook that is none, is refused by name', async () => {
  class Watcher {
    onEpochStart(): void {}
  }
  class Derived extends Watcher {}
  for (const [callbacks, message] of [
    [[{ onEpochStart: () => {} }], /^fit: callbacks\[0\]: there is no hook 'onEpochStart'; .*onEpochBegin/],
    [
      [{}, { onBatchend: () => {} }],
      /^fit: callbacks\[1\]: there is no hook 'onBatchend'; did you mean 'onBatchEnd'\?/,
    ],
    [[new Derived()], /^fit: callbacks\[0\]: there is no hook 'onEpochStart'/],
    [[{ on_epoch_end: () => {} }], /there is no hook 'on_epoch_end'; did you mean 'onEpochEnd'\?/],
    [[() => {}], /^fit: callbacks\[0\] is an object with hooks, such as \{ onEpochEnd\(record\) \{ ... \} \}, got /],
    [[null], /^fit: callbacks\[0\] is an object with hooks.*got null/],
    [
      [new EarlyStopping(), new EarlyStopping()],
      /two callbacks are called 'EarlyStopping', under which checkpoints keep them; set the name of one/,
    ],
  ] as [Callback[], RegExp][]) {
    const error = await newTrainer()
      .fit({ epochs: 1, callbacks })
      .catch((e) => e);
    assert.instance(error, UsageError, String(error));
    assert.match(error.message, message);
  }
});

test('what onTrainEnd throws hides no error of training, and the others are called', async () => {
  const throwing = (message: string) => () => {
    throw new Error(message);
  };
  const seen: string[] = [];
  const callbacks = [{ onTrainEnd: throwing('at the end') }, { onTrainEnd: () => void seen.push('end') }];
  const endsWith = (more: Callback[]) =>
    newTrainer()
      .fit({ epochs: 1, callbacks: [...callbacks, ...more] })
      .catch((e) => e.message);
  assert.is(await endsWith([]), 'at the end');
  assert.is(await endsWith([{ onEpochEnd: throwing('in the epoch') }]), 'in the epoch');
  assert.equal(seen, ['end', 'end']);
});

test('two of a kind, one of which has another name', async () => {
  const of = (monitor: string, name: string) => {
    const saved: number[] = [];
    const best = new ModelCheckpoint({ monitor, mode: 'max', save: (_, { epoch }) => void saved.push(epoch) });
    best.name = name;
    return { best, saved };
  };
  const [loss, r2] = [of('loss', 'highest loss'), of('r2', 'highest r2')];
  const trainer = newTrainer();
  await trainer.fit({ epochs: 3, callbacks: [loss.best, r2.best] });
  assert.not.equal(loss.saved, r2.saved);
  const state = JSON.stringify(trainer.keep.callbacks && (trainer.keep.callbacks as { state(): unknown }).state());
  assert.match(state, /"highest loss":\{"best":.*"highest r2":\{"best":/);
});

test('which metrics are better when they are more', async () => {
  for (const [name, more] of [
    ...['val_accuracy', 'balancedAccuracy', 'acc', 'val_f1', 'rocAuc', 'iou', 'val_r2', 'top5', 'val_topK'].map(
      (name) => [name, true] as const,
    ),
    ...['loss', 'error2', 'error', 'mae', 'f1_loss', 'accuracyError', 'sauce', 'perplexity', 'stop'].map(
      (name) => [name, false] as const,
    ),
  ]) {
    const saved: number[] = [];
    const best = new ModelCheckpoint({ monitor: name, save: (_, { epoch }) => void saved.push(epoch) });
    for (const epoch of [1, 2])
      await best.onEpochEnd({ epoch, metrics: { [name]: epoch } } as unknown as EpochRecord, {} as Training);
    assert.equal(saved, more ? [1, 2] : [1], name);
  }
});

/** Counts batches; its state is one number. */
class Counter implements Callback {
  count = 0;
  constructor(readonly name = 'Counter') {}
  onBatchEnd(): void {
    this.count++;
  }
  state = () => ({ count: this.count });
  restore(state: unknown): void {
    this.count = (state as { count: number }).count;
  }
}

test('states are saved with the run, and wait for their callback', async () => {
  const first = newTrainer();
  await first.fit({ epochs: 1, callbacks: [new Counter(), new Counter('other')] });
  const second = newTrainer();
  restoreRun(readCheckpoint(await writeCheckpoint(first), 'run'), second);
  await second.fit({ epochs: 2 }); // without them: what they know is kept
  const third = newTrainer();
  restoreRun(readCheckpoint(await writeCheckpoint(second), 'run'), third);
  const [own, other] = [new Counter(), new Counter('other')];
  await third.fit({ epochs: 3, callbacks: [own] });
  assert.equal([own.count, other.count], [4, 0]);
  await third.fit({ epochs: 4, callbacks: [own, other] });
  assert.equal([own.count, other.count], [6, 4]);
});

test('tensors of a state that waits are saved, too', async () => {
  const first = newTrainer();
  await first.fit({ epochs: 1, callbacks: [new ModelEMA({ decay: 0.5 })] });
  const before = memory().liveBuffers;
  const second = newTrainer();
  restoreRun(readCheckpoint(await writeCheckpoint(first), 'run'), second);
  const ema = [new ModelEMA({ decay: 0.5 }), new ModelEMA({ decay: 0.5 })];
  const again = await writeCheckpoint(second);
  await second.fit({ epochs: 2, callbacks: [ema[0]] });
  const third = newTrainer();
  restoreRun(readCheckpoint(again, 'run'), third);
  await third.fit({ epochs: 2, callbacks: [ema[1]] });
  const averages = await Promise.all(ema.map(async ({ average }) => [...(await average.tensors().weight.data())]));
  assert.equal(averages[0], averages[1]);
  for (const trainer of [second, third]) {
    trainer.optimizer.dispose();
    trainer.model.dispose();
  }
  for (const { average } of ema) average.dispose();
  assert.is(memory().liveBuffers, before);
});

test('a ModelEMA has no average before a fit, and looks at its options at once', async () => {
  assert.throws(() => new ModelEMA().average, /^ModelEMA: there is no average before the first fit$/);
  assert.throws(() => new ModelEMA({ decai: 0.9 } as object), /^ModelEMA: there is no option 'decai'; did you mean/);
});

test('a state of another form is refused by the name of its callback', async () => {
  const first = newTrainer();
  await first.fit({ epochs: 1, callbacks: [new Counter()] });
  const second = newTrainer();
  restoreRun(readCheckpoint(await writeCheckpoint(first), 'run'), second);
  const other = { name: 'Counter', state: () => ({ counts: [1] }), restore: () => {} };
  const error = await second.fit({ epochs: 2, callbacks: [other] }).catch((e) => e);
  assert.instance(error, CheckpointError, String(error));
  assert.match(error.message, /^fit: callback 'Counter' cannot go on from what was saved: its state\.counts should be/);
});

test('a state that begins as null goes on from what it has become', async () => {
  const making = () => {
    let best: number | null = null;
    return {
      name: 'best',
      onEpochEnd: ({ metrics }: EpochRecord) => {
        best = Math.min(best ?? Number.POSITIVE_INFINITY, metrics.loss);
      },
      state: () => ({ best }),
      restore: (state: unknown) => {
        ({ best } = state as { best: number });
      },
    };
  };
  const [first, second] = [newTrainer(), newTrainer()];
  const [callback, other] = [making(), making()];
  await first.fit({ epochs: 1, callbacks: [callback] });
  restoreRun(readCheckpoint(await writeCheckpoint(first), 'run'), second);
  await second.fit({ epochs: 1, callbacks: [other] });
  assert.equal(other.state(), callback.state());
});

/** The epoch after which EarlyStopping stops, 0 for none, told these figures. */
function stopsAt(options: EarlyStoppingOptions, figures: readonly number[], metric = 'val_loss'): number {
  const stopping = new EarlyStopping(options);
  let stopped = 0;
  for (const [i, value] of figures.entries()) {
    const record = { epoch: i + 1, metrics: { loss: 1, [metric]: value } } as unknown as EpochRecord;
    const training = { stop: () => (stopped = i + 1) } as unknown as Training;
    void stopping.onEpochEnd(record, training);
    if (stopped) return stopped;
  }
  return 0;
}

test('EarlyStopping: as in Keras', () => {
  const falling = [5, 4, 3, 2, 1];
  const stalling = [5, 3, 4, 3.5, 2, 3, 3, 3, 3];
  assert.is(stopsAt({}, falling), 0);
  assert.is(stopsAt({}, stalling), 3, 'patience 0: the first that is no better');
  assert.is(stopsAt({ patience: 1 }, stalling), 3, 'patience 1 too');
  assert.is(stopsAt({ patience: 2 }, stalling), 4);
  assert.is(stopsAt({ patience: 3 }, stalling), 8, 'counted from the best');
  assert.is(stopsAt({ patience: 5 }, stalling), 0);
  assert.is(stopsAt({ minDelta: 1, patience: 1 }, [5, 4.5, 4]), 2, 'half a point is none');
  assert.is(stopsAt({ minDelta: 1, patience: 2 }, [5, 4.5, 3.9, 3.5, 3]), 5, 'against the best that counted');
  assert.is(stopsAt({ minDelta: 1, patience: 1 }, [5, 4]), 2, 'it takes more than minDelta');
  assert.is(stopsAt({ startFromEpoch: 3 }, [1, 9, 9, 8, 7, 9]), 6, 'the first three are not looked at');
  assert.is(stopsAt({ monitor: 'val_accuracy' }, [0.5, 0.6, 0.4], 'val_accuracy'), 3, 'more is better');
  assert.is(stopsAt({ monitor: 'val_accuracy', mode: 'min' }, [0.5, 0.6], 'val_accuracy'), 2);
  assert.is(stopsAt({ monitor: 'val_loss', mode: 'max' }, [1, 2, 3, 2.5]), 4);
  assert.is(
    stopsAt({ monitor: 'val_error', patience: 2 }, [3, Number.NaN, Number.NaN], 'val_error'),
    3,
    'NaN is no better',
  );
  assert.is(stopsAt({}, [3, 3]), 2, 'as good is no better');
});

test('the metric that is watched by default, and one that is not there', () => {
  const tell = (options: EarlyStoppingOptions, metrics: Record<string, number>) =>
    new EarlyStopping(options).onEpochEnd({ epoch: 1, metrics } as EpochRecord, {} as Training);
  tell({}, { loss: 1 });
  assert.throws(
    () => tell({ monitor: 'val_f1' }, { loss: 1, val_loss: 2 }),
    /^EarlyStopping: there is no metric 'val_f1' to watch; there are loss, val_loss$/,
  );
  assert.throws(
    () => new EarlyStopping({ patiance: 3 } as EarlyStoppingOptions),
    /^EarlyStopping: there is no option 'patiance'; did you mean 'patience'\?/,
  );
  assert.throws(() => new EarlyStopping({ patience: -1 }), /patience is a whole number, 0 or more, got -1/);
  assert.throws(() => new EarlyStopping({ mode: 'least' as never }), /mode is 'auto', 'min' or 'max', got 'least'/);
  assert.throws(() => new EarlyStopping({ minDelta: -1 }), /minDelta is /);
  assert.throws(() => new ModelCheckpoint({ save: 'file' as never }), /^ModelCheckpoint: save is a function/);
});

/** A source that gets worse after the second epoch, so that the best is known. */
const worsening: BatchSource = {
  ...source,
  async *epoch(number, from) {
    for await (const batch of source.epoch(0, from)) {
      const { x, y } = batch as { x: { data: Float32Array }; y: { data: Float32Array; shape: number[] } };
      yield { x, y: { ...y, data: y.data.map((v) => (number < 2 ? v : v + 0.3 * number)) } };
    }
  },
};

const worseningTrainer = () => new Trainer<object, Linear>({ ...parts(), train: worsening as never });

/** A fit's `save`, and the files that it has made. */
function saving() {
  const files: Uint8Array[] = [];
  const save = async (snapshot: Snapshot<TrainerPosition>) => void files.push(await writeCheckpoint(snapshot));
  return { files, save };
}

/** Trains until it stops by itself; gives the weights after each epoch as well. */
async function trainedToTheEnd(trainer: Trainer<object, Linear>, stopping: EarlyStopping) {
  const after: number[][] = [];
  const onEpochEnd = async () => void after.push(await weights(trainer));
  await trainer.fit({ epochs: 20, callbacks: [{ onEpochEnd }, stopping] });
  return after;
}

test('EarlyStopping gives the best epoch’s weights back, and its memory', async () => {
  const before = memory().liveBuffers;
  for (const restoreBestWeights of [true, false]) {
    const trainer = worseningTrainer();
    const after = await trainedToTheEnd(trainer, new EarlyStopping({ patience: 3, restoreBestWeights }));
    const losses = trainer.history.map(({ metrics }) => metrics.val_loss);
    const best = losses.indexOf(Math.min(...losses));
    assert.is(trainer.history.length, best + 1 + 3);
    assert.match(trainer.stoppedBy!, /^EarlyStopping: 3 epochs without improvement/);
    assert.equal(await weights(trainer), after[restoreBestWeights ? best : best + 3]);
    assert.not.equal(after[best], after[best + 3]);
    trainer.optimizer.dispose();
    trainer.model.dispose();
  }
  assert.is(memory().liveBuffers, before);
});

test('EarlyStopping gives them back, too, when all epochs are done; not when fit is stopped before', async () => {
  const whole = worseningTrainer();
  const after = await trainedToTheEnd(whole, new EarlyStopping({ patience: 30 }));
  const losses = whole.history.map(({ metrics }) => metrics.val_loss);
  const best = losses.indexOf(Math.min(...losses));
  assert.ok(best < 4, String(best));
  assert.not.equal(await weights(whole), after[best]);
  const done = worseningTrainer();
  const { files, save } = saving();
  await done.fit({ epochs: 5, save, callbacks: [new EarlyStopping({ patience: 30, restoreBestWeights: true })] });
  assert.equal(await weights(done), after[best]);
  const resumed = worseningTrainer();
  restoreRun(readCheckpoint(files.at(-1)!, 'run'), resumed);
  assert.equal(await weights(resumed), after[4], 'what is saved is the last epoch');
  const stopping: Callback = { onEpochEnd: ({ epoch }, training) => void (epoch === 6 && training.stop('enough')) };
  await resumed.fit({
    epochs: 8,
    callbacks: [new EarlyStopping({ patience: 30, restoreBestWeights: true }), stopping],
  });
  assert.equal(await weights(resumed), after[5]);
});

test('EarlyStopping of a run that goes on knows the best weights: stopped, done, or from a file written after fit', async () => {
  const stopping = () => new EarlyStopping({ patience: 30, restoreBestWeights: true });
  const stopAt = (at: number): Callback => ({
    onEpochEnd: ({ epoch }, training) => void (epoch === at && training.stop('enough')),
  });
  const whole = worseningTrainer();
  await whole.fit({ epochs: 7, callbacks: [stopping()] });
  const best = await weights(whole);
  for (const first of [{ epochs: 7, at: 4 }, { epochs: 4 }]) {
    const trainer = worseningTrainer();
    const own = stopping();
    await trainer.fit({ epochs: first.epochs, callbacks: [own, stopAt(first.at ?? 0)] });
    const file = readCheckpoint(await writeCheckpoint(trainer), 'run');
    await trainer.fit({ epochs: 7, callbacks: [own] });
    assert.equal(await weights(trainer), best, JSON.stringify(first));
    const resumed = worseningTrainer();
    restoreRun(file, resumed);
    await resumed.fit({ epochs: 7, callbacks: [stopping()] });
    assert.equal(await weights(resumed), best, `${JSON.stringify(first)}, from a file`);
  }
});

test('EarlyStopping for another trainer begins anew', async () => {
  const stopping = new EarlyStopping({ patience: 2, restoreBestWeights: true });
  const [first, second] = [worseningTrainer(), worseningTrainer()];
  await first.fit({ epochs: 20, callbacks: [stopping] });
  await second.fit({ epochs: 20, callbacks: [stopping] });
  assert.equal([second.history.length, second.stoppedBy], [first.history.length, first.stoppedBy]);
  assert.equal(await weights(second), await weights(first));
  await second.fit({ epochs: 20, callbacks: [stopping] });
  assert.is(second.history.length, first.history.length, 'of the same one it has ended training');
});

test('EarlyStopping saved in every epoch and gone on with: it stops where it would have, with the same weights', async () => {
  const options = { patience: 3, restoreBestWeights: true };
  const whole = worseningTrainer();
  await whole.fit({ epochs: 20, callbacks: [new EarlyStopping(options)] });
  for (let epochs = 1; epochs < whole.history.length; epochs++) {
    const begun = worseningTrainer();
    const { files, save } = saving();
    await begun.fit({ epochs, save, callbacks: [new EarlyStopping(options)] });
    const resumed = worseningTrainer();
    restoreRun(readCheckpoint(files.at(-1)!, 'run'), resumed);
    await resumed.fit({ epochs: 20, callbacks: [new EarlyStopping(options)] });
    assert.is(resumed.history.length, whole.history.length, `after ${epochs}`);
    assert.equal(await weights(resumed), await weights(whole));
  }
});

test('one that had stopped a run stops it again when it is gone on with', async () => {
  const whole = worseningTrainer();
  const { files, save } = saving();
  await whole.fit({ epochs: 20, save, callbacks: [new EarlyStopping({ patience: 2 })] });
  const resumed = worseningTrainer();
  restoreRun(readCheckpoint(files.at(-1)!, 'run'), resumed);
  await resumed.fit({ epochs: 20, callbacks: [new EarlyStopping({ patience: 2 })] });
  assert.is(resumed.history.length, whole.history.length);
  assert.equal(await weights(resumed), await weights(whole));
});

test('EarlyStopping on a device that is lost: the same bits', async () => {
  const options = { patience: 3, restoreBestWeights: true };
  const whole = worseningTrainer();
  await whole.fit({ epochs: 20, callbacks: [new EarlyStopping(options)] });
  const expected = await weights(whole);
  const trainer = worseningTrainer();
  let losses = 0;
  const onBatchEnd = ({ step }: Progress) => {
    if (step === 2 * whole.history.length - 1 && losses++ === 0) activeRecorder().host.device.destroy();
  };
  const rebuild = async () => {
    await init();
    return { ...parts(), train: worsening as never };
  };
  await trainer.fit({ epochs: 20, rebuild, callbacks: [new EarlyStopping(options), { onBatchEnd }] });
  assert.ok(losses > 0);
  assert.is(trainer.history.length, whole.history.length);
  assert.equal(await weights(trainer), expected);
});

test('ModelCheckpoint: the best so far is not forgotten when a run is gone on with', async () => {
  const saves = async (halves: number[], options = {}) => {
    const saved: number[] = [];
    let file: Uint8Array | undefined;
    for (const epochs of halves) {
      const trainer = worseningTrainer();
      if (file) restoreRun(readCheckpoint(file, 'run'), trainer);
      const save = (training: Training, record: EpochRecord) => {
        assert.is(training, trainer);
        saved.push(record.epoch);
      };
      await trainer.fit({ epochs, callbacks: [new ModelCheckpoint({ ...options, save })] });
      file = await writeCheckpoint(trainer);
    }
    return saved;
  };
  const whole = await saves([8]);
  assert.ok(whole.length >= 2 && whole.length < 8, String(whole));
  assert.equal(await saves([1, 2, 3, 4, 5, 6, 7, 8]), whole);
  const most = await saves([8], { mode: 'max' });
  assert.not.equal(most, whole);
  assert.equal(await saves([3, 8], { mode: 'max' }), most);
});

test.run();
