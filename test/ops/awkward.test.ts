// Small inputs that once gave wrong numbers without a word, each with PyTorch's value. The whole table of special values is in
// special-values.test.ts.
import * as assert from 'uvu/assert';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { callOf, cases, table } from '../support/ops.js';
import { suite } from '../support/suite.js';

const { Infinity: INF, NaN: NAN } = globalThis;

const test = suite('ops/awkward');
test.before(useDevice);

/** Asserts that values are what is expected, to a relative 1e-6 or what is given; NaN and infinities are themselves. */
async function gives(t: w.Tensor, expected: readonly number[], relative = 1e-6): Promise<void> {
  const actual = Array.from(await t.data());
  const same = (a: number, e: number) => Object.is(a, e) || a === e || Math.abs(a - e) <= relative * Math.abs(e);
  const close = actual.length === expected.length && actual.every((a, i) => same(a, expected[i]));
  if (!close) throw new Error(`${t.label}: ${actual.join(', ')}; expected ${expected.join(', ')}`);
}

/** The gradient of f at x for dy, by default ones. */
function gradient(f: (x: w.Tensor) => w.Tensor, values: readonly number[], dy?: readonly number[]): w.Tensor {
  const x = w.tensor(values, { requiresGrad: true });
  const y = f(x);
  y.backward(dy ? w.tensor(dy) : w.ones(y.shape));
  return x.grad!;
}

/** A test of the scope's own, which all it makes goes with. */
const check = (name: string, body: () => Promise<void>[]) =>
  test(name, async () => {
    const step = w.scope();
    const reads = body();
    step.close();
    await Promise.all(reads);
  });

check('NaN is the larger and the smaller of two', () => [
  gives(w.maximum(w.tensor([NAN, 1]), w.tensor([0, NAN])), [NAN, NAN]),
  gives(w.minimum(w.tensor([NAN, 1]), w.tensor([0, NAN])), [NAN, NAN]),
  gives(w.amax(w.tensor([1, NAN, 2])), [NAN]),
  gives(w.amin(w.tensor([1, NAN, 2])), [NAN]),
  gives(w.argmax(w.tensor([1, NAN, 2, NAN])), [1]),
  gives(w.argmin(w.tensor([1, NAN, 2, NAN])), [1]),
]);

check('NaN stays NaN in every pointwise op, and in softmax', () => {
  const each = cases.filter(({ op, what }) => table[op].pointwise && !what);
  return [...each.map((c) => gives(callOf(c, [w.tensor([NAN])]), [NAN])), gives(w.softmax(w.tensor([NAN])), [NAN])];
});

check('a comparison with NaN is false, and NaN differs from all', () => {
  const [a, b] = [w.tensor([NAN, NAN, 1]), w.tensor([NAN, 1, NAN])];
  const compared = [w.eq, w.gt, w.ge, w.lt, w.le].map((f) => gives(f(a, b), [0, 0, 0]));
  const numbers = [gives(w.ne(a, 1), [1, 1, 0]), gives(w.ne(a, NAN), [1, 1, 1]), gives(w.eq(a, NAN), [0, 0, 0])];
  return [...compared, ...numbers, gives(w.ne(a, b), [1, 1, 1])];
});

test('NaN and infinity reach the gradients that are clipped', async () => {
  const clipped = async (values: number[][], clip: (params: w.Tensor[]) => void) => {
    using _ = w.scope();
    const params = values.map((v) => w.tensor(new Array(v.length).fill(1), { requiresGrad: true }));
    params.forEach((p, i) => {
      w.mul(p, 1).backward(w.tensor(values[i]));
    });
    clip(params);
    return Promise.all(params.map(async ({ grad }) => Array.from(await grad!.data())));
  };
  assert.equal(await clipped([[3, NAN, -3]], (p) => w.clipGradValue(p, 1)), [[1, NAN, -1]]);
  assert.equal(await clipped([[1, NAN], [1]], (p) => w.clipGradNorm(p, 1)), [[NAN, NAN], [NAN]]);
  assert.equal(await clipped([[1, INF, 2]], (p) => w.clipGradNorm(p, 1)), [[0, NAN, 0]]);
});

