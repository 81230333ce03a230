// A trainer in mixed precision: an overflow on purpose, a resumed run, and f32's accuracy.
import * as assert from 'uvu/assert';
import {
  AdamW,
  features,
  type GradScaler,
  Linear,
  manualSeed,
  mul,
  ReLU,
  Sequential,
  type Tensor,
} from '../../src/index.js';
import {
  type BatchSource,
  classification,
  evaluate,
  predictProbabilities,
  readCheckpoint,
  restoreRun,
  type Snapshot,
  type Task,
  Trainer,
  type TrainerParts,
  type TrainerPosition,
  warmup,
  writeCheckpoint,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { Skip, suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('train/precision');
test.before(useDevice);

const needsHalf = () => {
  if (!features().has('shader-f16')) throw new Skip('the adapter has no shader-f16');
};

interface Batch {
  images: { data: Float32Array; shape: number[] };
  labels: Int32Array;
}

/** Points of a spiral of three arms, which touch a little, in batches of 50. */
function spiral(batches: number, seed: number): BatchSource<Batch> {
  const all = Array.from({ length: batches }, (_, b): Batch => {
    const [along, off] = [seeded(50, seed + 2 * b), seeded(50, seed + 2 * b + 1, 0.28)];
    const labels = Int32Array.from(along, (_, i) => i % 3);
    const data = Float32Array.from({ length: 100 }, (_, k) => {
      const radius = (1 + along[k >> 1]) / 2;
      const angle = 4 * radius + (2 * Math.PI * labels[k >> 1]) / 3 + 2 * off[k >> 1];
      return radius * (k % 2 ? Math.sin(angle) : Math.cos(angle));
    });
    return { images: { data, shape: [50, 2] }, labels };
  });
  return {
    length: 50 * batches,
    async *epoch(_number, { startBatch = 0 } = {}) {
      yield* all.slice(startBatch);
    },
  };
}

const classes = ['a', 'b', 'c'];
const train = spiral(8, 1);
const other = spiral(20, 1000);

function trainerOf(seed: number, more: Partial<TrainerParts<Batch>> = {}): Trainer<Batch, Sequential> {
  manualSeed(seed);
  const model = new Sequential(new Linear(2, 48), new ReLU(), new Linear(48, 48), new ReLU(), new Linear(48, 3));
  const optimizer = new AdamW(model.parameters(), { lr: 0.01 });
  return new Trainer<Batch, Sequential>({ model, optimizer, task: classification({ classes }), train, ...more });
}

/** A task whose gradients are beyond f32, with the scale, in these of its training calls. */
function overflowing(calls: readonly number[]): Task<Batch> {
  const task = classification({ classes });
  let call = 0;
  return (model, batch, mode) => {
    const { loss, ...rest } = task(model, batch as never, mode);
    return { loss: mode.training && calls.includes(call++) ? mul(loss, 1e35) : loss, ...rest };
  };
}

const scalerOf = (trainer: Trainer) => trainer.keep.scaler as GradScaler;
const weightsOf = async ({ model }: Trainer) =>
  (await Promise.all(model.parameters().map(async (p: Tensor) => [...(await p.data())]))).flat();
const whatever = { divergence: { factor: Number.POSITIVE_INFINITY } };

test('an overflow on purpose is skipped, counted and recovered from', async () => {
  needsHalf();
  const trainer = trainerOf(1, { task: overflowing([3, 4]), precision: 'f16' });
  const seen: { weights: number[]; scale: number; skipped: number }[] = [];
  const onBatchEnd = async () => {
    const scaler = scalerOf(trainer);
    seen.push({ weights: await weightsOf(trainer), scale: await scaler.scaleValue(), skipped: await scaler.skipped() });
  };
  await trainer.fit({ epochs: 1, callbacks: [{ onBatchEnd }], ...whatever });
  assert.equal(
    seen.map(({ scale }) => scale),
    [65536, 65536, 65536, 32768, 16384, 16384, 16384, 16384],
  );
  assert.equal(
    seen.map(({ skipped }) => skipped),
    [0, 0, 0, 1, 2, 2, 2, 2],
  );
  assert.equal(seen[3].weights, seen[2].weights);
  assert.equal(seen[4].weights, seen[2].weights);
  for (const step of [5, 6, 7]) assert.not.equal(seen[step].weights, seen[step - 1].weights);
  await trainer.fit({ epochs: 40, ...whatever });
  const { accuracy } = trainer.history[39].metrics;
  assert.ok(accuracy > 0.9, `it learns on: ${accuracy}`);
});

test('a resumed run has the same bits, its scale and what was skipped', async () => {
  needsHalf();
  const calls = [2, 5, 9, 13];
  const whole = trainerOf(2, { task: overflowing(calls), precision: 'f16', validation: other, clipGradNorm: 1 });
  const files: Uint8Array[] = [];
  const save = async (snapshot: Snapshot<TrainerPosition>) => void files.push(await writeCheckpoint(snapshot));
  await whole.fit({ epochs: 3, save, saveEvery: 3, ...whatever });
  const task = overflowing(calls.map((call) => call - 6)); // behind the save at step 6
  const resumed = trainerOf(3, { task, precision: 'f16', validation: other, clipGradNorm: 1 });
  restoreRun(readCheckpoint(files[1], 'run'), resumed);
  assert.is(resumed.position.step, 6);
  assert.is(await scalerOf(resumed).scaleValue(), 16384);
  await resumed.fit({ epochs: 3, ...whatever });
  assert.equal(await weightsOf(resumed), await weightsOf(whole));
  assert.is(await scalerOf(resumed).skipped(), await scalerOf(whole).skipped());
  assert.equal(
    resumed.history.map(({ metrics }) => metrics),
    whole.history.map(({ metrics }) => metrics),
  );
});

for (const seed of [1, 2, 3]) {
  test(`f16 reaches f32's accuracy within one point, or is f32 where there is none: seed ${seed}`, async () => {
    const [single, half] = [trainerOf(seed), trainerOf(seed, { precision: 'f16' })];
    await warmup(half.model, [50, 2], { precision: 'f16' });
    for (const trainer of [single, half]) await trainer.fit({ epochs: 30 });
    const lookAt = ({ model, parts: { task, precision } }: Trainer) =>
      evaluate({ model, task, data: other, precision });
    const [a, b] = [await lookAt(single), await lookAt(half)];
    assert.ok(a.accuracy > 0.9, `f32: ${a.accuracy}`);
    assert.ok(Math.abs(a.accuracy - b.accuracy) <= 0.01, `f32 ${a.accuracy}, f16 ${b.accuracy}`);
    const same = String(await weightsOf(single)) === String(await weightsOf(half));
    assert.is(same, !features().has('shader-f16'), 'computed in f16 where there is f16, and nowhere else');
    if (!same) assert.is(await scalerOf(half).skipped(), 0);
  });
}

test('batches gathered and clipped are those of f32, but for rounding to halves', async () => {
  const how = { accumulate: 2, clipGradNorm: 0.5, clipGradValue: 0.1 };
  const [single, half] = [trainerOf(5, how), trainerOf(5, { ...how, precision: 'f16' })];
  for (const trainer of [single, half]) await trainer.fit({ epochs: 1 });
  const expected = await weightsOf(single);
  assertClose(await weightsOf(half), expected, { allowed: expected.map(() => 0.02), blind: 'many weights are small' });
});

test('predictions and what is no precision', async () => {
  const { model, parts } = trainerOf(6);
  const points = seeded(20, 7);
  const single = await predictProbabilities(model, points, [2]);
  const half = await predictProbabilities(model, points, [2], 1, 'f16');
  assertClose(half, single, { allowed: [...single].map(() => 2e-3) });
  assert.is(String(half) === String(single), !features().has('shader-f16'));
  const wrong = 'bf16' as 'f16';
  assert.throws(() => new Trainer({ ...parts, precision: wrong }), /precision is .*f32.*f16.*got 'bf16'/);
  for (const call of [
    () => predictProbabilities(model, points, [2], 1, wrong),
    () => warmup(model, [1, 2], { precision: wrong }),
    () => evaluate({ model, task: parts.task, data: other, precision: wrong }),
  ]) {
    await call().then(
      () => assert.unreachable(),
      (error) => assert.match(error.message, /precision is .*got 'bf16'/),
    );
  }
});

test.run();
