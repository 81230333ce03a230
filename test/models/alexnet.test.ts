import * as assert from 'uvu/assert';
import { crossEntropy, type Module, memory, SGD, scope, sizeOf, tensor } from '../../src/index.js';
import { summarize, summary } from '../../src/layers/summary.js';
import { type AlexNetOptions, alexnet } from '../../src/models/alexnet.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('models/alexnet');
test.before(useDevice);

const outputs = (model: Module & { inputShape: readonly number[] }) =>
  Object.fromEntries(summarize(model, model.inputShape).map((row) => [row.name, row.output]));

test('the paper’s network has exactly 60,965,224 parameters', () => {
  const model = alexnet();
  const parameters = model.parameters().reduce((sum, p) => sum + p.size, 0);
  assert.is(parameters, 60_965_224);
  const shapes = outputs(model);
  assert.is(shapes.conv1, '55 x 55 x 96');
  assert.is(shapes.pool5, '6 x 6 x 256');
  assert.is(shapes.fc8, '1000');
  assert.match(summary(model), /^total +60,965,224 +724,406,816$/m);
  model.dispose();
});

test('the dogcat network has the sizes it is known for', () => {
  const model = alexnet({ variant: 'dogcat', width: 1 });
  const shapes = outputs(model);
  const expected = {
    ...{ conv1: '57 x 57 x 96', pool1: '28 x 28 x 96', conv2: '28 x 28 x 256', pool2: '13 x 13 x 256' },
    ...{ conv3: '13 x 13 x 384', conv4: '13 x 13 x 384', conv5: '13 x 13 x 256', pool5: '6 x 6 x 256' },
    ...{ fc6: '4096', fc7: '4096', fc8: '2' },
  };
  for (const [layer, shape] of Object.entries(expected)) assert.is(shapes[layer], shape, layer);
  model.dispose();
});

test('what is summarized is what runs', () => {
  for (const options of [{ imageSize: 67 }, { variant: 'dogcat', imageSize: 99 }] as AlexNetOptions[]) {
    using _ = scope();
    const model = alexnet({ width: 1 / 16, numClasses: 3, ...options }).eval();
    let x = tensor(seeded(sizeOf(model.inputShape), 1), { shape: [1, ...model.inputShape] });
    for (const [, layer] of model.children()) {
      const expected = layer.outputShape(x.shape);
      x = layer.forward(x);
      assert.equal(x.shape, expected);
    }
    model.dispose();
  }
});

test('an image too small for three pools is refused with its size', () => {
  assert.throws(() => alexnet({ imageSize: 50 }), /alexnet: imageSize 50 is too small \(MaxPool2d/);
});

test('initialization: zero last layer of dogcat, the paper’s deviations and biases', async () => {
  const dogcat = alexnet({ variant: 'dogcat', width: 1 / 16, imageSize: 67 });
  const last = dogcat.stateDict()['fc8.weight'];
  assert.ok((await last.data()).every((v) => v === 0));
  const paper = alexnet({ width: 1 / 4, numClasses: 10, initialization: 'paper' });
  const { 'conv2.bias': ones, 'conv1.bias': zeros, 'fc7.weight': weight } = paper.stateDict();
  assert.ok((await ones.data()).every((v) => v === 1));
  assert.ok((await zeros.data()).every((v) => v === 0));
  const values = (await weight.data()) as Float32Array;
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  assert.ok(Math.abs(deviation - 0.01) < 2e-4, `deviation ${deviation}`);
  dogcat.dispose();
  paper.dispose();
  const uniform = alexnet({ variant: 'dogcat', width: 1 / 16, imageSize: 67, initialization: 'uniform' });
  const { 'conv2.weight': even, 'fc8.weight': undecided } = uniform.stateDict();
  const bound = 1 / Math.sqrt(even.shape[1] * 5 * 5);
  const largest = Math.max(...((await even.data()) as Float32Array).map(Math.abs));
  assert.ok(largest <= bound && largest > 0.98 * bound, `${largest} within ${bound}`);
  assert.ok((await undecided.data()).every((v) => v === 0));
  uniform.dispose();
});

test('GPU memory after step 3 equals that after step 30, and nothing new is made', async () => {
  const model = alexnet({ variant: 'dogcat', width: 1 / 16, imageSize: 67 });
  const optimizer = new SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  const images = seeded(8 * sizeOf(model.inputShape), 1);
  const labels = Int32Array.from({ length: 8 }, (_, i) => i % 2);
  let third = memory();
  for (let step = 1; step <= 30; step++) {
    const inner = scope();
    const x = tensor(images, { shape: [8, ...model.inputShape] });
    const loss = crossEntropy(model.forward(x), tensor(labels));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    const value = loss.item();
    inner.close();
    await value;
    if (step === 3) third = memory();
  }
  const { liveBytes, created } = memory();
  assert.equal([liveBytes, created], [third.liveBytes, third.created]);
  optimizer.dispose();
  model.dispose();
});

test.run();