check('cross entropy of an impossible class', () => {
  const logits = () => w.tensor([[-INF, 1, 1]]);
  const target = w.tensor([1], { dtype: 'i32' });
  return [
    gives(w.crossEntropy(logits(), target), [Math.LN2]),
    gives(w.crossEntropy(logits(), target, { labelSmoothing: 0.1 }), [INF]),
    gives(w.crossEntropy(logits(), w.tensor([0], { dtype: 'i32' })), [INF]),
    // PyTorch has NaN here, 0 times infinity; as probabilities a class has the loss of its number.
    gives(w.crossEntropy(logits(), w.tensor([[0, 1, 0]])), [Math.LN2]),
    gives(w.crossEntropy(logits(), target, { weight: w.tensor([0, 3, 3]), labelSmoothing: 0.1 }), [NAN]),
    gives(
      w.crossEntropy(logits(), w.tensor([0], { dtype: 'i32' }), { weight: w.tensor([0, 3, 3]), reduction: 'sum' }),
      [0],
    ),
  ];
});

check('a weight of 0 chooses, and is not multiplied by infinity', () => [
  gives(w.binaryCrossEntropyWithLogits(w.tensor([INF, -INF]), w.tensor([1, 0]), { reduction: 'none' }), [0, 0]),
  gives(w.binaryCrossEntropyWithLogits(w.tensor([INF, -INF]), w.tensor([0, 1]), { reduction: 'none' }), [INF, INF]),
  gives(w.where(w.tensor([0, 1]), w.tensor([INF, 2]), w.tensor([1, INF])), [1, 2]),
  gives(
    gradient((x) => w.amax(x, 0, true), [1, 3, 2], [INF]),
    [0, INF, 0],
  ),
  gives(
    gradient((x) => w.maximum(x, w.tensor([2, 2, 2])), [1, 3, 2], [INF, INF, INF]),
    [0, INF, INF],
  ),
  gives(
    gradient((x) => w.clamp(x, 0, 1), [-1, 0.5, 2], [INF, INF, INF]),
    [0, INF, 0],
  ),
]);

check('norm at 0, and of what has no square', () => [
  gives(gradient(w.norm, [0, 0, 0]), [0, 0, 0]),
  gives(gradient(w.norm, [1e-25, 1e-25]), [Math.SQRT1_2, Math.SQRT1_2]),
  gives(w.norm(w.tensor([1e-25, 1e-25])), [1.41421356e-25]),
  gives(w.norm(w.tensor([3e25, -4e25])), [5e25]),
  gives(w.norm(w.tensor([3, -4])), [5], 0),
  gives(w.norm(w.zeros([0])), [0]),
]);

check('powers of 0 and of negative numbers', () => [
  gives(w.pow(w.tensor([0]), -1), [INF]),
  gives(w.pow(w.tensor([-2, 4]), -0.5), [NAN, 0.5]),
  gives(w.pow(w.tensor([-2, 4]), 2.5), [NAN, 32]),
  gives(w.pow(w.tensor([3, -3]), 5), [243, -243], 0),
  gives(w.pow(w.tensor([10, -2]), -3), [1e-3, -0.125]),
  gives(w.pow(w.tensor([1.5, 0.3, 7]), 40.5), [1.5 ** 40.5, 0.3 ** 40.5, 7 ** 40.5], 1e-5),
]);

for (const [exponent, slopes] of [
  [0, [0, 0, 0]],
  [0.5, [INF, 0.35355339, NAN]],
  [1, [1, 1, 1]],
  [2, [0, 4, -4]],
  [3, [0, 12, 12]],
  [-1, [-INF, -0.25, -0.25]],
] as const) {
  check(`the gradient of the power ${exponent} at 0, 2 and -2`, () => [
    gives(
      gradient((x) => w.pow(x, exponent), [0, 2, -2]),
      slopes,
    ),
  ]);
}

check('a zero keeps its sign', () => {
  const zeros = () => w.tensor([0, -0]);
  return [
    gives(w.reciprocal(zeros()), [INF, -INF]),
    gives(w.div(1, w.mul(zeros(), -1)), [-INF, INF]),
    gives(w.div(1, w.mul(zeros(), 1)), [INF, -INF]),
    gives(w.div(1, w.div(zeros(), -2)), [-INF, INF]),
    gives(w.div(1, w.neg(zeros())), [-INF, INF]),
    gives(w.div(1, w.pow(zeros(), 3)), [INF, -INF]),
    gives(w.div(1, w.pow(zeros(), 1)), [INF, -INF]),
    gives(w.div(1, w.tanh(zeros())), [INF, -INF]),
    gives(w.div(1, w.sin(zeros())), [INF, -INF]),
    gives(w.div(1, w.mul(zeros(), w.tensor([-3, -3]))), [-INF, INF]),
  ];
});

