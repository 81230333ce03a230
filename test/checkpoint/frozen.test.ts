// A frozen network saved, restored and resumed, to the bit; what is unfrozen in mid-run; what older files can still do.
import * as assert from 'uvu/assert';
import { BLANK_SEAL, seal } from '../../src/checkpoint/seal.js';
import {
  Adam,
  BatchNorm1d,
  CheckpointError,
  freeze,
  Linear,
  type Module,
  memory,
  ReLU,
  Sequential,
  UsageError,
  unfreeze,
} from '../../src/index.js';
import { readSafetensors, writeSafetensors } from '../../src/io/index.js';
import {
  classification,
  type FitOptions,
  readCheckpoint,
  restoreModel,
  restoreRun,
  Trainer,
  writeCheckpoint,
  writeWeights,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('checkpoint/frozen');
test.before(useDevice);

const source = {
  length: 12,
  async *epoch(number: number, { startBatch = 0 } = {}) {
    for (let i = startBatch; i < 3; i++) {
      yield { images: { data: seeded(12, 3 * number + i), shape: [4, 3] }, labels: Int32Array.of(0, 1, 0, 1) };
    }
  },
};

const newModel = () =>
  new Sequential({
    features: new Sequential({ fc1: new Linear(3, 4), norm: new BatchNorm1d(4), relu: new ReLU() }),
    head: new Linear(4, 2),
  });

const task = classification({ classes: ['a', 'b'] });

function newTrainer(frozen = true): Trainer {
  const model = newModel();
  if (frozen) freeze(model, 'features');
  const optimizer = new Adam(model.parameters(), { lr: 0.05 });
  return new Trainer({ model, optimizer, task, train: source, validation: source });
}

const read = async (tensors: Record<string, { data(): Promise<ArrayLike<number>> }>) =>
  Object.fromEntries(
    await Promise.all(Object.entries(tensors).map(async ([k, t]) => [k, [...((await t.data()) as never)]])),
  );

const whole = async ({ model, optimizer }: Trainer<object, Module>) => ({
  model: await read(model.stateDict()),
  optimizer: await read(optimizer.stateTensors()),
  settings: optimizer.settings(),
  trained: model.parameters().map((p) => p.requiresGrad),
  modes: model.namedModules().map(([, m]) => m.training),
});

/** Trains to the end, unfreezing after two epochs. */
const thawing = (trainer: Trainer, epochs: number): FitOptions => ({
  epochs,
  callbacks: [
    {
      onEpochEnd({ epoch }) {
        if (epoch === 2) unfreeze(trainer.model, 'features');
      },
    },
  ],
});

const dispose = ({ parts }: Trainer) => {
  parts.optimizer.dispose();
  parts.model.dispose();
};

test('weights of a frozen network: all of them, running statistics too', async () => {
  const trainer = newTrainer();
  (trainer.parts.model as Sequential).eval().train();
  await trainer.fit({ epochs: 2 });
  const { model } = trainer.parts;
  const bytes = await writeWeights(model);
  const names = [...readSafetensors(bytes).tensors.keys()];
  assert.equal(
    names.sort(),
    Object.keys(model.stateDict())
      .map((name) => `model.${name}`)
      .sort(),
  );
  assert.is(names.length, 8);
  for (const frozen of [false, true]) {
    const other = newModel();
    if (frozen) freeze(other);
    restoreModel(readCheckpoint(bytes, 'weights'), other);
    assert.equal(await read(other.stateDict()), await read(model.stateDict()));
    other.dispose();
  }
  dispose(trainer);
});

for (const at of [1, 2, 3]) {
  test(`a run that thaws after epoch 2, resumed from epoch ${at}: the same bits`, async () => {
    const before = memory().liveBuffers;
    const first = newTrainer();
    const start = await writeWeights(first.parts.model);
    await first.fit(thawing(first, at));
    const bytes = await writeCheckpoint(first);
    const saved = await whole(first);
    assert.equal(saved.trained, at < 2 ? [false, false, false, false, true, true] : Array(6).fill(true));
    const begun = await read(
      Object.fromEntries(
        [...readSafetensors(start).tensors].map(([k, t]) => [k, { data: async () => t.data as Float32Array }]),
      ),
    );
    if (at < 2) assert.equal(saved.model['features.fc1.weight'], begun['model.features.fc1.weight']);
    await first.fit(thawing(first, 4));

    const second = newTrainer(at !== 3); // made frozen or not: the file says what is
    restoreRun(readCheckpoint(bytes, 'run'), second);
    assert.equal(await whole(second), saved);
    await second.fit(thawing(second, 4));
    assert.equal(await whole(second), await whole(first));
    assert.equal(
      second.history.map(({ metrics }) => metrics),
      first.history.map(({ metrics }) => metrics),
    );
    assert.equal((await whole(first)).settings.updates, [6, 6, 6, 6, 12, 12]);
    dispose(first);
    dispose(second);
    assert.is(memory().liveBuffers, before);
  });
}

test('a batch norm in evaluation mode is in evaluation mode when its run goes on', async () => {
  const norm = (t: Trainer<object, Module>) => t.model.namedModules().find(([path]) => path === 'features.norm')![1];
  const first = newTrainer();
  norm(first).eval();
  await first.fit({ epochs: 1 });
  const bytes = await writeCheckpoint(first);
  const second = newTrainer();
  restoreRun(readCheckpoint(bytes, 'run'), second);
  assert.not(norm(second).training);
  for (const trainer of [first, second]) await trainer.fit({ epochs: 3 });
  assert.equal(await whole(second), await whole(first));
  const mean = (m: Module) => m.stateDict()['features.norm.runningMean'].data();
  assert.equal([...(await mean(first.parts.model))], [0, 0, 0, 0]);
  dispose(first);
  dispose(second);
});

test('a run that would train nothing is refused', async () => {
  const refused = async (model: Sequential, optimizer: Adam, message: RegExp) => {
    const trainer = new Trainer({ model, optimizer, task, train: source });
    const error = await trainer.fit({ epochs: 1 }).then(
      () => null,
      (e: unknown) => e as Error,
    );
    assert.instance(error, UsageError);
    assert.match(error!.message, message);
    dispose(trainer);
  };
  const ofFeatures = newModel();
  freeze(ofFeatures, 'features');
  const features = ofFeatures.parameters().slice(0, 4);
  await refused(
    ofFeatures,
    new Adam(features),
    /^trainer: no parameter of the optimizer got a gradient: they are frozen/,
  );
  const all = newModel();
  freeze(all);
  await refused(all, new Adam(all.parameters()), /does not depend on any tensor with requiresGrad/);
});

test('of a run of the version before the weights can be used, and going on is refused', async () => {
  const trainer = newTrainer();
  await trainer.fit({ epochs: 1 });
  const { tensors, metadata } = readSafetensors(await writeCheckpoint(trainer));
  const old = seal(
    writeSafetensors([...tensors], { ...metadata, ...BLANK_SEAL, format: 'wgrad checkpoint 2', state: '{}' }),
  );
  const other = newTrainer();
  restoreModel(readCheckpoint(old, 'old.safetensors'), other.parts.model);
  assert.equal(await read(other.parts.model.stateDict()), await read(trainer.parts.model.stateDict()));
  assert.throws(
    () => restoreRun(readCheckpoint(old, 'old.safetensors'), other),
    (e: unknown) =>
      e instanceof CheckpointError &&
      /^old.safetensors: written by an older version .*2, runs go on from version 4\); its weights can be used/.test(
        e.message,
      ),
  );
  dispose(trainer);
  dispose(other);
});

test.run();
