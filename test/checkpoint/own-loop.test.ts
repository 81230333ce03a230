// A training loop of one's own, saved, gone on with, and recovered: from a device that is lost and from divergence.
import * as assert from 'uvu/assert';
import { activeRecorder } from '../../src/device/commands.js';
import {
  Adam,
  CheckpointError,
  crossEntropy,
  DeviceLostError,
  Dropout,
  ExponentialLR,
  init,
  Linear,
  manualSeed,
  ReLU,
  Sequential,
  scope,
  tensor,
  UsageError,
} from '../../src/index.js';
import type { StoredTensor } from '../../src/io/index.js';
import { Accumulator } from '../../src/metrics/index.js';
import {
  DivergenceError,
  type Json,
  type Recovery,
  type RecoveryOptions,
  type Run,
  readCheckpoint,
  restoreRun,
  type Stateful,
  takeSnapshot,
  withRecovery,
  writeCheckpoint,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('checkpoint/own-loop');
test.before(useDevice);

const STEPS = 12;

/** A schedule as a part of a run. */
class Kept implements Stateful {
  constructor(readonly rule: ExponentialLR) {}
  state = () => this.rule.state() as Json;
  restore(state: Json): void {
    this.rule.restore(state as never);
  }
}

type Position = { step: number; losses: number[] };

interface Loop extends Run<Position> {
  keep: { model: Sequential; optimizer: Adam; schedule: Kept; seen: Accumulator };
}

function parts(): Loop['keep'] {
  const model = new Sequential(new Linear(3, 16), new ReLU(), new Dropout(0.5), new Linear(16, 2));
  const optimizer = new Adam(model.parameters(), { lr: 0.01 });
  return {
    model,
    optimizer,
    schedule: new Kept(new ExponentialLR(optimizer, { gamma: 0.9 })),
    seen: new Accumulator(2),
  };
}

function newLoop(): Loop {
  manualSeed(3);
  return { keep: parts(), position: { step: 0, losses: [] } };
}

/** One step, of the batch that its number says; the loss is read. */
async function step({ keep: { model, optimizer, schedule, seen }, position }: Loop, poisoned = false): Promise<void> {
  const value = await scope(() => {
    const images = seeded(12, position.step, poisoned ? 1e30 : 1);
    const loss = crossEntropy(model.forward(tensor(images, { shape: [4, 3] })), tensor(Int32Array.of(0, 1, 0, 1)));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    seen.add(tensor([1, position.step]));
    schedule.rule.step();
    return loss.item();
  });
  if (!Number.isFinite(value) || value > 1e6)
    throw new DivergenceError('it has diverged', position.step, value, optimizer.lr);
  position.losses.push(value);
  position.step++;
}

/** Everything of a run, as text. */
async function state(loop: Loop): Promise<string> {
  const { tensors, saved } = await takeSnapshot(loop);
  const bits = tensors.map(([name, { data }]) => [name, [...new Uint8Array(data.buffer)].join()]);
  return JSON.stringify([saved, bits]);
}

type Hook = (loop: Loop) => void | Promise<void>;

/** Trains to the end, saving every four steps; `before` is called before each step. */
async function train(loop: Loop, options: RecoveryOptions<Position> = {}, before: Hook = () => {}, poison = -1) {
  return withRecovery(loop, options, async ({ save, signal }) => {
    while (loop.position.step < STEPS) {
      await before(loop);
      signal.throwIfAborted();
      await step(loop, loop.position.step === poison);
      signal.throwIfAborted();
      if (loop.position.step % 4 === 0) await save();
    }
    return 'trained';
  });
}

async function undisturbed(): Promise<string> {
  const loop = newLoop();
  assert.is(await train(loop), 'trained');
  return state(loop);
}

const rebuilding = (loop: Loop, recoveries: Recovery<Position>[] = []): RecoveryOptions<Position> => ({
  rebuild: async () => {
    await init();
    Object.assign(loop.keep, parts());
  },
  progressOf: ({ step }) => step,
  onRecovery: (recovery) => void recoveries.push(recovery),
});

for (const at of [0, 1, 5, 8, 11]) {
  test(`the device is lost before step ${at}: the same bits, and it says so`, async () => {
    const expected = await undisturbed();
    const loop = newLoop();
    const recoveries: Recovery<Position>[] = [];
    let once = true;
    const ended = await train(loop, rebuilding(loop, recoveries), ({ position }) => {
      if (position.step !== at || !once) return;
      once = false;
      activeRecorder().host.device.destroy();
    });
    assert.is(ended, 'trained');
    assert.is(recoveries.length, 1);
    assert.instance(recoveries[0].error, DeviceLostError);
    assert.is(recoveries[0].position.step, 4 * Math.floor(at / 4));
    assert.is(recoveries[0].lrScale, 1);
    assert.is(await state(loop), expected);
  });
}

test('without rebuild the loss is a DeviceLostError; so is a second one before the run is past the first', async () => {
  const lose = () => activeRecorder().host.device.destroy();
  const first = await train(newLoop(), {}, ({ position }) => void (position.step === 5 && lose())).catch((e) => e);
  assert.instance(first, DeviceLostError);
  await init();
  const loop = newLoop();
  const recoveries: Recovery<Position>[] = [];
  const again = await train(loop, rebuilding(loop, recoveries), ({ position }) => {
    if (position.step === 6 - recoveries.length) lose();
  }).catch((e) => e);
  assert.instance(again, DeviceLostError);
  assert.match(again.message, /the device was lost again before step 7: /);
  assert.is(recoveries.length, 1);
  await init();
});

test('divergence: back to the last save, with smaller rates, twice by one seed to the same bits', async () => {
  const run = async () => {
    const loop = newLoop();
    const recoveries: Recovery<Position>[] = [];
    let poison = 6;
    const options: RecoveryOptions<Position> = {
      onDivergence: 'rollback',
      rollback: { lrFactor: 0.25 },
      onRecovery: (recovery) => {
        recoveries.push(recovery);
        poison = -1;
      },
    };
    const ended = await withRecovery(loop, options, async ({ save }) => {
      while (loop.position.step < STEPS) {
        await step(loop, loop.position.step === poison);
        if (loop.position.step % 4 === 0) await save();
      }
      return loop.position.step;
    });
    assert.is(ended, STEPS);
    assert.is(recoveries.length, 1);
    assert.instance(recoveries[0].error, DivergenceError);
    assert.equal([recoveries[0].position.step, recoveries[0].lrScale], [4, 0.25]);
    assert.equal([loop.rollbacks, loop.keep.optimizer.lrScale], [1, 0.25]);
    assert.ok(Math.abs(loop.keep.optimizer.lr - 0.01 * 0.9 ** STEPS) < 1e-9, 'the schedule goes on from its own rates');
    return state(loop);
  };
  assert.is(await run(), await run());
});

test('divergence that no rate helps ends it, after so many rollbacks; without rollback at once', async () => {
  const stopped = await train(newLoop(), {}, undefined, 2).catch((e) => e);
  assert.instance(stopped, DivergenceError);
  assert.is(stopped.message, 'it has diverged');
  const loop = newLoop();
  const options = { onDivergence: 'rollback', rollback: { maxRollbacks: 2 } } as const;
  const error = await train(loop, options, undefined, 6).catch((e) => e);
  assert.instance(error, DivergenceError);
  assert.match(error.message, /^it has diverged; 2 rollbacks with smaller learning rates did not help$/);
  assert.equal([loop.rollbacks, loop.keep.optimizer.lrScale], [2, 0.25]);
});

test('what is not finite is not saved, and what is not sound is not gone back to', async () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const saved: number[] = [];
    const spoil: Hook = ({ position, keep: { model, optimizer } }) => {
      if (position.step === 7) model.parameters()[3].set([value, 0]);
      for (const group of optimizer.groups) if (position.step >= 7) group.lr = 0;
    };
    const save = ({ saved: { position } }: { saved: { position: Position } }) => void saved.push(position.step);
    const error = await train(newLoop(), { save }, spoil).catch((e) => e);
    assert.instance(error, DivergenceError);
    assert.equal(saved, [4], String(value));
  }
  const spoiled = newLoop(); // where no loss says it
  spoiled.keep.seen.add(tensor([Number.NEGATIVE_INFINITY, 0]));
  const error = await train(spoiled, { save: () => assert.unreachable() }).catch((e) => e);
  assert.instance(error, DivergenceError);
  assert.match(error.message, /seen\.0 holds NaN or an infinity at step 4/);
  const back: number[] = [];
  const rising = newLoop();
  const options: RecoveryOptions<Position> = {
    ...{ onDivergence: 'rollback', rollback: { maxRollbacks: 1 } },
    isSound: (position) => position.step < 8,
    onRecovery: ({ position }) => void back.push(position.step),
  };
  await train(rising, options, undefined, 10).catch(() => {});
  assert.equal(back, [4], 'not to 8');
});

