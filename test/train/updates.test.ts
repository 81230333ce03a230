// From gradients to new weights: batches gathered, gradients clipped and looked at, against loops by hand.
import * as assert from 'uvu/assert';
import {
  clipGradNorm,
  clipGradValue,
  ExponentialLR,
  Linear,
  mseLoss,
  mul,
  noGrad,
  SGD,
  scope,
  tensor,
} from '../../src/index.js';
import {
  type BatchSource,
  readCheckpoint,
  regression,
  restoreRun,
  type Snapshot,
  Trainer,
  type TrainerParts,
  type TrainerPosition,
  writeCheckpoint,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('train/updates');
test.before(useDevice);

interface Pair {
  x: { data: Float32Array; shape: number[] };
  y: { data: Float32Array; shape: number[] };
}

/** The same twelve examples an epoch, or their beginning, in batches of these sizes. */
function source(sizes: readonly number[]): BatchSource<Pair> & { batches(epoch: number): Pair[] } {
  const batches = (epoch: number) => {
    const [x, y] = [seeded(36, 10 * epoch + 1, 2), seeded(24, 10 * epoch + 2, 2)];
    let start = 0;
    return sizes.map((size) => {
      const from = start;
      start += size;
      return {
        x: { data: x.slice(3 * from, 3 * start), shape: [size, 3] },
        y: { data: y.slice(2 * from, 2 * start), shape: [size, 2] },
      };
    });
  };
  return {
    length: sizes.reduce((a, b) => a + b),
    batches,
    async *epoch(number, { startBatch = 0 } = {}) {
      yield* batches(number).slice(startBatch);
    },
  };
}

type Parts = TrainerParts<Pair, Linear>;

function newTrainer(train: BatchSource<Pair>, more: Partial<Parts> = {}): Trainer<Pair, Linear> {
  const model = new Linear(3, 2);
  model.weight.set(seeded(6, 5));
  model.bias!.set(seeded(2, 6));
  const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
  return new Trainer<Pair, Linear>({ model, optimizer, task: regression(), train, ...more });
}

const weights = async ({ model }: { model: Linear }) => [...(await model.weight.data()), ...(await model.bias!.data())];

for (const [what, micro, whole] of [
  ['of equal size', [2, 2, 2, 2, 2, 2], [6, 6]],
  ['the last group smaller', [2, 2, 2, 2, 2], [6, 4]],
  ['an epoch of less than one group', [2, 2], [4]],
] as const) {
  test(`three batches gathered are one of three times the size: ${what}`, async () => {
    const gathering = newTrainer(source(micro), { accumulate: 3 });
    const plain = newTrainer(source(whole));
    for (const trainer of [gathering, plain]) await trainer.fit({ epochs: 3 });
    assertClose(await weights(gathering), await weights(plain), { what: 'weights', terms: 36 });
    const [own, expected] = [await weights(gathering), await weights(plain)];
    assert.ok(own.every((v, i) => Math.abs(v - expected[i]) < 1e-6));
    for (const [i, record] of gathering.history.entries()) {
      assert.is(record.step, plain.history[i].step);
      assert.ok(Math.abs(record.metrics.loss - plain.history[i].metrics.loss) < 1e-6);
    }
  });
}

test('while batches are gathered nothing is saved, and the run goes on to the same bits', async () => {
  const sizes = [2, 2, 2, 2, 2]; // updates after 3 and 5
  const whole = newTrainer(source(sizes), { accumulate: 3 });
  const saved: TrainerPosition[] = [];
  const save = ({ saved: { position } }: Snapshot<TrainerPosition>) => void saved.push(position);
  await whole.fit({ epochs: 2, saveEvery: 1, save });
  assert.equal(
    saved.map(({ epoch, batch, step }) => [epoch, batch, step]),
    [
      [0, 3, 1],
      [1, 0, 2],
      [1, 3, 3],
      [2, 0, 4],
    ],
  );
  for (const stopAt of [1, 2, 3, 4]) {
    const begun = newTrainer(source(sizes), { accumulate: 3 });
    const stop = new AbortController();
    let batches = 0;
    const onBatchEnd = () => void (++batches === stopAt && stop.abort());
    assert.is(await begun.fit({ epochs: 2, signal: stop.signal, callbacks: [{ onBatchEnd }] }), 'stopped');
    assert.is(begun.position.batch, stopAt <= 3 ? 3 : 0, 'after the update under way'); // the epoch's last, then
    const resumed = newTrainer(source(sizes), { accumulate: 3 });
    restoreRun(readCheckpoint(await writeCheckpoint(begun), 'run'), resumed);
    await resumed.fit({ epochs: 2 });
    assert.equal(await weights(resumed), await weights(whole), `stopped after ${stopAt}`);
    const figures = ({ history }: Trainer) => history.map(({ step, metrics }) => ({ step, metrics }));
    assert.equal(figures(resumed), figures(whole));
  }
});

test('a schedule of steps, and onStep, count updates', async () => {
  const steps: number[] = [];
  const trainer = newTrainer(source([2, 2, 2, 2, 2]), { accumulate: 2 });
  const rule = new ExponentialLR(trainer.optimizer, { gamma: 0.5 });
  const scheduled = new Trainer<Pair, Linear>({ ...trainer.parts, schedule: { each: 'step', rule } });
  await scheduled.fit({ epochs: 1, callbacks: [{ onStep: (step) => void steps.push(step) }] });
  assert.equal(steps, [1, 2, 3]);
  assert.is(scheduled.optimizer.lr, 0.1 * 0.5 ** 3);
});

function doubleBias({ bias }: Linear): void {
  noGrad(() => {
    bias!.grad = mul(bias!.grad!, 2);
  });
}

const cases: [what: string, parts: Partial<Parts>, byHand: (model: Linear) => void][] = [
  ['clipGradNorm', { clipGradNorm: 0.3 }, (model) => void clipGradNorm(model.parameters(), 0.3)],
  ['clipGradValue', { clipGradValue: 0.1 }, (model) => clipGradValue(model.parameters(), 0.1)],
  [
    'both: first the norm',
    { clipGradNorm: 0.3, clipGradValue: 0.1 },
    (model) => {
      clipGradNorm(model.parameters(), 0.3);
      clipGradValue(model.parameters(), 0.1);
    },
  ],
  [
    'beforeUpdate, after clipping',
    {
      clipGradNorm: 0.3,
      beforeUpdate: ({ model }) => doubleBias(model),
    },
    (model) => {
      clipGradNorm(model.parameters(), 0.3);
      doubleBias(model);
    },
  ],
];

for (const [what, parts, byHand] of cases) {
  test(`${what}: the bits of a loop by hand`, async () => {
    const train = source([4, 4, 4]);
    const trainer = newTrainer(train, parts);
    await trainer.fit({ epochs: 2 });
    const { model, optimizer } = newTrainer(train);
    const plain = newTrainer(train);
    await plain.fit({ epochs: 2 });
    for (const epoch of [0, 1]) {
      for (const { x, y } of train.batches(epoch)) {
        using _step = scope();
        const loss = mseLoss(model.forward(tensor(x)), tensor(y));
        optimizer.zeroGrad();
        loss.backward();
        byHand(model);
        optimizer.step();
      }
    }
    assert.equal(await weights(trainer), await weights({ model }));
    assert.not.equal(await weights(trainer), await weights(plain), 'it makes a difference');
  });
}

test('a beforeUpdate that is async is refused', async () => {
  const trainer = newTrainer(source([4]), { beforeUpdate: () => Promise.reject(new Error('unheard')) as never });
  const error = await trainer.fit({ epochs: 1 }).catch((e) => e);
  assert.match(error.message, /^trainer: beforeUpdate is not async: the update does not wait for it$/);
});

test('what is gathered is averaged before it is clipped', async () => {
  const [gathering, plain] = [
    newTrainer(source([2, 2, 2, 2, 2, 2]), { accumulate: 3, clipGradNorm: 0.3 }),
    newTrainer(source([6, 6]), { clipGradNorm: 0.3 }),
  ];
  for (const trainer of [gathering, plain]) await trainer.fit({ epochs: 2 });
  assertClose(await weights(gathering), await weights(plain), { what: 'weights', terms: 36 });
});

test.run();