check('the variance and the mean of what differs little', () => {
  const offset = (base: number, n: number) => w.tensor(Float32Array.from({ length: n }, (_, i) => base + (i % 2)));
  return [
    gives(w.variance(offset(1e5, 1000)), [0.25025025]),
    gives(w.variance(offset(1e5, 1000), 0, { correction: 0 }), [0.25]),
    gives(w.variance(offset(1e7, 1000)), [0.25025025]),
    gives(w.mean(offset(1e7, 1000)), [10000000.5], 6e-8), // as near as float32 has it
    gives(w.mean(offset(1e6, 100_000)), [1000000.5], 1.3e-7), // in slices, each sum rounded: to two ulp
    gives(w.sum(offset(1e6, 1_000_000)), [1000000.5e6], 6e-8),
    gives(
      gradient((x) => w.variance(x), [100000, 100001]),
      [-1, 1],
    ),
  ];
});

test("running statistics with a momentum of 1 are the batch's, however far the old ones were", async () => {
  using _ = w.scope();
  const [mean, variance] = [w.full([1], 1e4), w.full([1], 1e4)];
  const how = { training: true, momentum: 1 };
  w.batchNorm(w.tensor([[1], [1.0078125]]), mean, variance, w.ones([1]), w.zeros([1]), how);
  await gives(mean, [1.00390625]);
  await gives(variance, [2 ** -15]);
});

check('linspace: both ends and the middle are exact', () => [
  gives(
    w.linspace(-0.1, 0.1, 299),
    Array.from({ length: 299 }, (_, i) => (-0.1 * (298 - i) + 0.1 * i) / 298),
  ),
  gives(w.linspace(3, 7, 1), [3], 0),
]);

test('the gradient of a bias over many rows', async () => {
  using _ = w.scope();
  const bias = w.zeros([2], { requiresGrad: true });
  const y = w.linear(w.zeros([100_000, 1]), w.ones([2, 1]), bias);
  y.backward(w.full(y.shape, 0.1));
  await gives(bias.grad!, [10_000, 10_000]);
});

test('an infinite parameter without a gradient or weight decay stays as it is', async () => {
  const optimizers = [
    (p: w.Tensor[]) => new w.SGD(p, { lr: 0.1 }),
    (p: w.Tensor[]) => new w.SGD(p, { lr: 0.1, momentum: 0.9 }),
    (p: w.Tensor[]) => new w.Adam(p, { lr: 0.1 }),
    (p: w.Tensor[]) => new w.RMSprop(p, { lr: 0.1 }),
    (p: w.Tensor[]) => new w.Adagrad(p, { lr: 0.1 }),
    (p: w.Tensor[]) => new w.Lion(p, { lr: 0.1 }),
    (p: w.Tensor[]) => new w.LARS(p, { lr: 0.1 }),
    (p: w.Tensor[]) => new w.LAMB(p, { lr: 0.1, weightDecay: 0 }),
  ];
  for (const make of optimizers) {
    using _ = w.scope();
    const mask = w.parameter(w.tensor([-INF, 1]));
    const optimizer = make([mask]);
    w.mul(mask, 1).backward(w.zeros([2]));
    optimizer.step();
    await gives(mask, [-INF, 1]);
    optimizer.dispose?.();
    mask.dispose();
  }
});

test('batch norm of what differs little', async () => {
  using _ = w.scope();
  const x = w.reshape(w.tensor(Float32Array.from({ length: 1000 }, (_, i) => 1e5 + (i % 2))), [10, 1, 10, 10]);
  const [mean, variance] = [w.zeros([1]), w.zeros([1])];
  const how = { training: true, momentum: 1 };
  const y = w.batchNorm(x, mean, variance, w.ones([1]), w.zeros([1]), how);
  await gives(mean, [100000.5]);
  await gives(variance, [0.25025025]);
  await gives(w.slice(w.flatten(y), [0, 2]), [-0.99998, 0.99998]);
});