test('saved as a file and gone on with: the same bits', async () => {
  const expected = await undisturbed();
  for (const at of [4, 8]) {
    const files: Uint8Array[] = [];
    const save = async (snapshot: Parameters<typeof writeCheckpoint<Position>>[0]) =>
      void files.push(await writeCheckpoint(snapshot, { note: 'mine' }));
    await train(newLoop(), { save });
    const loop = newLoop();
    manualSeed(99);
    const file = readCheckpoint(files[at / 4 - 1], 'mine.safetensors');
    assert.is(file.metadata.note, 'mine');
    restoreRun(file, loop);
    assert.is(loop.position.step, at);
    await train(loop);
    assert.is(await state(loop), expected);
  }
});

test('parts that are others, or not there, are named; nothing is changed then', async () => {
  const whole = newLoop();
  await train(whole);
  const file = readCheckpoint(await writeCheckpoint(whole), 'mine');
  const refuses = async (keep: Partial<Loop['keep']>, message: RegExp) => {
    const loop = newLoop();
    const other = { ...loop, keep: { ...loop.keep, ...keep } } as Loop;
    const before = await state(other);
    assert.throws(
      () => restoreRun(file, other),
      (e: unknown) => e instanceof CheckpointError && message.test(e.message),
      String(message),
    );
    assert.is(await state(other), before);
  };
  await refuses({ schedule: undefined }, /^mine: saved with a schedule, this run has none$/);
  await refuses({ average: new Accumulator(1) } as never, /^mine: saved without a average, this run has one$/);
  const wider = new Sequential(new Linear(3, 17), new ReLU(), new Dropout(0.5), new Linear(17, 2));
  await refuses(
    { model: wider },
    /^mine: does not fit this run's model: 0\.weight is \[16, 3\] in the file, \[17, 3\] here$/,
  );
  const two = new Adam([{ params: wider.parameters().slice(0, 1) }, { params: wider.parameters().slice(1) }]);
  await refuses(
    { optimizer: two },
    /^mine: does not fit this run's optimizer: its state\.groups should be a list of 2/,
  );
  for (const nothing of [undefined, {}, { keep: 1, position: 1 }, { keep: {} }]) {
    const error = await takeSnapshot(nothing as never).catch((e: Error) => e);
    assert.instance(error, UsageError);
    assert.match(String(error), /takeSnapshot: takes a trainer, or a run \{ keep: \{ model, ... \}, position \}, got /);
  }
});

