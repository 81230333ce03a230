import * as assert from 'uvu/assert';
import {
  crossEntropy,
  type Module,
  manualSeed,
  memory,
  SGD,
  scope,
  sizeOf,
  sum,
  tensor,
  UsageError,
} from '../../src/index.js';
import { outputShape, summarize, summary } from '../../src/layers/summary.js';
import { type AlexNetOptions, alexnet } from '../../src/models/alexnet.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

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
      const expected = outputShape(layer, x.shape);
      x = layer.forward(x);
      assert.equal(x.shape, expected);
    }
    model.dispose();
  }
});

test('an image too small for three pools is refused with its size', () => {
  assert.throws(() => alexnet({ imageSize: 50 }), /alexnet: imageSize 50 is too small \(maxPool2d/);
});

/** Layers in order, with what their descriptions say of dropouts and normalizations. */
const layersOf = (options: AlexNetOptions) => {
  const model = alexnet({ width: 1 / 16, imageSize: 67, numClasses: 2, ...options });
  const layers = model.children().map(([name, layer]) => {
    const kind = layer.constructor.name;
    if (kind.endsWith('Dropout')) return `${name} ${kind} ${layer.describe()}`;
    return kind.includes('Norm') ? `${name} ${kind}` : name;
  });
  model.dispose();
  return layers;
};

test('layers in order: where normalization and dropout stand, and their rates', () => {
  const [lrn, drop] = ['LocalResponseNorm', (p: number) => `Dropout p=${p}`];
  assert.equal(layersOf({}), [
    ...['conv1', 'relu1', `norm1 ${lrn}`, 'pool1', 'conv2', 'relu2', `norm2 ${lrn}`, 'pool2'],
    ...['conv3', 'relu3', 'conv4', 'relu4', 'conv5', 'relu5', 'pool5', 'flatten'],
    ...['fc6', 'relu6', `dropout6 ${drop(0.5)}`, 'fc7', 'relu7', `dropout7 ${drop(0.5)}`, 'fc8'],
  ]);
  const norm = 'BatchNorm2d';
  assert.equal(layersOf({ variant: 'dogcat', dropout: 0.3 }), [
    ...['conv1', 'relu1', `norm1 ${norm}`, 'pool1', `dropout1 ${drop(0.15)}`],
    ...['conv2', 'relu2', `norm2 ${norm}`, 'pool2', `dropout2 ${drop(0.15)}`],
    ...['conv3', 'relu3', `norm3 ${norm}`, 'conv4', 'relu4', `norm4 ${norm}`],
    ...['conv5', 'relu5', `norm5 ${norm}`, 'pool5', `dropout5 ${drop(0.15)}`, 'flatten'],
    ...['fc6', 'relu6', 'norm6 BatchNorm1d', `dropout6 ${drop(0.3)}`],
    ...['fc7', 'relu7', 'norm7 BatchNorm1d', `dropout7 ${drop(0.3)}`, 'fc8'],
  ]);
  assert.ok(!layersOf({ variant: 'dogcat', dropout: 0 }).some((layer) => layer.startsWith('dropout')));
  assert.is(layersOf({ variant: 'dogcat', poolDropout: 0 }).filter((layer) => layer.startsWith('dropout')).length, 2);
  const each = layersOf({ variant: 'dogcat', poolDropout: [0.05, 0, 0.2] }).filter((layer) =>
    /dropout[125]/.test(layer),
  );
  assert.equal(each, [`dropout1 ${drop(0.05)}`, `dropout5 ${drop(0.2)}`]);
  assert.throws(
    () => alexnet({ poolDropout: [0.1, 0.2] }),
    /^alexnet: poolDropout is a number from 0 to below 1, or three of them, got \[0\.1, 0\.2\]$/,
  );
  assert.ok(layersOf({ normalization: 'batch' }).includes('norm5 BatchNorm2d'));
});

test('the paper’s local response normalization: k 2, n 5, alpha 1e-4 for each square, beta 0.75', async () => {
  const model = alexnet({ width: 1 / 16, imageSize: 67 });
  const norm = model.layers.norm1!;
  const values = [100, -50, 30, 0, 200, 80, -120, 60];
  const y = await norm.forward(tensor(values, { shape: [1, 8, 1, 1] })).data();
  const expected = values.map((v, i) => {
    const sum = values.slice(Math.max(0, i - 2), i + 3).reduce((all, x) => all + x * x, 0);
    return v / (2 + 1e-4 * sum) ** 0.75;
  });
  assertClose(y, expected, { what: 'normalized', terms: 5 });
  model.dispose();
});

test('dropout in training and in evaluation, scaled as PyTorch or as the paper', async () => {
  for (const [dropoutScaling, kept, evaluated] of [
    ['training', 2, 1],
    ['evaluation', 1, 0.5],
  ] as const) {
    const model = alexnet({ width: 1 / 16, imageSize: 67, dropoutScaling });
    for (const name of ['dropout6', 'dropout7']) {
      const layer = model.children().find(([child]) => child === name)![1];
      const x = tensor(new Float32Array(4096).fill(1), { requiresGrad: true });
      const y = layer.forward(x);
      sum(y).backward();
      const values = [...(await y.data())];
      assert.ok(
        values.every((v) => v === 0 || v === kept),
        dropoutScaling,
      );
      const dropped = values.filter((v) => v === 0).length;
      assert.ok(Math.abs(dropped / 4096 - 0.5) < 0.04, `${dropped} of 4096`);
      assert.equal([...(await x.grad!.data())], values);
    }
    model.eval();
    const last = model.children().find(([child]) => child === 'dropout7')![1];
    assert.equal([...(await last.forward(tensor([4, 6])).data())], [4 * evaluated, 6 * evaluated]);
    model.dispose();
  }
});

/** Mean, standard deviation, largest magnitude, and the share beyond twice the deviation: 4.6 % of normal values, 0 of uniform ones. */
function statistics(values: ArrayLike<number>) {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  const deviation = Math.sqrt(list.reduce((all, v) => all + (v - mean) ** 2, 0) / list.length);
  const beyond = list.filter((v) => Math.abs(v) > 2 * deviation).length / list.length;
  const largest = list.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
  return { mean, deviation, beyond, largest, count: list.length };
}

const BIASES_OF_ONE = ['conv2', 'conv4', 'conv5', 'fc6', 'fc7'];

for (const variant of ['paper', 'dogcat'] as const) {
  for (const initialization of ['he', 'paper', 'uniform'] as const) {
    test(`first weights, '${initialization}' of '${variant}'`, async () => {
      manualSeed(20120);
      const model = alexnet({ variant, width: 1 / 8, imageSize: 67, numClasses: 20, initialization });
      const state = model.stateDict();
      const undecided = variant === 'dogcat' && initialization !== 'paper' ? 'fc8' : '';
      for (const layer of ['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'fc6', 'fc7', 'fc8']) {
        const [weight, bias] = [state[`${layer}.weight`], state[`${layer}.bias`]];
        const values = statistics(await weight.data());
        const biases = statistics(await bias.data());
        const fanIn = weight.size / weight.shape[0];
        if (layer === undecided) {
          assert.equal([values.largest, biases.largest], [0, 0], layer);
          continue;
        }
        const deviation = { he: Math.sqrt(2 / fanIn), paper: 0.01, uniform: 1 / Math.sqrt(3 * fanIn) }[initialization];
        const margin = 4.5 / Math.sqrt(2 * values.count); // of a deviation that is estimated from so many
        assert.ok(
          Math.abs(values.deviation / deviation - 1) < margin,
          `${layer}: ${values.deviation}, not ${deviation}`,
        );
        assert.ok(Math.abs(values.mean) < (4.5 * deviation) / Math.sqrt(values.count), `${layer}: mean ${values.mean}`);
        if (initialization === 'uniform') {
          const bound = 1 / Math.sqrt(fanIn);
          assert.ok(
            values.largest <= bound && values.largest > 0.98 * bound,
            `${layer}: ${values.largest} of ${bound}`,
          );
          assert.ok(biases.largest <= bound && biases.deviation > 0.3 * bound, `${layer}: biases`);
          continue;
        }
        const beyond = 4.5 * Math.sqrt((0.0455 * 0.9545) / values.count);
        assert.ok(Math.abs(values.beyond - 0.0455) < beyond, `${layer}: ${values.beyond} beyond two deviations`);
        const one = initialization === 'paper' && BIASES_OF_ONE.includes(layer) ? 1 : 0;
        assert.equal([biases.mean, biases.deviation], [one, 0], `${layer}: biases`);
      }
      model.dispose();
    });
  }
}

test('options that it does not know', () => {
  for (const [options, message] of [
    [{ classes: 3 }, /^alexnet: there is no option 'classes'; known are variant, numClasses/],
    [{ image_size: 67 }, /did you mean 'imageSize'\?/],
    [{ dropout: 1 }, /^alexnet: dropout is a number from 0 to below 1, got 1/],
    [{ width: 0 }, /^alexnet: width is a finite number above 0, got 0/],
    [{ variant: 'Paper' }, /^alexnet: variant is 'paper' or 'dogcat', got 'Paper'/],
    [{ initialization: 'kaiming' }, /initialization is 'he', 'paper' or 'uniform'/],
    [{ numClasses: 2.5 }, /numClasses is a whole number, 1 or more/],
  ] as [object, RegExp][]) {
    assert.throws(
      () => alexnet(options),
      (e: unknown) => e instanceof UsageError && message.test(e.message),
      String(message),
    );
  }
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