check('sine and cosine of any size', () => {
  const x = [1e5, 1e6, -1e6, 1e10, 3e38, 31415.926, 52174, INF].map(Math.fround);
  const inf = (f: (x: number) => number) => x.map((v) => (v === INF ? NAN : f(v)));
  return [
    gives(w.sin(w.tensor([1e6, 1e10])), [-0.34999350217129, -0.48750602508751]),
    gives(w.sin(w.tensor(x)), inf(Math.sin)),
    gives(w.cos(w.tensor(x)), inf(Math.cos)),
  ];
});

check('sine and cosine stay within their bounds', () => {
  const x = w.tensor(Float32Array.from({ length: 4096 }, (_, i) => 1.07 ** (i / 3) * (i % 2 ? 1 : -1)));
  return [w.sin, w.cos].map((f) => gives(w.amax(w.gt(w.abs(f(x)), 1.0000001)), [0]));
});

check('what is small beside 1 is not lost', () => [
  gives(w.tanh(w.tensor([1e-6, 1e-8, -1e-3])), [1e-6, 1e-8, -9.99999667e-4]),
  gives(w.softplus(w.tensor([-17, -30])), [4.1399377e-8, 9.3576229e-14], 2e-6),
  gives(w.elu(w.tensor([-1e-6, -1e-8, -0.01])), [-9.999995e-7, -1e-8, -0.00995016625]),
  gives(w.gelu(w.tensor([-4, -5, -6])), [-1.2668497e-4, -1.43325778e-6, -5.9195258e-9], 2e-6),
  gives(
    w.log(w.tensor([1.00001, 0.9999])),
    [1.00001, 0.9999].map((v) => Math.log(Math.fround(v))),
  ),
  gives(w.sigmoid(w.tensor([-80, -INF, INF])), [1.8048513e-35, 0, 1], 4e-6),
  gives(w.binaryCrossEntropyWithLogits(w.tensor([17]), w.tensor([1])), [4.1399377e-8]),
]);

/** As many numbers near 0 as far from it, of both signs. */
const nearAndFar = (least: number, size: number) =>
  Float32Array.from({ length: 4096 }, (_, i) => (i % 2 ? 1 : -1) * size * (least / size) ** (i / 4095));

for (const c of cases) {
  const { precise, y, constants = [0] } = table[c.op].pointwise ?? {};
  if (!precise || !y) continue;
  test(`${c.title} is right to a part in a million, from 1e-8 to ${precise}`, async () => {
    using _ = w.scope();
    const x = nearAndFar(1e-8, precise);
    await gives(
      callOf(c, [w.tensor(x)]),
      Array.from(x, (v) => y(v, constants[0])),
    );
  });
}

for (const [exponent, op, least] of [
  [7, (x: w.Tensor) => w.pow(x, 7), 1e-5],
  [2.5, (x: w.Tensor) => w.pow(w.abs(x), 2.5), 1e-8],
] as const) {
  test(`the power of ${exponent} is right to a part in a million, from ${least} to 80`, async () => {
    using _ = w.scope();
    const x = nearAndFar(least, 80);
    await gives(
      op(w.tensor(x)),
      Array.from(x, (v) => (exponent % 1 === 0 ? v : Math.abs(v)) ** exponent),
    );
  });
}

check('log is right to a part in a million, around 1 and far from it', () => {
  const around = Float32Array.from({ length: 4096 }, (_, i) => 1 + (i % 2 ? 1 : -1) * 0.6 * 1e-6 ** (i / 4095));
  const far = Float32Array.from({ length: 4096 }, (_, i) => 1e-37 ** (i / 2048 - 1));
  return [around, far].map((x) => gives(w.log(w.tensor(x)), Array.from(x, Math.log)));
});

test('max pooling whose window sees nothing', async () => {
  const x = w.full([1, 1, 1, 3], 7, { requiresGrad: true });
  using _ = w.scope();
  const y = w.maxPool2d(x, { kernelSize: 3, padding: 1, dilation: 2, ceilMode: true });
  y.backward(w.ones(y.shape));
  await gives(y, [-INF]);
  await gives(x.grad!, [0, 0, 0]);
  const small = w.maxPool2d(w.ones([1, 1, 2, 2]), { kernelSize: 2, stride: 1, padding: 1, dilation: 3 });
  await gives(small, [-INF]);
});

