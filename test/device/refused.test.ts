// Launches that the device refuses, and kernels that do not compile: what they were to write never reads as a number.
import * as assert from 'uvu/assert';
import {
  DeviceError,
  flush,
  GradScaler,
  init,
  KernelError,
  kernel,
  neg,
  parameter,
  SGD,
  shutdown,
  sum,
  sync,
  type Tensor,
  tensor,
  within,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { openDevice, thrownBy } from '../support/faults.js';
import { suite } from '../support/suite.js';

const test = suite('device/refused');
test.before(useDevice);

const copied = (body = 'x[id.x]') => `// copied: y[i] = x[i].
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params { count: u32 }
@group(1) @binding(0) var<uniform> p: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < p.count) { y[id.x] = ${body}; }
}
`;

const copy = (x: Tensor, y: Tensor, code = copied()) => kernel(code).run({ x, y }, { count: x.size }, { groups: 1 });

/** A launch that binds one buffer to be read and to be written: WebGPU forbids it. */
const refuse = (t: Tensor) => within('layer', () => copy(t, t));

async function throwsAlways(t: Tensor, error: unknown): Promise<void> {
  for (const read of [1, 2, 3]) assert.is(await thrownBy(() => t.data()), error, `read ${read}`);
}

test('a refused launch: the read names kernel, layer and buffers, each time', async () => {
  const [t, input] = [tensor([1, 2, 3]), tensor([5])];
  await sync();
  refuse(t);
  const read = neg(input);
  const error = (await thrownBy(() => t.data())) as Error;
  assert.instance(error, DeviceError);
  assert.match(
    error.message,
    /^copied: the device refused the launch \(layer; x: tensor, 16 bytes; y: tensor, 16 bytes; 1 x 1 x 1 groups\): /,
    error.message,
  );
  await throwsAlways(t, error);
  await throwsAlways(read, error); // of the same submit
  assert.equal([...(await input.data())], [5]); // only read there
  for (const x of [t, input, read]) x.dispose();
});

test('what is computed from it throws too, until it is written anew', async () => {
  const t = tensor([1, 2, 3]);
  refuse(t);
  const error = await thrownBy(() => t.data());
  const y = neg(neg(t));
  await throwsAlways(y, error);
  await throwsAlways(sum(y), error);
  const other = tensor([0, 0, 0]);
  copy(t, other);
  await throwsAlways(other, error);
  t.set([4, 5, 6]);
  assert.equal([...(await neg(t).data())], [-4, -5, -6]);
  other.set([1, 1, 1]);
  copy(t, other);
  assert.equal([...(await other.data())], [4, 5, 6]);
  for (const x of [t, y, other]) x.dispose();
});

test('work sent before anybody knew fails with it', async () => {
  const t = tensor([1, 2, 3]);
  await sync();
  refuse(t);
  flush();
  const y = neg(t);
  flush();
  const [first, second] = await Promise.all([y, neg(y)].map((x) => thrownBy(() => x.data())));
  assert.instance(first, DeviceError);
  assert.is(second, first);
  await throwsAlways(y, first);
  await sync(); // told by now
  for (const x of [t, y]) x.dispose();
});

test('an optimizer whose first step was in a refused submit goes on, once the weights are written anew', async () => {
  await shutdown();
  await init(); // what optimizers share on a device is made with their first step
  const [w, t] = [parameter(tensor([1])), tensor([1])];
  const optimizer = new SGD([w], { lr: 1 });
  const step = () => {
    w.grad = tensor([1]);
    optimizer.step();
  };
  refuse(t);
  step();
  await thrownBy(() => w.data());
  w.set([1]);
  step();
  assert.equal([...(await w.data())], [0]);
  optimizer.dispose();
  for (const x of [w, t]) x.dispose();
});

test('a GradScaler whose step was in a refused submit goes on from a state of before', async () => {
  const [w, t] = [parameter(tensor([1])), tensor([1])];
  const [optimizer, scaler] = [new SGD([w], { lr: 1 }), new GradScaler({ initScale: 4 })];
  const step = () => {
    w.grad = tensor([4]);
    scaler.step(optimizer);
    scaler.update();
  };
  const entries = Object.entries(scaler.tensors()).map(async ([name, one]) => {
    return [name, { shape: one.shape, data: await one.data() }] as const;
  });
  const saved = Object.fromEntries(await Promise.all(entries));
  step();
  refuse(t);
  await thrownBy(() => w.data());
  w.set([1]);
  scaler.restore({}, saved);
  step();
  assert.equal([...(await w.data())], [0]);
  assert.is(await scaler.skipped(), 0);
  scaler.dispose();
  optimizer.dispose();
  for (const x of [w, t]) x.dispose();
});

test('reads that were sent before are not touched', async () => {
  const [t, u] = [tensor([1, 2, 3]), tensor([4])];
  const before = neg(u).data();
  await sync();
  refuse(t);
  assert.instance(await thrownBy(() => t.data()), DeviceError);
  assert.equal([...(await before)], [-4]);
  for (const x of [t, u]) x.dispose();
});

test('a kernel that does not compile: the same, with its line', async () => {
  const [x, y] = [tensor([1, 2]), tensor([0, 0])];
  await sync();
  copy(x, y, copied('x[id.x] + nothing'));
  const later = neg(x);
  const error = await thrownBy(() => y.data());
  assert.instance(error, KernelError);
  assert.match(
    (error as Error).message,
    /copied: does not compile: .*(unresolved value|no definition in scope for identifier:) ['`]nothing['`]/s,
  );
  await throwsAlways(y, error);
  await throwsAlways(later, error);
  assert.equal([...(await x.data())], [1, 2]);
  for (const t of [x, y, later]) t.dispose();
});

test('an error of nobody knows what: no tensor is trusted until it is written anew', async () => {
  const [x, y] = [tensor([1, 2]), tensor([3, 4])];
  await sync();
  const device = openDevice();
  const heard = new Promise((resolve) => device.addEventListener('uncapturederror', resolve, { once: true }));
  device.createBuffer({ label: 'of nobody', size: 4, usage: 0 });
  await Promise.all([heard, device.queue.onSubmittedWorkDone()]); // Chromium sends commands when it is asked for something
  const error = await thrownBy(() => x.data());
  assert.instance(error, DeviceError);
  assert.match((error as Error).message, /^the device refused a command: /);
  await throwsAlways(x, error);
  await throwsAlways(neg(y), error);
  x.set([5, 6]);
  assert.equal([...(await neg(x).data())], [-5, -6]);
  assert.equal([...(await tensor([7]).data())], [7]);
  for (const t of [x, y]) t.dispose();
});

test.run();
