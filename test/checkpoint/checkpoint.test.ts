import * as assert from 'uvu/assert';
import { AdamW, Linear, type Module, ReduceLROnPlateau, StepLR } from '../../src/index.js';
import { writeSafetensors } from '../../src/io/index.js';
import {
  checkpointParts,
  classification,
  readCheckpoint,
  restoreModel,
  restoreRun,
  Trainer,
  type TrainerParts,
  type TrainerSchedule,
  takeSnapshot,
  writeCheckpoint,
  writeWeights,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('checkpoint/checkpoint');
test.before(useDevice);

const source = {
  length: 8,
  async *epoch() {
    for (let i = 0; i < 2; i++)
      yield { images: { data: seeded(12, i), shape: [4, 3] }, labels: Int32Array.of(0, 1, 0, 1) };
  },
};

const task = classification({ classes: ['a', 'b'] });

function newTrainer(): Trainer {
  const model = new Linear(3, 2);
  return new Trainer({ model, optimizer: new AdamW(model.parameters()), task, train: source });
}

const values = async (t: Trainer<object, Module>) =>
  Promise.all(Object.values(t.model.stateDict()).map(async (p) => [...(await p.data())]));

test('a restored trainer goes on as the saved one does', async () => {
  const first = newTrainer();
  await first.fit({ epochs: 1 });
  const bytes = await writeCheckpoint(first, { note: 'kept' });
  await first.fit({ epochs: 3 });
  const second = newTrainer();
  const checkpoint = readCheckpoint(bytes, 'saved');
  assert.is(checkpoint.metadata.note, 'kept');
  restoreRun(checkpoint, second);
  await second.fit({ epochs: 3 });
  assert.equal(await values(second), await values(first));
  const figures = (t: Trainer) => t.history.map(({ metrics }) => metrics);
  assert.equal(figures(second), figures(first));
  assert.equal(Object.keys(figures(second)[2]), ['loss', 'accuracy']);
});

test('in parts it is the same file, and a snapshot is not copied', async () => {
  const trainer = newTrainer();
  await trainer.fit({ epochs: 1 });
  const snapshot = await takeSnapshot(trainer);
  const parts = await checkpointParts(snapshot, { note: 'kept' });
  const joined = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  assert.equal(joined, await writeCheckpoint(snapshot, { note: 'kept' }));
  const own = new Set(snapshot.tensors.map(([, { data }]) => data.buffer));
  assert.ok(parts.length > 4 && parts.slice(1).every(({ buffer }) => own.has(buffer)));
});

test('a run goes on with a schedule, or without, as it began', async () => {
  const withSchedule = (trainer: Trainer, how: Omit<TrainerSchedule, 'rule'> = { each: 'epoch' }) => {
    const rule = new StepLR(trainer.parts.optimizer, { stepSize: 1 });
    return new Trainer({ ...trainer.parts, schedule: { ...how, rule } });
  };
  const [plain, scheduled] = [newTrainer(), withSchedule(newTrainer())];
  await scheduled.fit({ epochs: 1 });
  const files = [
    readCheckpoint(await writeCheckpoint(plain), 'p'),
    readCheckpoint(await writeCheckpoint(scheduled), 's'),
  ];
  assert.throws(() => restoreRun(files[0], scheduled), /^p: saved without a schedule, this run has one$/);
  assert.throws(() => restoreRun(files[1], plain), /^s: saved with a schedule, this run has none$/);
  assert.throws(
    () => restoreRun(files[1], withSchedule(newTrainer(), { each: 'step' })),
    /^s: does not fit this run's schedule: it was stepped each epoch, this run's is stepped each step$/,
  );
  assert.throws(
    () => restoreRun(files[1], withSchedule(newTrainer(), { each: 'epoch', watch: 'accuracy' })),
    /it was stepped each epoch, this run's is stepped each epoch, watching accuracy$/,
  );
  const other = withSchedule(newTrainer());
  restoreRun(files[1], other);
  assert.is(other.parts.optimizer.lr, scheduled.parts.optimizer.lr);
  assert.equal(other.parts.schedule!.rule.state(), scheduled.parts.schedule!.rule.state());
});

test('a plateau goes on only with the figure that it watched, named or by default', async () => {
  const plateau = (more: Partial<TrainerParts>, watch?: string) => {
    const { parts } = newTrainer();
    const rule = new ReduceLROnPlateau(parts.optimizer);
    return new Trainer({ ...parts, ...more, schedule: { each: 'epoch', rule, watch } });
  };
  const began = plateau({ validation: undefined });
  const checkpoint = readCheckpoint(await writeCheckpoint(began), 'p');
  const validation = began.parts.train;
  assert.throws(
    () => restoreRun(checkpoint, plateau({ validation })),
    /it was stepped each epoch, watching loss, this run's is stepped each epoch, watching val_loss$/,
  );
  restoreRun(checkpoint, plateau({ validation }, 'loss'));
});

test('weights in half the room are those of the model to 11 bits, in a file that is checked as any other', async () => {
  const { model } = newTrainer().parts;
  const bytes = await writeWeights(model, { note: 'half' }, { floats: 'f16' });
  const file = readCheckpoint(bytes, 'half.safetensors');
  assert.is(file.metadata.note, 'half');
  const before = await model.weight.data();
  restoreModel(file, model);
  const after = await model.weight.data();
  for (const [i, value] of before.entries())
    assert.ok(Math.abs(after[i] - value) <= 2 ** -11 * Math.abs(value), `${i}`);
  assert.not.equal(after, before);
  bytes[bytes.length - 1] ^= 1;
  assert.throws(() => readCheckpoint(bytes, 'half.safetensors'), /^half.safetensors: damaged/);
});

test('what is no checkpoint, or not enough of one, is named', async () => {
  const trainer = newTrainer();
  const bytes = await writeCheckpoint(trainer);
  assert.throws(() => readCheckpoint(bytes.subarray(0, 40), 'cut.safetensors'), /cut.safetensors: /);
  assert.throws(
    () => readCheckpoint(new TextEncoder().encode('not a checkpoint at all'), 'text'),
    /text: not a safetensors file/,
  );
  const weights = readCheckpoint(await writeWeights(trainer.parts.model), 'weights.safetensors');
  assert.throws(() => restoreRun(weights, trainer), /weights.safetensors: holds weights only/);
  assert.throws(
    () => restoreModel(weights, new Linear(4, 2)),
    /weights.safetensors: does not fit this model: weight is \[2, 3\] in the file, \[2, 4\] here/,
  );
});

test('arguments that are something else, or the wrong way round, are named', async () => {
  const trainer = newTrainer();
  const { model } = trainer.parts;
  const file = readCheckpoint(await writeCheckpoint(trainer), 'run');
  for (const [call, message] of [
    [() => readCheckpoint('last.safetensors' as never, 'run'), /^readCheckpoint: takes a file's bytes/],
    [
      () => restoreModel(model as never, file as never),
      /^restoreModel: takes what readCheckpoint\(bytes, name\) gives, got a Linear/,
    ],
    [() => restoreModel(file, trainer as never), /^restoreModel: takes a module, got a Trainer/],
    [
      () => restoreRun(undefined as never, trainer),
      /^restoreRun: takes what readCheckpoint\(bytes, name\) gives, got undefined/,
    ],
    [
      () => restoreRun(file, model as never),
      /^restoreRun: takes a trainer, or a run \{ keep: \{ model, ... \}, position \}, got a Linear/,
    ],
  ] as [() => void, RegExp][]) {
    assert.throws(call, (error: Error) => error.name === 'UsageError' && message.test(error.message));
  }
  const other = writeSafetensors([['weight', { shape: [1], data: Float32Array.of(1) }]]);
  assert.throws(
    () => readCheckpoint(other, 'torch'),
    /torch: not a checkpoint .* readSafetensors reads it, and model\.loadStateDict/,
  );
});

test('a loss that is no number stops training and says at which step', async () => {
  const trainer = newTrainer();
  trainer.parts.model.stateDict().weight.set(new Float32Array(6).fill(Number.NaN));
  const error = await trainer.fit({ epochs: 1 }).catch((e: Error) => e);
  assert.match((error as Error).message, /^training: the loss is NaN at step \d/);
});

test.run();
