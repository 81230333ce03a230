// Tensors above the binding limit are walked in windows: with the limit lowered, every op gives what it gives whole.
import * as assert from 'uvu/assert';
import { bindingLimit, setBindingLimit } from '../../src/device/windows.js';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('ops/windows');
test.before(useDevice);

const IMAGES = [9, 3, 11, 7]; // 231 elements an image: windows start between the 256-byte marks
const classes = Int32Array.from({ length: 9 * 77 }, (_, i) => (i % 5 === 0 ? -100 : i % 3));
const vector = (n: number, seed: number) => w.tensor(seeded(n, seed));

const ops: Record<string, (x: w.Tensor) => w.Tensor> = {
  relu: w.relu,
  tanh: w.tanh,
  add: (x) => w.add(x, w.mul(x, x)),
  'broadcasting mul': (x) => w.mul(x, w.tensor(seeded(3, 1), { shape: [3, 1, 1] })),
  dropout: (x) => {
    w.manualSeed(3);
    return w.dropout(x, 0.4);
  },
  'sum of all': (x) => w.sum(x),
  'mean of channels': (x) => w.mean(x, [1, 3]),
  amax: (x) => w.amax(x, 0),
  softmax: (x) => w.softmax(x, 1),
  logSoftmax: (x) => w.logSoftmax(x, -1),
  crossEntropy: (x) => w.crossEntropy(x, w.tensor(classes, { shape: [9, 11, 7] }), { labelSmoothing: 0.1 }),
  'crossEntropy of rows': (x) => w.crossEntropy(x, w.tensor(classes, { shape: [9, 11, 7] }), { reduction: 'none' }),
  'crossEntropy, weighted': (x) =>
    w.crossEntropy(x, w.tensor(classes, { shape: [9, 11, 7] }), { labelSmoothing: 0.1, weight: w.tensor([2, 0.5, 1]) }),
  'crossEntropy of probabilities': (x) =>
    w.crossEntropy(x, w.softmax(w.tensor(seeded(9 * 231, 6), { shape: IMAGES }), 1)),
  'binaryCrossEntropyWithLogits, weighted': (x) =>
    w.binaryCrossEntropyWithLogits(x, w.full(x.shape, 0.25), {
      weight: w.tensor(seeded(7, 2)),
      posWeight: w.tensor([[[2]], [[0.5]], [[1]]]),
    }),
  mseLoss: (x) => w.mseLoss(x, x.detach()),
  maxPool2d: (x) => w.maxPool2d(x, { kernelSize: 3, stride: 2 }),
  avgPool2d: (x) => w.avgPool2d(x, { kernelSize: 2, padding: 1 }),
  adaptiveAvgPool2d: (x) => w.adaptiveAvgPool2d(x, [4, 3]),
  localResponseNorm: (x) => w.localResponseNorm(x, { size: 3, alpha: 0.5 }),
  batchNorm: (x) => w.batchNorm(x, vector(3, 1), vector(3, 2), vector(3, 3), vector(3, 4), { training: true }),
  conv2d: (x) => w.conv2d(x, w.tensor(seeded(4 * 27, 5), { shape: [4, 3, 3, 3] }), vector(4, 6), { padding: 1 }),
  linear: (x) => w.linear(w.flatten(x, 1), w.tensor(seeded(231 * 5, 7), { shape: [5, 231] }), vector(5, 8)),
};

async function run(op: (x: w.Tensor) => w.Tensor): Promise<[Float32Array, Float32Array]> {
  using _ = w.scope();
  const x = w.tensor(
    seeded(
      IMAGES.reduce((a, b) => a * b),
      4,
      2,
    ),
    { shape: IMAGES, requiresGrad: true },
  );
  const y = op(x);
  y.backward(w.tensor(seeded(y.size, 9), { shape: y.shape }));
  const both = [y.data(), x.grad!.data()] as const;
  x.grad!.dispose();
  return Promise.all(both) as Promise<[Float32Array, Float32Array]>;
}

