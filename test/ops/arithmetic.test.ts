// Arithmetic, reductions and shape ops against plain loops and finite differences, and what they refuse.
import * as assert from 'uvu/assert';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('ops/arithmetic');
test.before(useDevice);

const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
const input = (shape: number[], seed: number, scale = 1) =>
  w.tensor(seeded(size(shape), seed, scale), { shape, requiresGrad: true });
const counting = (shape: number[]) =>
  w.tensor(
    Float32Array.from({ length: size(shape) }, (_, i) => i),
    { shape, requiresGrad: true },
  );

test('every way of broadcasting has its gradient', async () => {
  const shapes: [number[], number[]][] = [
    [[], [3]],
    [
      [2, 1, 3],
      [4, 1],
    ],
    [
      [1, 5],
      [7, 1],
    ],
    [
      [2, 3, 1, 1, 2, 2],
      [3, 2, 2, 1, 1],
    ],
  ];
  for (const [a, b] of shapes) {
    for (const op of [w.add, w.sub, w.mul]) await w.gradcheck(op, [input(a, 1), input(b, 2)]);
    const finer = { eps: 1e-3, tolerance: 2e-2 }; // a step that crosses a tie would find the wrong slope
    for (const op of [w.maximum, w.minimum]) await w.gradcheck(op, [input(a, 1), input(b, 2)], finer);
    const divisor = w.tensor(
      seeded(size(b), 3).map((v) => Math.sign(v) * (Math.abs(v) + 1)),
      { shape: b, requiresGrad: true },
    );
    await w.gradcheck(w.div, [input(a, 1), divisor]);
  }
});

test('plain numbers on either side', async () => {
  using _ = w.scope();
  const x = w.tensor([1, 2, 4]);
  const expect = async (y: w.Tensor, values: number[]) => assertClose(await y.data(), values);
  await expect(w.add(x, 1), [2, 3, 5]);
  await expect(w.add(1, x), [2, 3, 5]);
  await expect(w.mul(-2, x), [-2, -4, -8]);
  await expect(w.sub(x, 1), [0, 1, 3]);
  await expect(w.sub(10, x), [9, 8, 6]);
  await expect(w.mul(x, -2), [-2, -4, -8]);
  await expect(w.div(x, 2), [0.5, 1, 2]);
  await expect(w.div(8, x), [8, 4, 2]);
  await expect(w.pow(x, 3), [1, 8, 64]);
  await expect(w.pow(w.neg(x), 3), [-1, -8, -64]);
  await expect(w.pow(w.neg(x), -2), [1, 0.25, 0.0625]);
  for (const op of [w.add, w.sub, w.mul, w.div]) {
    await w.gradcheck((t) => op(3, t), [w.tensor([1, -2, 3], { requiresGrad: true })]);
    await w.gradcheck((t) => op(t, 3), [w.tensor([1, -2, 3], { requiresGrad: true })]);
  }
});

test('an op with a number is called by its own name', () => {
  using _ = w.scope();
  const whole = w.tensor(Int32Array.of(1));
  const { add, sub, mul, div, gt } = w;
  for (const [name, op] of Object.entries({ add, sub, mul, div, gt })) {
    assert.throws(() => op(whole, 2), new RegExp(`^${name}: takes f32 or f16, got i32`));
    assert.is(op(w.tensor([1]), 2).shape.length, 1);
  }
  for (const [name, op] of Object.entries({ add, sub, mul, div })) {
    assert.throws(() => op(2, whole), new RegExp(`^${name}: takes f32 or f16, got i32`));
  }
  assert.throws(() => w.pow(whole, 3), /^pow: takes f32/);
  assert.is(w.div(1, w.tensor([2])).label, 'div');
});

test('sizes around a workgroup, and one more than the windows of a vec4', async () => {
  for (const n of [1, 2, 3, 4, 5, 63, 64, 65, 1023, 1024, 1025, 4099]) {
    using _ = w.scope();
    const [a, b] = [seeded(n, n), seeded(n, n + 1)];
    const [sum, relu, total] = [w.add(w.tensor(a), w.tensor(b)), w.relu(w.tensor(a)), w.sum(w.tensor(a))];
    assertClose(
      await sum.data(),
      a.map((v, i) => v + b[i]),
    );
    assertClose(
      await relu.data(),
      a.map((v) => Math.max(v, 0)),
    );
    assertClose(await total.data(), [Array.from(a).reduce((x, y) => x + y, 0)], { terms: n, scale: 1 });
  }
});

test('functions at large arguments do not overflow', async () => {
  using _ = w.scope();
  const x = w.tensor([-1000, -100, 0, 100, 1000], { requiresGrad: true });
  assertClose(await w.tanh(x).data(), [-1, -1, 0, 1, 1]);
  assertClose(await w.sigmoid(x).data(), [0, 0, 0.5, 1, 1]);
  assertClose(await w.softplus(x).data(), [0, 0, Math.LN2, 100, 1000]);
  assertClose(await w.silu(x).data(), [0, 0, 0, 100, 1000]);
  w.sum(w.silu(x)).backward();
  assertClose(await x.grad!.data(), [0, 0, 0.5, 1, 1]);
});