test('what is no part, no option or no body is named', async () => {
  const run = (part: unknown) => ({ keep: { model: new Linear(1, 1), part }, position: 0 }) as Run<number>;
  for (const part of [{}, tensor([1]), () => 1, { state: () => 1 }]) {
    const error = await takeSnapshot(run(part)).catch((e) => e);
    assert.instance(error, UsageError);
    assert.match(
      error.message,
      /^takeSnapshot: keep\.part is a module, an optimizer, or anything with state\(\) and restore\(\), got /,
    );
  }
  const recovering = (options: unknown, body: unknown = async () => 1, kept: unknown = run(undefined)) =>
    withRecovery(kept as Run<number>, options as object, body as () => Promise<number>).catch((e) => e.message);
  assert.match(await recovering({ onDivergance: 'rollback' }), /^withRecovery: .* did you mean 'onDivergence'\?/);
  assert.match(await recovering({ onDivergence: 'rollBack' }), /onDivergence is 'stop' or 'rollback'/);
  assert.match(await recovering({}, null), /^withRecovery: body is a function/);
  assert.match(await recovering({}, undefined, { model: 1 }), /^withRecovery: takes a trainer, or a run/);
  assert.is(await recovering({}), 1);
});

test('a part of one’s own: its state and tensors come back to it', async () => {
  class Average implements Stateful {
    count = 0;
    held = new Accumulator(3);
    state = () => ({ count: this.count, held: this.held.state() });
    tensors = () => this.held.tensors();
    restore(state: Json, tensors: Record<string, StoredTensor>): void {
      const { count, held } = state as { count: number; held: Json };
      this.count = count;
      this.held.restore(held, tensors);
    }
  }
  const made = (): Run<string> & { keep: { average: Average } } => ({
    keep: { average: new Average() },
    position: 'start',
  });
  const first = made();
  first.keep.average.count = 5;
  first.keep.average.held.add(tensor([1, 2, 3]));
  first.position = 'later';
  const bytes = await writeCheckpoint(first);
  const second = made();
  restoreRun(readCheckpoint(bytes, 'mine'), second);
  assert.equal([second.position, second.keep.average.count], ['later', 5]);
  assert.equal([...(await second.keep.average.held.read())], [1, 2, 3]);
});

test.run();
