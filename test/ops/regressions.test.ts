// What test/ops/properties.test.ts and its soak run have found, each as a test of its own: the smallest case that failed.
import * as assert from 'uvu/assert';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { properties } from '../support/properties/index.js';
import type { Setting } from '../support/properties/trial.js';
import { suite } from '../support/suite.js';

const test = suite('ops/regressions');
test.before(useDevice);

/** Binding limits that hold `items` of the op's largest items. */
const limited = (items: number): Setting => ({ seed: 0, values: 'unit', items, needs: 7 });
const LINEAR = { leading: [0], features: 7, out: 97, bias: true, variant: 'chosen' as const };
const MATMUL = { batch: [2], aOnes: 1, bOnes: 0, aSkips: 0, bSkips: 0, vectors: 'none', variant: 'chosen' };

test('matmul: batches above the binding limit are broadcast and their gradients summed', () =>
  properties.matmul.check({ ...MATMUL, m: 31, n: 1, k: 4, setting: limited(1) }));

test('matmul: products that just fit a binding, but not where they start', () =>
  properties.matmul.check({ ...MATMUL, batch: [2, 3], aOnes: 0, m: 65, n: 12, k: 1, setting: limited(5) }));

test('matmul: a sum over a dimension of size 1, above the binding limit', () =>
  properties.matmul.check({ ...MATMUL, batch: [0, 2], bSkips: 1, m: 0, n: 8, k: 31, setting: limited(5) }));

test('linear: the gradients of no rows, in windows, are zero', () =>
  properties.linear.check({ ...LINEAR, setting: limited(1) }));

const shapeCase = { dims: 14, given: 'front', keepDim: false, correction: 0, setting: limited(0) };

test('amax and amin of nothing, where nothing is asked', async () => {
  await properties.amax.check({ ...shapeCase, shape: [0, 31] });
  await properties.amin.check({ ...shapeCase, shape: [0, 31] });
});

test('variance of single elements, of which there are none', () =>
  properties.variance.check({ ...shapeCase, dims: 2, correction: 1, shape: [0, 1] }));

test('mean of nothing is an error, not 0', () => {
  assert.throws(() => w.mean(w.zeros([0])), /^mean: \[0\] has no elements/);
});

test('argmax and argmin of a scalar', async () => {
  await properties.argmax.check({ ...shapeCase, shape: [] });
  await properties.argmin.check({ ...shapeCase, shape: [] });
});

test('where: the gradient does not grow with the condition', async () => {
  using _ = w.scope();
  const [a, b] = [1, 2].map((v) => w.full([3], v, { requiresGrad: true }));
  w.where(w.tensor([3, 0, -2]), a, b).backward(w.tensor([10, 20, 30]));
  assert.equal(await a.grad!.toArray(), [10, 0, 30]);
  assert.equal(await b.grad!.toArray(), [0, 20, 0]);
  for (const t of [a, b]) t.grad!.dispose();
});

test('pow: 0 to the power of 0 and of 1, and their gradients', async () => {
  using _ = w.scope();
  for (const [exponent, y, dx] of [
    [0, 1, 0],
    [1, 0, 1],
  ]) {
    const x = w.zeros([2], { requiresGrad: true });
    const power = w.pow(x, exponent);
    power.backward(w.ones([2]));
    assert.equal(await power.toArray(), [y, y]);
    assert.equal(await x.grad!.toArray(), [dx, dx]);
    x.grad!.dispose();
  }
});

test('silu: the most negative numbers give 0, and no gradient', async () => {
  using _ = w.scope();
  const x = w.full([2], -1e38, { requiresGrad: true });
  const y = w.silu(x);
  y.backward(w.ones([2]));
  for (const value of [...(await y.data()), ...(await x.grad!.data())]) assert.ok(Math.abs(value) < 1e-30, `${value}`);
  x.grad!.dispose();
});

test('clamp: bounds may be infinite, and a lower one above the upper gives the upper', async () => {
  using _ = w.scope();
  const x = w.tensor([-2, 0.5, 3]);
  assert.equal(await w.clamp(x, 0, Number.POSITIVE_INFINITY).toArray(), [0, 0.5, 3]);
  assert.equal(await w.clamp(x, Number.NEGATIVE_INFINITY, 1).toArray(), [-2, 0.5, 1]);
  assert.equal(await w.clamp(x, 2, 1).toArray(), [1, 1, 1]);
});

test('reshape: negative sizes that multiply to the right number are refused', () => {
  assert.throws(
    () => w.reshape(w.zeros([2, 3]), [-2, -3]),
    /^reshape: \[2, 3\] \(6 elements\) does not fit \[-2, -3\]/,
  );
});

test('concat: bytes and scalars are refused, not joined wrongly', () => {
  const bytes = w.tensor(new Uint8Array(3));
  assert.throws(() => w.concat([bytes, bytes]), /^concat: takes f32, f16 or i32, got u8/);
  assert.throws(() => w.concat([w.tensor(1), w.tensor(2)]), /^concat: scalars have no dimension/);
});

test('log of 0 and of what is below it, which WGSL leaves open', async () => {
  const y = await w.log(w.tensor([-1, 0, 1, Number.POSITIVE_INFINITY])).data();
  assert.equal([...y], [Number.NaN, Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY]);
});

test('a row of large finite logits beside minus infinity has a softmax', async () => {
  const row = w.tensor([3e38, 0, 3e38, -Infinity]);
  assert.equal(await w.softmax(row).toArray(), [0.5, 0, 0.5, 0]);
  assert.is((await w.logSoftmax(row).data())[3], -Infinity);
  const loss = w.crossEntropy(w.reshape(row, [1, 4]), w.tensor(Int32Array.of(2)));
  assert.ok(Math.abs((await loss.item()) - Math.LN2) < 1e-6);
});

test("running statistics at momentum 1 are the batch's", async () => {
  const [x, mean, variance] = [w.tensor([[0.66616279], [0.65774643]]), w.tensor([0.9]), w.tensor([1.7])];
  w.batchNorm(x, mean, variance, w.ones([1]), w.zeros([1]), { training: true, momentum: 1 });
  assert.ok(Math.abs((await variance.item()) - 3.5417557e-5) < 1e-10);
});

test.run();
