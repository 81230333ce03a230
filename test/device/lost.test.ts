// The device lost on purpose, in every phase of a run: a typed error soon, and then a new device as good as the first.
import * as assert from 'uvu/assert';
import { record } from '../../src/autograd/tape.js';
import { flush } from '../../src/device/commands.js';
import {
  add,
  DeviceError,
  DeviceLostError,
  deviceInfo,
  deviceLost,
  features,
  init,
  kernel,
  memory,
  mul,
  neg,
  OutOfMemoryError,
  profile,
  ready,
  scope,
  setDetectAnomaly,
  shutdown,
  sum,
  sync,
  type Tensor,
  tensor,
} from '../../src/index.js';
import { unscoped } from '../../src/tensor/scope.js';
import { warmup } from '../../src/tuning/warmup.js';
import { useDevice } from '../support/device.js';
import { loseDevice, openDevice, reopener, soon, thrownBy } from '../support/faults.js';
import { type HandTimers, handTimers } from '../support/hand-timers.js';
import { inputShape, smallRun, smallTraining } from '../support/small-run.js';
import { Skip, suite } from '../support/suite.js';

const test = suite('device/lost');
let reopen: () => Promise<void>;
let numbers: number[][];
let openedWith: 'adapter' | 'default';
test.before(async () => {
  await useDevice();
  reopen = reopener();
  openedWith = deviceInfo().limits;
  numbers = await smallTraining();
});
test.after(() => reopen());

/** The loss names what was under way and says what to do. */
async function expectLoss(body: () => unknown, op: RegExp): Promise<void> {
  const error = await thrownBy(body);
  assert.instance(error, DeviceLostError, `${error} (${body})`);
  const { message } = error as Error;
  assert.match(message, op, message);
  assert.match(message, /call `await init\(\)` to open a new one/, message);
}

/** A new device gives the same numbers, and holds nothing of the old one. */
async function expectRecovery(): Promise<void> {
  await reopen();
  assert.is(memory().liveBuffers, 0);
  assert.equal(await smallTraining(), numbers);
  assert.is(memory().liveBuffers, 0);
}

/** Opens a device whose silence is measured by hand: ten times `runOut` without an answer are too long. */
async function watchByHand(): Promise<HandTimers> {
  await shutdown();
  const clock = handTimers((TIMEOUT * 1000) / 10);
  await init({ limits: openedWith, timeout: TIMEOUT });
  return clock;
}

const TIMEOUT = 1234; // seconds

/** Lets all buffers that are made from here on be mapped by a function of ours. */
function mapBy(ours: (map: () => Promise<undefined>) => Promise<undefined>): void {
  const device = openDevice();
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor);
    const map = buffer.mapAsync.bind(buffer);
    return Object.assign(buffer, { mapAsync: (mode: GPUMapModeFlags) => ours(() => map(mode)) });
  };
}

const neverMap = () => mapBy(() => new Promise(() => {}));

