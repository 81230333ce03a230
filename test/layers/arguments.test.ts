// What layers and initializers are made with, as JavaScript may call them: typed errors that begin with their name.
import * as assert from 'uvu/assert';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('layers/arguments');
test.before(useDevice);

const all = { ...w };

type Made = new (...args: unknown[]) => w.Module;

const layers: [name: keyof typeof w, args: unknown[], message: RegExp][] = [
  ['Linear', [], /inFeatures is missing; it is a whole number, 0 or more/],
  ['Linear', ['3', 4], /inFeatures is a whole number, 0 or more, got '3'/],
  ['Linear', [3, 2.5], /outFeatures is a whole number, 0 or more, got 2.5/],
  ['Linear', [3, 4, false], /takes options \{ bias \}, got false/],
  ['Linear', [3, 4, { bias: 0 }], /bias is true or false, got 0/],
  ['Conv2d', [3, 16], /kernelSize is missing; it is a whole number, 1 or more, or a pair of them/],
  ['Conv2d', [3, 16, 'same'], /kernelSize is a whole number, .*, got 'same'/],
  ['Conv2d', [3, Number.NaN, 3], /outChannels is a whole number, 1 or more, got NaN/],
  ['Conv2d', [3, 16, [3, 3, 3]], /kernelSize is .* or a pair of them, got \[3, 3, 3\]/],
  ['Conv2d', [3, 16, 3, { strides: 2 }], /there is no option 'strides'; did you mean 'stride'\?/],
  ['Conv2d', [3, 16, 3, { stride: 0 }], /stride is a whole number, 1 or more, or a pair of them, got 0/],
  ['Conv2d', [3, 16, 3, { padding: 'full' }], /padding is .*, or 'same' or 'valid', got 'full'/],
  ['Conv2d', [3, 16, 3, { groups: 2 }], /3 and 16 channels cannot be divided into 2 groups/],
  ['Conv2d', [3, 16, 3, 1], /takes options \{.*\}, got 1/],
  ['BatchNorm2d', [], /channels is missing/],
  ['BatchNorm1d', ['8'], /channels is a whole number, 1 or more, got '8'/],
  ['BatchNorm2d', [8, { momentum: 2 }], /momentum is a number from 0 to 1, got 2/],
  ['BatchNorm2d', [8, { epsilon: 1e-3 }], /there is no option 'epsilon'/],
  ['BatchNorm1d', [8, { affine: false }], /there is no option 'affine'; known are/],
  ['MaxPool2d', [], /kernelSize is missing/],
  ['MaxPool2d', [2, { stride: -1 }], /stride is a whole number, 1 or more/],
  ['MaxPool2d', [2, { ceil_mode: true }], /there is no option 'ceil_mode'; did you mean 'ceilMode'\?/],
  ['MaxPool2d', [2, { countIncludePad: true }], /there is no option 'countIncludePad'/],
  ['AvgPool2d', [{ kernelSize: 2 }], /kernelSize is a whole number/],
  ['AvgPool2d', [2, { dilation: 2 }], /there is no option 'dilation'/],
  ['AdaptiveAvgPool2d', [], /outputSize is missing/],
  ['AdaptiveAvgPool2d', [[1]], /outputSize is a whole number, 1 or more, or a pair of them, got \[1\]/],
  ['LocalResponseNorm', [], /size is missing; it is a whole number from 1 to 64/],
  ['LocalResponseNorm', [65], /size is a whole number from 1 to 64, got 65/],
  ['LocalResponseNorm', [5, { n: 5 }], /there is no option 'n'/],
  ['LocalResponseNorm', [5, { alpha: '1e-4' }], /alpha is a finite number, got '1e-4'/],
  ['LeakyReLU', [Number.NaN], /negativeSlope is a finite number, got NaN/],
  ['LeakyReLU', [{ negativeSlope: 0.1 }], /negativeSlope is a finite number, got an Object/],
  ['Dropout', [2], /p is a number from 0 to 1, got 2/],
  ['Dropout', [{ p: 0.5 }], /p is a number from 0 to 1, got an Object/],
  ['Flatten', ['1'], /startDim is a whole number, got '1'/],
  ['Sequential', [w.relu], /'0' is no module: the function relu; layers are modules, such as new ReLU\(\)/],
  ['Sequential', [w.ReLU], /'0' is no module: a class; new ReLU\(\) makes a layer/],
  ['Sequential', [[new w.ReLU()]], /'0' is no module: a list; spread it: new Sequential\(\.\.\.layers\)/],
  ['Sequential', [{ relu: w.relu }], /'relu' is no module: the function relu/],
  ['Sequential', [new w.ReLU(), null], /'1' is no module: null/],
  ['Sequential', [{ a: new w.ReLU() }, new w.ReLU()], /'0' is no module: an Object/],
];

