// Training on data of any kind, stopped in the middle of an epoch and resumed from the checkpoint's bytes, ends with the bits of a
// run that was never stopped; other data, or another order, are refused.
import * as assert from 'uvu/assert';
import {
  DataLoader,
  DistributedSampler,
  drawnStandIns,
  type ExampleDraw,
  mixup,
  scalar,
  TensorDataset,
  WeightedRandomSampler,
} from '../../src/data/index.js';
import { CheckpointError, DataError, Flatten, Linear, manualSeed, Sequential, SGD } from '../../src/index.js';
import {
  type BatchSource,
  classification,
  readCheckpoint,
  regression,
  restoreRun,
  type Task,
  Trainer,
  writeCheckpoint,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('data/resumed-training');
test.before(useDevice);

const ROWS = 22;
const BATCH = 4;
const EPOCHS = 3;
const classes = ['a', 'b'];

function trainerOf<B extends object>(
  [inputs, outputs]: [number, number],
  train: BatchSource<B>,
  task: Task<B>,
): Trainer<B> {
  const model = new Sequential(new Flatten(), new Linear(inputs, outputs));
  return new Trainer({ model, optimizer: new SGD(model.parameters(), { lr: 0.05, momentum: 0.9 }), train, task });
}

const rows = (salt: number) =>
  new TensorDataset({
    x: { data: seeded(3 * ROWS, salt), shape: [ROWS, 3] },
    y: { data: seeded(ROWS, salt + 1), shape: [ROWS, 1] },
  });

const onRows = (options: object, salt = 1) =>
  trainerOf([3, 1], new DataLoader(rows(salt), { batchSize: BATCH, seed: 2, ...options }), regression());

/** Points with noise of their own in each epoch. */
const noisy = {
  length: ROWS,
  async get(i: number, { random }: ExampleDraw) {
    if (i % 2) await null;
    return { images: Float32Array.of(i / ROWS, random.unit(), 1), labels: scalar(i % 2, 'i32') };
  },
};

async function* readings(epoch: number) {
  for (let i = 0; i < ROWS; i++) yield { images: Float32Array.of(i / ROWS, epoch, 1), labels: scalar(i % 2, 'i32') };
}

/** Weights and momentum, and what the epochs came to. */
async function endOf<B extends object>(trainer: Trainer<B>): Promise<string> {
  const { tensors } = readCheckpoint(await writeCheckpoint(trainer), 'end');
  return JSON.stringify([[...tensors], trainer.history.map(({ epoch, step, metrics }) => ({ epoch, step, metrics }))]);
}

async function stoppedAfter<B extends object>(make: () => Trainer<B>, steps: number): Promise<Uint8Array> {
  manualSeed(1);
  const trainer = make();
  const stop = new AbortController();
  const onBatchEnd = ({ step }: { step: number }) => step >= steps && stop.abort();
  await trainer.fit({
    epochs: EPOCHS,
    signal: stop.signal,
    callbacks: [{ onBatchEnd: (now) => void onBatchEnd(now) }],
  });
  assert.is(trainer.position.step, steps);
  return writeCheckpoint(trainer);
}

function resumes<B extends object>(what: string, make: () => Trainer<B>): void {
  test(`${what}: stopped in the middle of an epoch and resumed, the same bits`, async () => {
    manualSeed(1);
    const whole = make();
    await whole.fit({ epochs: EPOCHS });
    const expected = await endOf(whole);
    const perEpoch = whole.position.step / EPOCHS;
    for (const steps of [1, perEpoch + 2, 2 * perEpoch - 1]) {
      const bytes = await stoppedAfter(make, steps);
      manualSeed(7);
      const again = make();
      restoreRun(readCheckpoint(bytes, 'saved'), again);
      await again.fit({ epochs: EPOCHS });
      assert.is(await endOf(again), expected, `after ${steps} steps`);
    }
  });
}

resumes('a table', () => onRows({ shuffle: true }));
resumes('a weighted sampler', () => onRows({ sampler: new WeightedRandomSampler(Array(ROWS).keys(), { seed: 3 }) }));
resumes('a share of several processes', () => onRows({ sampler: new DistributedSampler({ rank: 1, worldSize: 2 }) }));
resumes('examples by number', () =>
  trainerOf([3, 2], new DataLoader(noisy, { batchSize: BATCH, shuffle: true, seed: 2 }), classification({ classes })),
);
resumes('a source that is read in sequence', () =>
  trainerOf(
    [3, 2],
    new DataLoader({ length: ROWS, epoch: readings }, { batchSize: BATCH, dropLast: true }),
    classification({ classes }),
  ),
);
resumes('mixed pictures', () => {
  const pictures = drawnStandIns(ROWS, 8, 1);
  const augment = { crop: 6, place: 'random', flip: true, colours: pictures.colours(), seed: 4 } as const;
  const mixed = new DataLoader(pictures, { batchSize: BATCH, shuffle: true, augment, batchTransform: mixup() });
  return trainerOf([108, 2], mixed, classification({ classes }));
});

test('other data, another seed or another sampler: refused in the middle of an epoch, and named', async () => {
  const refusal = (bytes: Uint8Array, trainer: Trainer<object>) => {
    try {
      restoreRun(readCheckpoint(bytes, 'saved'), trainer);
    } catch (error) {
      assert.instance(error, CheckpointError);
      return (error as Error).message;
    }
    return 'accepted';
  };
  const other = (options: object, salt = 1) => onRows(options, salt) as unknown as Trainer<object>;
  const bytes = await stoppedAfter(() => onRows({ shuffle: true }), 8);
  assert.is(refusal(bytes, other({ shuffle: true, prefetch: 1 })), 'accepted');
  assert.match(refusal(bytes, other({ shuffle: true }, 9)), /was '[0-9a-f]{8}', it is '[0-9a-f]{8}' now/);
  assert.match(refusal(bytes, other({ shuffle: true, seed: 3 })), /seed was 2, it is 3 now/);
  const sampler = (rank: number) => new DistributedSampler({ rank, worldSize: 2 });
  const shared = await stoppedAfter(() => onRows({ sampler: sampler(0) }), 5);
  assert.is(refusal(shared, other({ sampler: sampler(0) })), 'accepted');
  assert.match(refusal(shared, other({ sampler: sampler(1) })), /sampler was \d+, it is \d+ now/);
});

test('labels that are mixed in training are classes in validation', async () => {
  const pictures = drawnStandIns(ROWS, 8, 1);
  const augment = { crop: 6, place: 'center', colours: pictures.colours(), seed: 4 } as const;
  const model = new Sequential(new Flatten(), new Linear(108, 2));
  const trainer = new Trainer({
    ...{ model, optimizer: new SGD(model.parameters(), { lr: 0.01 }) },
    task: classification({ classes: pictures.classes }),
    train: new DataLoader(pictures, { batchSize: BATCH, augment, batchTransform: mixup() }),
    validation: new DataLoader(pictures, { batchSize: BATCH, augment }),
  });
  await trainer.fit({ epochs: 1 });
  const { val_accuracy: accuracy } = trainer.history[0].metrics;
  assert.ok(Number.isInteger(Math.round(1e6 * accuracy * ROWS) / 1e6), `${accuracy} of ${ROWS} pictures`);
});

test('a source that is too short ends training, and says so', async () => {
  const short = new DataLoader({ length: ROWS + 1, epoch: readings }, { batchSize: BATCH });
  const trainer = trainerOf([3, 2], short, classification({ classes }));
  const error = await trainer.fit({ epochs: 1 }).then(() => null, (reason) => reason); // biome-ignore format: one line
  assert.instance(error, DataError);
  assert.is(error.message, 'DataLoader: the source gave 22 examples in epoch 0, its length promises 23');
});

test.run();