/** Each begins with a device on which nothing was compiled. */
const phases: Record<string, () => Promise<void>> = {
  async 'while pipelines compile'() {
    const loss = smallRun().step();
    loseDevice();
    await expectLoss(() => loss, /^read of crossEntropy \[\]: the device was lost \(destroyed/);
  },
  async 'in the middle of recording'() {
    const { model } = smallRun();
    const y = model.forward(tensor(new Float32Array(384), { shape: inputShape }));
    loseDevice();
    const loss = sum(y); // nobody can know yet
    await expectLoss(() => loss.item(), /^read of sum \[\]: /);
    await expectLoss(() => neg(loss), /^neg: the device was lost/);
  },
  async 'with work submitted'() {
    const run = smallRun();
    await run.step();
    const steps = [1, 2, 3].map(() => run.step());
    flush();
    loseDevice();
    for (const step of steps) await expectLoss(() => step, /^read of crossEntropy/);
    await expectLoss(() => sync(), /^sync: /);
  },
  async 'while reads are pending'() {
    const t = tensor([1, 2, 3]);
    await sync();
    const reads = [t.data(), neg(t).data(), sum(t).item()];
    await Promise.resolve().then(() => {}); // they are submitted by now
    loseDevice();
    for (const read of reads) await expectLoss(() => read, /^read of (tensor \[3\]|neg \[3\]|sum \[\]): /);
  },
  async 'and a read hears of it before the device does'() {
    mapBy(() => Promise.reject(new Error('AbortError')));
    await expectLoss(() => neg(tensor([1, 2])).data(), /^read of neg \[2\]: the device is lost and did not give 8/);
    assert.not(ready()); // so that init() opens another
  },
  async 'with a read that the driver never settles'() {
    neverMap();
    const read = neg(tensor([1, 2])).data();
    await sync();
    loseDevice();
    await expectLoss(() => read, /^read of neg \[2\]: the device was lost \(destroyed/);
  },
  async 'and it only falls silent'() {
    using clock = await watchByHand();
    neverMap();
    const y = neg(tensor([1, 2]));
    const read = y.data();
    await sync();
    clock.runOut(9);
    assert.ok(ready());
    clock.runOut();
    await expectLoss(() => read, /^read of neg \[2\]: the device has not answered for 1234 s and is given up; call/);
    await expectLoss(() => neg(y), /^neg: the device has not answered/);
    assert.not(ready());
  },
  async 'and falls silent while kernels compile'() {
    using clock = await watchByHand();
    const asked = new Promise<void>((resolve) => {
      openDevice().createComputePipelineAsync = () => {
        resolve();
        return new Promise(() => {});
      };
    });
    const { model } = smallRun();
    const warm = warmup(model, inputShape);
    await asked;
    clock.runOut(10);
    await expectLoss(() => warm, /^(?!.*does not compile).*has not answered for 1234 s/);
  },
  async 'during an upload'() {
    const t = tensor(new Float32Array(1e6));
    await sync();
    t.set(new Float32Array(1e6).fill(2));
    loseDevice();
    await expectLoss(() => t.data(), /^read of tensor \[1000000\]: /);
    await expectLoss(() => t.set(new Float32Array(1e6)), /^tensor \[1000000\]: its device is gone/);
  },
  async 'as a warmup begins'() {
    const { model } = smallRun();
    const warm = warmup(model, inputShape);
    loseDevice();
    await expectLoss(() => warm, /^(warmup|read|tensor|[a-z]\w*).*: /i);
  },
  async 'in the middle of a warmup'() {
    const { model } = smallRun();
    const onProgress = (done: number) => {
      if (done === 2) loseDevice();
    };
    await expectLoss(() => warmup(model, inputShape, { onProgress }), /^warmup: /);
  },
  async 'during a profile'() {
    if (!features().has('timestamp-query')) throw new Skip('the device has no timestamps');
    const body = async () => {
      const read = neg(tensor([1, 2])).data();
      await Promise.resolve();
      loseDevice();
      await read;
    };
    await expectLoss(() => profile(body), /^read of neg \[2\]: /);
  },
  async 'at the end of a profile'() {
    if (!features().has('timestamp-query')) throw new Skip('the device has no timestamps');
    const body = () => {
      neg(tensor([1, 2]));
      loseDevice();
    };
    await expectLoss(() => profile(body), /^profile: /);
  },
  async 'with scopes open'() {
    const outer = scope();
    const kept = tensor([1, 2]);
    const inner = scope();
    const y = mul(kept, kept);
    const lost = deviceLost();
    loseDevice();
    await lost;
    await expectLoss(() => add(y, kept), /^add: the device was lost/);
    await expectLoss(() => tensor([1]), /^tensor: the device was lost/);
    inner.close();
    outer.close();
    assert.ok(y.disposed && kept.disposed);
  },
  async 'in a backward pass'() {
    const x = tensor([1, 2, 3], { requiresGrad: true });
    const y = neg(x);
    const lossy = record('lossy', neg(y), [y], (dy) => [
      () => {
        loseDevice();
        return neg(dy);
      },
    ]);
    sum(lossy).backward();
    await expectLoss(() => x.grad!.data(), /^read of gradient \[3\]: /);
  },
  async 'between backward pass and optimizer step'() {
    const { model, optimizer } = smallRun();
    const y = sum(model.forward(tensor(new Float32Array(384), { shape: inputShape })));
    y.backward();
    const lost = deviceLost();
    loseDevice();
    await lost;
    await expectLoss(() => optimizer.step(), /^\w+.* \[.*\]: its device is gone|^optimizer: the device was lost/);
    await expectLoss(() => y.backward(), /its device is gone|was lost/);
    optimizer.zeroGrad();
  },
  async 'inside an optimizer step'() {
    const { model, optimizer } = smallRun();
    sum(model.forward(tensor(new Float32Array(384), { shape: inputShape }))).backward();
    const [first] = model.parameters();
    optimizer.step();
    loseDevice();
    optimizer.step();
    await expectLoss(() => first.data(), /^read of parameter \[4, 3, 3, 3\]: /);
  },
  async 'while idle'() {
    const t = tensor([1]);
    await t.data();
    const lost = deviceLost();
    loseDevice();
    assert.instance(await soon(lost), DeviceLostError);
    assert.not(ready());
    await expectLoss(() => t.item(), /^tensor \[1\]: its device is gone/);
    await expectLoss(() => sync(), /^sync: the device was lost/);
    await expectLoss(() => memory(), /the device was lost/);
    await expectLoss(() => profile(() => {}), /^profile: the device was lost/);
  },
};

for (const [phase, body] of Object.entries(phases)) {
  test(`lost ${phase}`, async () => {
    await shutdown();
    await reopen();
    await body();
    const gone = ready() ? deviceLost() : undefined;
    await gone;
    await expectRecovery();
  });
}

test('tensors of a lost device cannot be used on the next one, and are disposed of safely', async () => {
  const run = smallRun();
  await run.step();
  const [weight, x] = [run.model.parameters()[0], tensor([1, 2], { requiresGrad: true })];
  const y = sum(mul(x, x));
  const open = scope();
  const inScope: Tensor[] = [tensor([1]), tensor([2])];
  const lost = deviceLost();
  loseDevice();
  await lost;
  await reopen();
  const fresh = unscoped(() => tensor([3, 4]));
  const gone = /^[a-z]\w*.* \[.*\]: its device is gone, and its values with it/i;
  const uses: (() => unknown)[] = [
    () => neg(x),
    () => add(fresh, x),
    () => x.data(),
    () => x.set([1, 2]),
    () => x.detach(),
    () => weight.data(),
    () => y.backward(),
    () => run.step(),
    () => run.optimizer.step(),
    () => kernel(copyKernel).run({ x, y: fresh }, { count: 2 }, { groups: 1 }),
  ];
  for (const use of uses) await expectLoss(use, gone);
  open.close();
  assert.ok(inScope.every((t) => t.disposed));
  const own = tensor([5, 6], { requiresGrad: true });
  own.grad = x; // left from before
  const total = scope(() => sum(own));
  await expectLoss(() => total.backward(), gone);
  own.grad = null;
  for (const t of [x, y]) t.dispose();
  run.dispose();
  assert.equal([...(await fresh.data())], [3, 4]);
  for (const t of [fresh, own, total]) t.dispose();
  assert.equal(memory().holders, []); // also those that the failed ops began
  assert.equal(await smallTraining(), numbers);
});

test('with the search for bad numbers on, ops work on the next device at once', async () => {
  setDetectAnomaly(true);
  try {
    neg(tensor([1]));
    const lost = deviceLost();
    loseDevice();
    await lost;
    await reopen();
    const y = neg(tensor([2]));
    assert.is(await y.item(), -2);
  } finally {
    setDetectAnomaly(false);
  }
  await shutdown();
  await expectRecovery();
});

test('a read that the host has no room for leaves the device as it is', async () => {
  await shutdown();
  await reopen(); // no buffer to read with is kept yet
  const device = openDevice();
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor);
    const getMappedRange = () => ({
      slice() {
        throw new RangeError('Array buffer allocation failed');
      },
    });
    return Object.assign(buffer, { getMappedRange });
  };
  const y = neg(tensor([1, 2, 3]));
  const error = await thrownBy(() => y.data());
  Object.assign(device, { createBuffer });
  assert.instance(error, OutOfMemoryError);
  assert.match((error as Error).message, /^read of neg \[3\]: the host has no memory for 12 B/);
  assert.ok(ready());
  await shutdown();
  await expectRecovery();
});

