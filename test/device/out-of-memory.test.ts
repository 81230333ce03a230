// Memory that runs out at every allocation of a training step in turn.
import * as assert from 'uvu/assert';
import { activeRecorder } from '../../src/device/commands.js';
import { memory, neg, OutOfMemoryError, sync, tensor } from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { refuseBuffers, soon, thrownBy } from '../support/faults.js';
import { type SmallRun, smallRun } from '../support/small-run.js';
import { suite } from '../support/suite.js';

const test = suite('device/out-of-memory');
test.before(useDevice);

/** From here on every size has to be asked of the device again. */
async function emptyPool(): Promise<void> {
  activeRecorder().host.pool.trim();
  await sync();
}

/** A run with a step behind it: velocities are there, and kernels compiled. */
async function begun(): Promise<SmallRun> {
  const run = smallRun();
  await run.step();
  await emptyPool();
  return run;
}

/** What the second step should give, and how many buffers it asks for with an empty pool. */
async function expected(): Promise<{ loss: number; state: number[][]; count: number }> {
  const run = await begun();
  const { asked, restore } = refuseBuffers(() => false);
  const loss = await run.step();
  const count = asked.length;
  restore();
  const state = await run.state();
  run.dispose();
  return { loss, state, count };
}

test('memory that is short once is asked for again, and nobody notices', async () => {
  const { loss, state, count } = await expected();
  assert.ok(count > 10, `${count} allocations`);
  for (let n = 0; n < count; n++) {
    const run = await begun();
    const live = memory().liveBytes;
    const { asked, restore } = refuseBuffers((i) => i === n);
    const value = await soon(run.step(), `allocation ${n}`);
    restore();
    assert.ok(asked[n].refused && asked.length === count + 1, `${asked[n].label}: ${asked.length}`);
    assert.is(value, loss, asked[n].label);
    assert.equal(await run.state(), state, asked[n].label);
    assert.is(memory().liveBytes, live);
    run.dispose();
  }
});

test('memory that stays short: a typed error, again at each read, until the weights are written anew', async () => {
  const { loss, state, count } = await expected();
  for (let n = 0; n < count; n++) {
    const run = await begun();
    const saved = { weights: await run.state(), settings: run.optimizer.settings() };
    await emptyPool();
    const live = memory();
    const { asked, restore } = refuseBuffers((i) => i >= n);
    const error = await thrownBy(run.step);
    restore();
    const { label } = asked[n];
    assert.instance(error, OutOfMemoryError, label);
    assert.match((error as Error).message, /: no memory for .* are live \(.*parameter .*\)/);
    assert.is(memory().liveBytes, live.liveBytes, label);
    assert.is(memory().liveBuffers, live.liveBuffers, label);
    for (const again of [1, 2]) assert.is(await thrownBy(run.state), error, `${label}, read ${again}`);
    const parameters = run.model.parameters();
    parameters.forEach((p, i) => void p.set(saved.weights[i]));
    const velocities = Object.keys(run.optimizer.stateTensors()).map((key, i): [string, Float32Array] => [
      key,
      Float32Array.from(saved.weights[parameters.length + i]),
    ]);
    run.optimizer.restore(saved.settings, Object.fromEntries(velocities));
    assert.is(await run.step(), loss, label);
    assert.equal(await run.state(), state, label);
    run.dispose();
  }
});

test('what was there before and is only read keeps its value', async () => {
  const weight = tensor([1, 2, 3]);
  await weight.data();
  await emptyPool();
  const { restore } = refuseBuffers(() => true);
  const y = neg(weight);
  assert.instance(await thrownBy(() => y.data()), OutOfMemoryError);
  restore();
  assert.instance(await thrownBy(() => y.data()), OutOfMemoryError);
  assert.instance(await thrownBy(() => neg(y).data()), OutOfMemoryError);
  assert.equal([...(await weight.data())], [1, 2, 3]);
  assert.equal([...(await neg(weight).data())], [-1, -2, -3]);
  y.set([7, 8, 9]); // written anew, and by now there is memory for it
  assert.equal([...(await neg(y).data())], [-7, -8, -9]);
  weight.dispose();
  y.dispose();
});

test('a failure that nobody reads is told by the next sync or read of anything, once', async () => {
  const other = tensor([4]);
  await other.data();
  for (const wait of [() => sync(), () => other.data()]) {
    await emptyPool();
    const { restore } = refuseBuffers((i) => i < 2);
    const lost = tensor(new Float32Array(5000));
    await activeRecorder().flush(); // sent or given up, and nobody told
    restore();
    assert.instance(await thrownBy(wait), OutOfMemoryError);
    await wait();
    assert.equal([...(await other.data())], [4]);
    lost.dispose();
  }
  other.dispose();
});

test('a buffer that could not be made is not handed out again', async () => {
  await emptyPool();
  const { created, liveBuffers } = memory();
  const { restore } = refuseBuffers(() => true);
  const lost = tensor(new Float32Array(5000));
  assert.instance(await thrownBy(() => lost.data()), OutOfMemoryError);
  restore();
  lost.dispose();
  assert.is(memory().freeBytes, 0);
  assert.is(memory().liveBuffers, liveBuffers);
  const next = tensor(new Float32Array(5000).fill(2));
  assert.ok((await next.data()).every((v) => v === 2));
  assert.ok(memory().created > created + 1);
  next.dispose();
});

test.run();
