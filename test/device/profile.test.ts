// Profiles: every dispatch once, marked with its layer, and text that people and Perfetto can read.
import * as assert from 'uvu/assert';
import {
  features,
  init,
  Linear,
  measurePeaks,
  neg,
  profile,
  profileRows,
  profileTable,
  profileTrace,
  ReLU,
  Sequential,
  scope,
  shutdown,
  sum,
  tensor,
  UsageError,
  within,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { reopener, thrownBy } from '../support/faults.js';
import { Skip, suite } from '../support/suite.js';

const test = suite('device/profile');
test.before(useDevice);

function needTimestamps(): void {
  if (!features().has('timestamp-query')) throw new Skip('the device has no timestamps');
}

const model = () => new Sequential({ first: new Linear(30, 20), relu: new ReLU(), last: new Linear(20, 4) });

test('two profiles at once are refused, from the first moment on', async () => {
  needTimestamps();
  const x = tensor([1, 2]);
  const first = profile(() => void neg(x).dispose());
  const second = await profile(() => {}).catch((error) => error);
  assert.instance(second, UsageError);
  assert.is((await first).spans.length, 1);
  x.dispose();
});

test('a device without timestamps says so, each time', async () => {
  const reopen = reopener();
  await shutdown();
  await init({ limits: 'default' });
  for (const time of [1, 2]) {
    const error = await thrownBy(() => profile(() => {}));
    assert.instance(error, UsageError);
    assert.match((error as Error).message, /^profile: this device has no timestamps/, `time ${time}`);
  }
  await shutdown();
  await reopen();
});

test('a step by kernel and by layer, backward passes apart', async () => {
  needTimestamps();
  const net = model();
  const step = () => {
    using _ = scope();
    sum(net.forward(tensor(new Float32Array(300), { shape: [10, 30] }))).backward();
  };
  step();
  const measured = await profile(step);
  const layers = profileRows(measured, 'layer').map((row) => row.name);
  for (const name of ['first', 'relu', 'last', 'first (backward)', 'relu (backward)', 'last (backward)']) {
    assert.ok(layers.includes(name), `${name} is not in ${layers}`);
  }
  const count = profileRows(measured).reduce((n, row) => n + row.dispatches, 0);
  assert.is(count, measured.spans.length);
  assert.ok(measured.spans.every(({ start, end }) => end >= start));
  assert.is(measured.submits, 1);
  const products = measured.spans.filter((span) => span.flops > 0);
  const flops = products.reduce((n, span) => n + span.flops, 0);
  assert.is(flops, 2 * 10 * (30 * 20 * 2 + 20 * 4 * 3)); // the input needs no gradient
  net.dispose();
});

test('launches outside of layers can be marked', async () => {
  needTimestamps();
  const { spans } = await profile(() => {
    using _ = scope();
    within('outer', () => within('inner', () => neg(tensor([1, 2]))));
  });
  assert.equal(
    spans.map((span) => span.layer),
    ['outer.inner'],
  );
});

test('the table shows shares of the peaks, the trace is JSON that Perfetto takes', async () => {
  needTimestamps();
  const measured = await profile(() => {
    using _ = scope();
    neg(tensor(new Float32Array(1000)));
  });
  const table = profileTable(measured, { peaks: await measurePeaks() });
  assert.match(table, /^kernel +launches +ms +share +GB\/s +GFLOP\/s +of peak\nmap +1 /);
  assert.match(table, /1 launches? in 1 submit: .* on the device/);
  const { traceEvents } = JSON.parse(profileTrace(measured));
  assert.equal(
    traceEvents.map((event: { ph: string }) => event.ph),
    ['M', 'M', 'X', 'X'],
  );
});

test('peaks are plausible', async () => {
  const { flops, bytes } = await measurePeaks();
  assert.ok(flops > 1e8 && flops < 1e15, `${flops} flops`);
  assert.ok(bytes > 1e7 && bytes < 1e14, `${bytes} bytes a second`);
});

test.run();