for (const [name, args, message] of layers) {
  test(`new ${name}(${args.map(w.showValue).join(', ')})`, () => {
    const before = w.memory().liveBuffers;
    assert.throws(
      () => new (all[name] as unknown as Made)(...args),
      (e: unknown) => e instanceof w.WgradError && e.message.startsWith(`${name}: `) && message.test(e.message),
    );
    assert.is(w.memory().liveBuffers, before);
  });
}

test('edges that PyTorch takes', async () => {
  using _ = w.scope();
  assert.equal(new w.Linear(0, 3).forward(w.zeros([2, 0])).shape, [2, 3]);
  assert.equal([...(await new w.Linear(0, 3).bias!.data())], [0, 0, 0]);
  assert.equal(new w.Flatten(0).forward(w.zeros([2, 3, 4])).shape, [24]);
  assert.equal(new w.Flatten(1, 2).forward(w.zeros([2, 3, 4, 5])).shape, [2, 12, 5]);
  assert.equal(new w.Sequential().forward(w.zeros([2])).shape, [2]);
  assert.equal(new w.MaxPool2d([2, 1]).forward(w.zeros([1, 1, 4, 4])).shape, [1, 1, 2, 4]);
});

test('options are taken as they are when a layer is made', () => {
  using _ = w.scope();
  const options = { stride: 1 };
  const layer = new w.Conv2d(1, 1, 1, options);
  const pool = new w.MaxPool2d(1, options);
  options.stride = 2;
  assert.equal(layer.forward(w.zeros([1, 1, 4, 4])).shape, [1, 1, 4, 4]);
  assert.equal(pool.forward(w.zeros([1, 1, 4, 4])).shape, [1, 1, 4, 4]);
});

const initializers: [name: keyof typeof w, args: (t: w.Tensor) => unknown[], message: RegExp][] = [
  ['constantInit', () => [], /takes a tensor, got undefined/],
  ['constantInit', (t) => [t], /value is missing/],
  ['constantInit', (t) => [t, Number.NaN], /value is a number, got NaN/],
  ['constantInit', () => [w.tensor(Int32Array.of(1)), 1], /takes f32, got i32/],
  ['normalInit', () => [[1], 0, 1], /takes a tensor, got \[1\]/],
  ['normalInit', (t) => [t, 0, -1], /std is a finite number, 0 or more, got -1/],
  ['normalInit', (t) => [t, '0'], /mean is a finite number, got '0'/],
  ['uniformInit', (t) => [t], /low is missing/],
  ['uniformInit', (t) => [t, 1, 0], /low is at most high, got 1 and 0/],
  ['uniformInit', (t) => [t, 0, Number.POSITIVE_INFINITY], /high is a finite number, got Infinity/],
  ['heNormalInit', () => [undefined], /takes a tensor, got undefined/],
  ['heNormalInit', () => [w.zeros([4])], /takes a weight \(out, in, \.\.\.\), got \[4\]; biases have no fan-in/],
  ['heUniformInit', () => [w.zeros([4])], /takes a weight/],
  ['xavierUniformInit', () => [w.zeros([])], /takes a weight/],
  ['fanIn', () => [w.zeros([4])], /takes a weight/],
];

for (const [name, args, message] of initializers) {
  test(`${name}: ${message.source}`, () => {
    using _ = w.scope();
    assert.throws(
      () => (all[name] as (...args: unknown[]) => unknown)(...args(w.zeros([2, 3]))),
      (e: unknown) => e instanceof w.WgradError && e.message.startsWith(`${name}: `) && message.test(e.message),
    );
  });
}

test('initializers fill what has no elements, and keep their bounds', async () => {
  using _ = w.scope();
  for (const init of [w.heNormalInit, w.heUniformInit, w.xavierUniformInit]) assert.is(init(w.zeros([3, 0])).size, 0);
  // torch: nn.init._calculate_fan_in_and_fan_out(torch.zeros(8, 3, 5, 5)) is (75, 200)
  const weight = w.zeros([8, 3, 5, 5]);
  assert.is(w.fanIn(weight), 75);
  for (const [init, bound] of [
    [w.heUniformInit, Math.sqrt(6 / 75)],
    [w.xavierUniformInit, Math.sqrt(6 / 275)],
  ] as const) {
    const largest = Math.max(...[...(await init(weight).data())].map(Math.abs));
    assert.ok(largest <= bound && largest > 0.98 * bound, `${largest} of ${bound}`);
  }
  const values = [...(await w.heNormalInit(weight).data())];
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  assert.ok(Math.abs(deviation / Math.sqrt(2 / 75) - 1) < 0.12, `${deviation}`);
});

test.run();