test('comparisons, where and one-hot', async () => {
  using _ = w.scope();
  const [a, b] = [w.tensor([1, 2, 3]), w.tensor([3, 2, 1])];
  const list = async (y: w.Tensor) => [...(await y.data())];
  assert.equal(await list(w.gt(a, b)), [0, 0, 1]);
  assert.equal(await list(w.le(a, b)), [1, 1, 0]);
  assert.equal(await list(w.eq(a, b)), [0, 1, 0]);
  assert.equal(await list(w.gt(a, 2)), [0, 0, 1]);
  assert.equal(await list(w.ge(a, 2)), [0, 1, 1]);
  assert.equal(await list(w.lt(a, 2)), [1, 0, 0]);
  assert.equal(await list(w.le(a, 2)), [1, 1, 0]);
  assert.equal(await list(w.eq(a, 2)), [0, 1, 0]);
  assert.equal(await list(w.ne(a, 2)), [1, 0, 1]);
  assert.equal(await list(w.where(w.lt(a, b), a, w.tensor([9]))), [1, 9, 9]);
  assert.equal(await list(w.where(w.gt(a, 1), a, 0)), [0, 2, 3]);
  assert.equal(await list(w.where(w.gt(a, 1), -1, a)), [1, -1, -1]);
  assert.equal(await list(w.where(w.gt(a, 1), 5, 6)), [6, 5, 5]);
  await w.gradcheck((x) => w.where(w.tensor([1, 0, 1]), x, 2), [input([2, 3], 4)]);
  assert.throws(() => w.where(a, w.tensor([1, 2]), 0), /^where: \[3\] and \[2\] do not broadcast/);
  assert.equal(await w.oneHot(w.tensor(Int32Array.of(2, 0)), 3).toArray(), [
    [0, 0, 1],
    [1, 0, 0],
  ]);
  await w.gradcheck((x, y) => w.where(w.tensor([1, 0, 1]), x, y), [input([3], 1), input([2, 3], 2)]);
});

test('reductions over any dimensions, long ones too', async () => {
  await w.gradcheck((x) => w.sum(x, [0, 2]), [input([2, 3, 4], 1)]);
  await w.gradcheck((x) => w.mean(x, -1, true), [input([3, 5], 2)]);
  await w.gradcheck((x) => w.variance(x, 0), [input([6, 2], 3)]);
  await w.gradcheck((x) => w.norm(x), [input([7], 4)]);
  using _ = w.scope();
  const n = 3_000_017;
  const ones = w.ones([n]);
  assert.is(await w.sum(ones).item(), n);
  assert.is(await w.mean(ones).item(), 1);
  const rows = w.tensor(
    Float32Array.from({ length: 5000 }, (_, i) => i % 1000),
    { shape: [5, 1000] },
  );
  assert.equal([...(await w.argmax(rows, 1).data())], [999, 999, 999, 999, 999]);
  assert.equal([...(await w.argmin(w.tensor([[3, 1, 1]]), 1).data())], [1]);
  assert.is(await w.sum(w.zeros([0])).item(), 0);
  assert.throws(() => w.amax(w.zeros([0])), /amax: \[0\] has no elements/);
});

test('permute, slice, concat, pad and their gradients', async () => {
  using _ = w.scope();
  const x = counting([2, 3, 4]);
  assert.equal(
    await w.permute(x, [2, 0, 1]).toArray(),
    [0, 1, 2, 3].map((k) => [0, 1].map((i) => [0, 1, 2].map((j) => i * 12 + j * 4 + k))),
  );
  assert.equal(await w.slice(x, [1], null, [3, 0, -2]).toArray(), [
    [
      [15, 13],
      [19, 17],
      [23, 21],
    ],
  ]);
  assert.equal(await w.slice(w.arange(5), [-2]).toArray(), [3, 4]);
  assert.equal(await w.concat([w.arange(2), w.arange(3)]).toArray(), [0, 1, 0, 1, 2]);
  assert.equal(await w.stack([w.arange(2), w.arange(2)], 1).toArray(), [
    [0, 0],
    [1, 1],
  ]);
  assert.equal(await w.pad(w.ones([1, 2]), [[1, 0]], 7).toArray(), [[7, 1, 1]]);
  assert.equal(w.flatten(x, 1).shape, [2, 12]);
  assert.equal(w.squeeze(w.unsqueeze(x, -1)).shape, [2, 3, 4]);
  await w.gradcheck((t) => w.permute(t, [1, 2, 0]), [x]);
  await w.gradcheck((t) => w.slice(t, null, [0, 3, 2], [-1, 0, -1]), [x]);
  await w.gradcheck((a, b) => w.concat([a, b, a], 1), [input([2, 3], 5), input([2, 1], 6)]);
  await w.gradcheck(
    (t) =>
      w.pad(t, [
        [0, 2],
        [1, 1],
      ]),
    [x],
  );
  await w.gradcheck((t) => w.mul(w.broadcastTo(t, [4, 3]), w.broadcastTo(t, [4, 3])), [input([3], 7)]);
});