test('a device with much to do is not silent as long as it answers', async () => {
  {
    using clock = await watchByHand();
    const answers: (() => void)[] = [];
    mapBy(async (map) => {
      await new Promise<void>((resolve) => answers.push(resolve));
      return map();
    });
    const y = neg(tensor([1, 2]));
    const reads = Array.from({ length: 12 }, () => y.data());
    await sync();
    for (const [i, read] of reads.entries()) {
      clock.runOut(9); // in all ten times the limit
      answers[i]();
      assert.equal([...(await read)], [-1, -2]);
    }
    assert.is(clock.armed, 0, 'nothing is watched while nothing is waited for');
  }
  await shutdown();
  await init({ limits: openedWith, timeout: 1e9 }); // more than a timer holds
  assert.is(await neg(tensor([1])).item(), -1);
  await shutdown();
  await expectRecovery();
});

test('init twice, at once, during shutdown; shutdown twice, during init, with work under way', async () => {
  const device = deviceLost();
  await Promise.all([init(), init()]);
  assert.is(deviceLost(), device);
  const pending = smallRun().step();
  const closing = shutdown();
  const opening = reopen();
  await expectLoss(() => pending, /^read of crossEntropy \[\]: shutdown\(\) closed the device/);
  await Promise.all([closing, opening]);
  assert.ok(ready());
  await expectRecovery();
  await Promise.all([shutdown(), shutdown()]);
  const error = await thrownBy(() => tensor([1]));
  assert.instance(error, DeviceError);
  assert.match((error as Error).message, /^tensor: no device is open; call `await init\(\)` first/);
  await Promise.all([reopen(), shutdown()]);
  assert.not(ready());
  await expectRecovery();
});

const copyKernel = `// copied: y[i] = x[i].
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params { count: u32 }
@group(1) @binding(0) var<uniform> p: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < p.count) { y[id.x] = x[id.x]; }
}
`;

test.run();