for (const [name, op] of Object.entries(ops)) {
  test(name, async () => {
    const whole = await run(op);
    const before = bindingLimit();
    const dispatches = w.activity().dispatches;
    await run(op);
    const ordinary = w.activity().dispatches - dispatches;
    setBindingLimit(name.startsWith('broadcasting') || /^(sum|mean|amax)/.test(name) ? 8448 : 4096);
    try {
      const cut = await run(op);
      assert.ok(w.activity().dispatches - dispatches - ordinary >= ordinary);
      assertClose(cut[0], whole[0], { what: 'y', terms: 693 });
      assertClose(cut[1], whole[1], { what: 'dx', terms: 693 });
    } finally {
      setBindingLimit(before);
    }
  });
}

/** An op's result and its gradients, whole and with windows of 1,024 elements. */
async function compareWindows(op: () => [y: w.Tensor, inputs: w.Tensor[]], terms: number): Promise<void> {
  const values = async () => {
    using _ = w.scope();
    const [y, inputs] = op();
    y.backward(w.tensor(seeded(y.size, 9), { shape: y.shape }));
    const read = Promise.all([y, ...inputs.map((x) => x.grad!)].map((t) => t.data()));
    for (const x of inputs) x.grad!.dispose();
    return read;
  };
  const whole = await values();
  const before = bindingLimit();
  setBindingLimit(4096 + 256);
  try {
    const cut = await values();
    for (const [i, value] of cut.entries()) assertClose(value, whole[i], { what: i === 0 ? 'y' : `input ${i}`, terms });
  } finally {
    setBindingLimit(before);
  }
}

const leaf = (shape: number[], seed: number) =>
  w.tensor(
    seeded(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
    { shape, requiresGrad: true },
  );

test('the parameters of a convolution', () =>
  compareWindows(() => {
    const inputs = [leaf([9, 3, 11, 7], 1), leaf([4, 3, 3, 3], 2), leaf([4], 3)];
    return [w.conv2d(inputs[0], inputs[1], inputs[2], { padding: 1 }), inputs];
  }, 693));

test('the parameters of a dense layer, the sums over its rows cut', () =>
  compareWindows(() => {
    const inputs = [leaf([2100, 3], 1), leaf([5, 3], 2), leaf([5], 3)];
    return [w.linear(inputs[0], inputs[1], inputs[2]), inputs];
  }, 2100));

test('the bias of more outputs than fit a window with two rows', () =>
  compareWindows(() => {
    const inputs = [leaf([7, 3], 1), leaf([600, 3], 2), leaf([600], 3)];
    return [w.linear(inputs[0], inputs[1], inputs[2]), inputs];
  }, 600));

test('a matrix product whose sums are cut', () =>
  compareWindows(() => {
    const inputs = [leaf([3, 700], 1), leaf([700, 5], 2)];
    return [w.matmul(inputs[0], inputs[1]), inputs];
  }, 700));

test('permuting, slicing and concatenating', () =>
  compareWindows(() => {
    const x = leaf([7, 3, 5, 4, 11], 1);
    const turned = w.permute(x, [4, 2, 0, 3, 1]);
    return [w.concat([w.slice(turned, [1, 9]), turned], 0), [x]];
  }, 2));

test('random numbers', () =>
  compareWindows(() => {
    w.manualSeed(5);
    const x = leaf([1], 1);
    return [w.mul(x, w.add(w.rand([5000]), w.randn([5000]))), [x]];
  }, 5000));

test('argmax in windows', async () => {
  const x = w.tensor(seeded(2079, 4), { shape: IMAGES });
  const whole = await w.argmax(x, 1).data();
  const before = bindingLimit();
  setBindingLimit(4096);
  try {
    assert.equal(await w.argmax(x, 1).data(), whole);
  } finally {
    setBindingLimit(before);
  }
});

test.run();