test('dtypes: casts, and f32 ops refuse the rest', async () => {
  using _ = w.scope();
  assert.equal([...(await w.cast(w.tensor(Uint8Array.of(1, 2, 3, 255, 128)), 'f32').data())], [1, 2, 3, 255, 128]);
  assert.equal([...(await w.cast(w.tensor([1.9, -1.9]), 'i32').data())], [1, -1]);
  assert.equal([...(await w.full([3], 7, { dtype: 'u8' }).data())], [7, 7, 7]);
  assert.throws(() => w.relu(w.tensor(Int32Array.of(1))), /relu: takes f32 or f16, got i32 \[1\]; cast it first/);
  assert.throws(() => w.tensor(Int32Array.of(1), { requiresGrad: true }), /only floats can require a gradient/);
});

test('shapes that do not fit are refused with their shapes', () => {
  using _ = w.scope();
  const x = w.zeros([2, 3]);
  assert.throws(() => w.add(x, w.zeros([4])), /add: \[2, 3\] and \[4\] do not broadcast \(3 against 4\)/);
  assert.throws(() => w.reshape(x, [4, -1]), /reshape: \[2, 3\] \(6 elements\) does not fit \[4, -1\]/);
  assert.throws(() => w.permute(x, [0, 0]), /permute: \[0, 0\] does not name each dimension of \[2, 3\] once/);
  assert.throws(() => w.concat([x, w.zeros([2, 4])]), /concat: \[2, 4\] f32 does not join \[2, 3\] f32 along dim 0/);
  assert.throws(() => w.slice(x, [0, 1, 0]), /slice: step 0/);
  assert.throws(
    () => w.crossEntropy(x, w.zeros([2])),
    /target is class numbers, i32 \[2\], or probabilities, f32 .*; got f32 \[2\]$/,
  );
  assert.throws(
    () => w.crossEntropy(x, w.zeros([3], { dtype: 'i32' })),
    /target is class numbers, i32 \[2\].*; got i32 \[3\]$/,
  );
  assert.throws(() => w.mseLoss(x, w.zeros([3, 2])), /mseLoss: input \[2, 3\] and target \[3, 2\] differ/);
});

test('equal largest and smallest elements share the gradient', async () => {
  for (const [op, values, expected] of [
    [w.amax, [2, 2, 1, 0, 0, 3, 3, 3], [1 / 2, 1 / 2, 0, 0, 0, 1 / 3, 1 / 3, 1 / 3]],
    [w.amin, [5, 2, 2, 2, 4, 4, 4, 4], [0, 1 / 3, 1 / 3, 1 / 3, 1 / 4, 1 / 4, 1 / 4, 1 / 4]],
  ] as const) {
    const x = w.tensor(Float32Array.from(values), { shape: [2, 4], requiresGrad: true });
    op(x, 1).backward(w.tensor([1, 1]));
    assertClose(await x.grad!.data(), expected);
  }
});

test('long reductions of several rows, in the middle dimension', async () => {
  using _ = w.scope();
  const [outer, length, inner] = [3, 1300, 2];
  const values = Float32Array.from({ length: outer * length * inner }, (_, i) => ((i * 7919) % 2003) / 8);
  const x = w.tensor(values, { shape: [outer, length, inner] });
  const columns = Array.from({ length: outer * inner }, (_, c) =>
    Array.from({ length }, (_, r) => values[(Math.floor(c / inner) * length + r) * inner + (c % inner)]),
  );
  const sums = columns.map((column) => column.reduce((a, b) => a + b, 0));
  const means = sums.map((sum) => sum / length);
  const spreads = columns.map((column, c) => column.reduce((a, v) => a + (v - means[c]) ** 2, 0) / (length - 1));
  assertClose(await w.sum(x, 1).data(), sums, { what: 'sum', terms: length });
  assertClose(await w.mean(x, 1).data(), means, { what: 'mean', terms: length });
  assertClose(await w.variance(x, 1).data(), spreads, { what: 'variance', terms: length });
  assert.equal(
    [...(await w.amax(x, 1).data())],
    columns.map((column) => Math.max(...column)),
  );
  assert.equal(
    [...(await w.amin(x, 1).data())],
    columns.map((column) => Math.min(...column)),
  );
});

test('sine and cosine, and their gradients, stay exact far from zero', async () => {
  const values = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) * 5.0123).map((v, i) =>
    i % 3 ? v : v / 1e3,
  );
  const exact = (f: (v: number) => number) => Array.from(values, f);
  for (const [op, f, slope] of [
    [w.sin, Math.sin, Math.cos],
    [w.cos, Math.cos, (v: number) => -Math.sin(v)],
  ] as const) {
    using _ = w.scope();
    const x = w.tensor(values, { requiresGrad: true });
    const y = op(x);
    w.sum(y).backward();
    assertClose(await y.data(), exact(f), { what: op.name });
    assertClose(await x.grad!.data(), exact(slope), { what: `gradient of ${op.name}` });
  }
});

test.run();
