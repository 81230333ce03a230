// Warming up compiles and changes nothing.
import * as assert from 'uvu/assert';
import { activeRecorder } from '../../src/device/recorder.js';
import { activity, alexnet, crossEntropy, memory, ones, scope, sync, tensor } from '../../src/index.js';
import { warmup } from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('train/warmup');
test.before(useDevice);

for (const variant of ['paper', 'dogcat'] as const) {
  test(`${variant}: weights, gradients, statistics and the random stream stay; the first step compiles nothing`, async () => {
    const model = alexnet({ variant, width: 0.1, imageSize: 67, numClasses: 3 });
    const state = async () => Promise.all(Object.values(model.stateDict()).map((t) => t.data()));
    const step = () => {
      const kept = scope();
      const x = tensor(seeded(2 * 3 * 67 * 67, 1), { shape: [2, 3, 67, 67] });
      const loss = crossEntropy(model.forward(x), tensor(Int32Array.of(0, 2)));
      loss.backward();
      const value = loss.item();
      kept.close();
      return value;
    };
    const [held] = model.parameters();
    held.grad = ones(held.shape);
    const before = await state();
    const live = memory().liveBuffers;
    const seen: number[][] = [];
    await warmup(model, [2, 3, 67, 67], { onProgress: (done, all) => void seen.push([done, all]) });
    assert.equal(await state(), before);
    assert.is(memory().liveBuffers, live);
    assert.equal(new Set(await held.grad!.data()), new Set([1]));
    assert.is(seen.at(-1)![0], seen.at(-1)![1]);
    assert.ok(seen.length > 10, `${seen.length} kernels`);

    held.grad!.dispose();
    held.grad = null;
    const { pipelines } = activity();
    await step();
    await sync();
    assert.is(activity().pipelines, pipelines);
    model.dispose();
  });
}

test('evaluation mode needs the forward kernels only', async () => {
  const model = alexnet({ variant: 'dogcat', width: 0.1, imageSize: 75, numClasses: 3 }).eval();
  let all = 0;
  await warmup(model, [1, 3, 75, 75], {
    onProgress(_, count) {
      all = count;
    },
  });
  assert.ok(all > 3 && all < 16, `${all} kernels`);
  model.dispose();
});

test('a body that uploads in its middle, or throws, leaves nothing to be launched', async () => {
  const model = alexnet({ variant: 'dogcat', width: 0.1, imageSize: 67, numClasses: 3 });
  const state = async () => Promise.all(Object.values(model.stateDict()).map((t) => t.data()));
  const before = await state();
  const { submits, dispatches } = activity();
  const twice = () => {
    for (let i = 0; i < 2; i++) {
      using _ = scope();
      const x = tensor(seeded(2 * 3 * 67 * 67, 1), { shape: [2, 3, 67, 67] }); // its buffer was used in the turn before
      model.forward(x);
    }
  };
  await activeRecorder().rehearse(twice);
  assert.equal(await state(), before);
  await warmup(model, [2, 3, 20, 20]).then(
    () => assert.unreachable('the image is too small'),
    () => {},
  );
  await sync();
  assert.equal(await state(), before);
  assert.ok(activity().submits > submits && activity().dispatches > dispatches);
  model.dispose();
});

test.run();