test('dropout of everything', async () => {
  using _ = w.scope();
  const x = w.tensor([1, 2, INF], { requiresGrad: true });
  const y = w.dropout(x, 1);
  y.backward(w.tensor([1, INF, 2]));
  await gives(y, [0, 0, 0]);
  await gives(x.grad!, [0, 0, 0]);
  await gives(w.dropout(w.tensor([INF, NAN]), 1, { training: false }), [INF, NAN]);
});

test('dropout drops infinities as well, and their gradients', async () => {
  using _ = w.scope();
  const x = w.full([256], INF, { requiresGrad: true });
  const y = w.dropout(x, 0.5);
  y.backward(w.full([256], -INF));
  const [values, slopes] = [Array.from(await y.data()), Array.from(await x.grad!.data())];
  assert.equal([...new Set(values)].sort(), [0, INF]);
  assert.equal(
    slopes,
    values.map((v) => (v === 0 ? 0 : -INF)),
  );
});

const empty = { x: () => w.zeros([0, 3, 4, 4], { requiresGrad: true }), three: (value: number) => w.full([3], value) };

for (const [name, shape, op] of [
  ['maxPool2d', [0, 3, 2, 2], (x: w.Tensor) => w.maxPool2d(x, { kernelSize: 2 })],
  ['avgPool2d', [0, 3, 2, 2], (x: w.Tensor) => w.avgPool2d(x, { kernelSize: 2 })],
  ['adaptiveAvgPool2d', [0, 3, 2, 2], (x: w.Tensor) => w.adaptiveAvgPool2d(x, 2)],
  ['localResponseNorm', [0, 3, 4, 4], (x: w.Tensor) => w.localResponseNorm(x, { size: 3 })],
  ['dropout', [0, 3, 4, 4], (x: w.Tensor) => w.dropout(x, 0.5)],
  ['softmax', [0, 3, 4, 4], (x: w.Tensor) => w.softmax(x, 1)],
  ['relu', [0, 3, 4, 4], (x: w.Tensor) => w.relu(x)],
  ['gelu', [0, 3, 4, 4], (x: w.Tensor) => w.gelu(x)],
  ['norm', [0], (x: w.Tensor) => w.norm(x, [1, 2, 3])],
] as const) {
  test(`an empty batch into ${name}`, async () => {
    using _ = w.scope();
    const x = empty.x();
    const y = op(x);
    assert.equal(y.shape, shape);
    y.backward(w.ones(y.shape));
    assert.equal(x.grad!.shape, x.shape);
    await w.sync();
  });
}

test('an empty batch into conv2d: the gradients of weight and bias are 0', async () => {
  using _ = w.scope();
  const x = empty.x();
  const [weight, bias] = [w.ones([5, 3, 3, 3], { requiresGrad: true }), w.ones([5], { requiresGrad: true })];
  const y = w.conv2d(x, weight, bias);
  assert.equal(y.shape, [0, 5, 2, 2]);
  y.backward(w.ones(y.shape));
  assert.equal(x.grad!.shape, x.shape);
  await gives(weight.grad!, new Array(135).fill(0));
  await gives(bias.grad!, new Array(5).fill(0));
});

for (const training of [true, false]) {
  test(`an empty batch into batchNorm, ${training ? 'training' : 'evaluation'}: the running statistics stay`, async () => {
    using _ = w.scope();
    const x = empty.x();
    const [weight, bias] = [w.ones([3], { requiresGrad: true }), w.ones([3], { requiresGrad: true })];
    const [mean, variance] = [empty.three(5), empty.three(7)];
    const y = w.batchNorm(x, mean, variance, weight, bias, { training });
    assert.equal(y.shape, x.shape);
    y.backward(w.ones(y.shape));
    await gives(mean, [5, 5, 5]);
    await gives(variance, [7, 7, 7]);
    await gives(weight.grad!, [0, 0, 0]);
    await gives(bias.grad!, [0, 0, 0]);
    assert.equal(x.grad!.shape, x.shape);
  });
}

test('an empty batch into crossEntropy: a sum and no losses, but no mean', async () => {
  using _ = w.scope();
  const [logits, target] = [w.zeros([0, 3]), w.tensor([], { dtype: 'i32' })];
  await gives(w.crossEntropy(logits, target, { reduction: 'sum' }), [0]);
  assert.equal(w.crossEntropy(logits, target, { reduction: 'none' }).shape, [0]);
  assert.throws(() => w.crossEntropy(logits, target), /there is no row/);
});

test.run();
