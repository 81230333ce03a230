// A run that stopped in the middle of an epoch goes on behind the batches it has seen: only the same pictures in the same
// order make that an epoch.
import * as assert from 'uvu/assert';
import { DataLoader, type DataLoaderOptions, drawnStandIns, type ImageDataset } from '../../src/data/index.js';
import { CheckpointError, DataError, Flatten, Linear, Sequential, SGD } from '../../src/index.js';
import {
  classification,
  evaluate,
  type Progress,
  readCheckpoint,
  restoreRun,
  Trainer,
  writeCheckpoint,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('checkpoint/resumed-order');
test.before(useDevice);

const pictures = drawnStandIns(20, 8, 3);
const augment = { crop: 4, place: 'random', colours: pictures.colours(), seed: 5 } as const;
const ORDER = { batchSize: 4, shuffle: true, augment };

const task = classification({ classes: ['cat', 'dog'] });

function trainerOn(dataset: ImageDataset, options: Partial<DataLoaderOptions> = {}): Trainer {
  const model = new Sequential(new Flatten(), new Linear(48, 2));
  const train = new DataLoader(dataset, { ...ORDER, ...options });
  return new Trainer({ model, optimizer: new SGD(model.parameters(), { lr: 0.01 }), task, train });
}

/** A checkpoint after so many steps of five an epoch. */
async function stopped(steps: number): Promise<Uint8Array> {
  const trainer = trainerOn(pictures);
  const stop = new AbortController();
  const onBatchEnd = ({ step }: Progress) => void (step >= steps && stop.abort());
  await trainer.fit({ epochs: 1, signal: stop.signal, callbacks: [{ onBatchEnd }] });
  assert.is(trainer.position.step, steps);
  return writeCheckpoint(trainer);
}

function refusal(bytes: Uint8Array, trainer: Trainer): string {
  try {
    restoreRun(readCheckpoint(bytes, 'saved'), trainer);
  } catch (error) {
    assert.instance(error, CheckpointError);
    return (error as Error).message;
  }
  return 'accepted';
}

test('in the middle of an epoch all that orders the pictures must be the same, and what differs is named', async () => {
  const bytes = await stopped(3);
  assert.is(refusal(bytes, trainerOn(pictures)), 'accepted');
  assert.is(refusal(bytes, trainerOn(pictures, { prefetch: 1 })), 'accepted');
  const batch = refusal(bytes, trainerOn(pictures, { batchSize: 5 }));
  assert.match(
    batch,
    /^saved: does not fit this run's data: saved in the middle of epoch 1, after 3 batches: batchSize was 4, it is 5 now; a run goes on/,
  );
  const seed = refusal(bytes, trainerOn(pictures, { augment: { ...augment, seed: 6 } }));
  assert.match(seed, /seed was 5, it is 6 now/);
  const both = refusal(bytes, trainerOn(pictures, { shuffle: false, dropLast: true }));
  assert.match(
    both,
    /dropLast was false, it is true now; shuffle was true, it is false now; seed was 5, it is undefined now/,
  );
});

test('between epochs another batch size is another beginning; other pictures never are', async () => {
  const trainer = trainerOn(pictures);
  await trainer.fit({ epochs: 1 });
  const bytes = await writeCheckpoint(trainer);
  const again = trainerOn(pictures, { batchSize: 5, augment: { ...augment, seed: 6 } });
  assert.is(refusal(bytes, again), 'accepted');
  await again.fit({ epochs: 2 });
  assert.is(again.position.step, 5 + 4);
  const others = refusal(bytes, trainerOn(drawnStandIns(24, 8, 3).subset(Array.from({ length: 20 }, (_, i) => i + 4))));
  assert.match(
    others,
    /^saved: does not fit this run's data: saved with other examples: fingerprint was '[0-9a-f]{8}', it is '[0-9a-f]{8}' now/,
  );
});

test('a source that does not say what orders it is taken at its word, and so is a checkpoint from before', async () => {
  const trainer = trainerOn(pictures);
  const { model, optimizer, task, train } = trainer.parts;
  const silent = { length: 20, epoch: train.epoch.bind(train) };
  const bytes = await writeCheckpoint(new Trainer({ model, optimizer, task, train: silent }));
  assert.is(refusal(bytes, trainer), 'accepted');
  assert.is(refusal(await stopped(2), new Trainer({ model, optimizer, task, train: silent })), 'accepted');
});

test('validation data without a picture are an error that says so, and no divergence', async () => {
  const { model, optimizer, train } = trainerOn(pictures).parts;
  const empty = { length: 0, async *epoch() {} };
  const trainer = new Trainer({ model, optimizer, task, train, validation: empty });
  const said = (reason: RegExp) => (error: Error) =>
    assert.ok(error instanceof DataError && reason.test(error.message));
  await trainer.fit({ epochs: 1 }).then(() => assert.unreachable(), said(/^trainer: the validation data are empty/));
  assert.is(trainer.position.step, 0, 'before anything is trained');
  await evaluate({ model, task, data: empty }).then(() => assert.unreachable(), said(/^evaluate: the data are empty/));
});

test.run();
