import * as assert from 'uvu/assert';
import {
  adaptiveAvgPool2d,
  Conv2d,
  Dropout,
  flatten,
  Linear,
  Module,
  matmul,
  memory,
  ReLU,
  reshape,
  Sequential,
  type Tensor,
  tensor,
} from '../../src/index.js';
import { gradCam, layerHistograms } from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('train/grad-cam');
test.before(useDevice);

/** Convolution, mean over the places, one dense layer: there the weights of the maps are the dense layer's. */
class Averaged extends Module {
  conv = new Conv2d(2, 3, 3, { padding: 1 });
  drop = new Dropout(0.5);
  fc = new Linear(3, 4);
  unused = new ReLU();
  forward(x: Tensor) {
    return this.fc.forward(this.drop.forward(flatten(adaptiveAvgPool2d(this.conv.forward(x), 1), 1)));
  }
}

test('where a mean follows the maps, Grad-CAM is CAM: the class’s weights times the maps', async () => {
  const model = new Averaged();
  const x = reshape(tensor(seeded(80, 1)), [2, 2, 5, 4]);
  const heat = gradCam(model, 'conv', x, [3, 1]);
  assert.equal(heat.shape, [2, 5, 4]);
  const maps = await model.conv.forward(x).data();
  const weight = await model.fc.stateDict().weight.data();
  const expected = Float64Array.from({ length: 2 * 20 }, (_, i) => {
    const [image, at] = [Math.floor(i / 20), i % 20];
    let sum = 0;
    for (let c = 0; c < 3; c++) sum += (weight[[3, 1][image] * 3 + c] / 20) * maps[(image * 3 + c) * 20 + at];
    return Math.max(0, sum);
  });
  assert.ok(expected.some((v) => v > 0) && expected.some((v) => v === 0));
  assertClose(await heat.data(), expected);
});

test('it leaves nothing behind: gradients, modes, what is trained, memory', async () => {
  const model = new Averaged();
  model.conv.stateDict().bias.requiresGrad = false;
  const x = reshape(tensor(seeded(40, 2)), [1, 2, 5, 4]);
  const before = memory().liveBytes;
  gradCam(model, 'conv', x, 0).dispose();
  assert.is(memory().liveBytes, before);
  assert.ok(model.training && model.drop.training);
  assert.equal(
    model.namedParameters().map(([, p]) => [p.requiresGrad, p.grad]),
    [
      [true, null],
      [false, null],
      [true, null],
      [true, null],
    ],
  );
});

test('mistakes are named', () => {
  const model = new Averaged();
  const x = reshape(tensor(seeded(40, 2)), [1, 2, 5, 4]);
  const says = (call: () => void, message: RegExp) =>
    assert.throws(call, (error: Error) => message.test(error.message));
  says(() => gradCam(model, 'conv1', x, 0), /^gradCam: no module is at 'conv1'; did you mean 'conv'\?/);
  says(() => gradCam(model, 'fc', x, 0), /^gradCam: 'fc' gives \[1, 4\], not \(batch, channels, height, width\)/);
  says(() => gradCam(model, 'unused', x, 0), /^gradCam: 'unused' did not run in the model's forward pass/);
  says(() => gradCam(model, 'conv', x, 4), /^gradCam: a class is 4, the classes are 0 to 3/);
  says(() => gradCam(model, 'conv', x, [0, 1]), /^gradCam: classes is a number or a list of 1, one an input; got/);
  says(() => gradCam(model, 'conv', [1] as never, 0), /^gradCam: input is a tensor, got/);
  assert.ok(
    model.parameters().every((p) => p.requiresGrad),
    'what is trained is trained again after a mistake',
  );
});

test('layerHistograms counts each parameter, and its gradient where there is one', async () => {
  const model = new Sequential({ fc: new Linear(3, 5) });
  const [fresh] = await layerHistograms(model);
  assert.is(fresh.gradient, undefined);
  const y = matmul(reshape(tensor(seeded(6, 3)), [2, 3]), tensor([[1], [0], [2]]));
  model.forward(reshape(tensor(seeded(6, 3)), [2, 3])).backward(reshape(matmul(y, tensor([[1, 0, 2, 0, 3]])), [2, 5]));
  const [weight, bias] = await layerHistograms(model, { bins: 7 });
  assert.equal([weight.name, bias.name], ['fc.weight', 'fc.bias']);
  const total = (counts: readonly number[] = []) => counts.reduce((a, b) => a + b, 0);
  assert.equal(
    [weight.values, weight.gradient, bias.values, bias.gradient].map((h) => total(h?.counts)),
    [15, 15, 5, 5],
  );
  assert.is(weight.values.counts.length, 7);
});

test.run();
