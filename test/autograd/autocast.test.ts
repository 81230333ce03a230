// Mixed precision: which op computes in which dtype, what its gradients are, what is left behind, and what is said.
import * as assert from 'uvu/assert';
import * as w from '../../src/index.js';
import { useHalf } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('autograd/autocast');
test.before(useHalf);

const f32 = (shape: number[] = [2, 2], requiresGrad = false) =>
  w.tensor(
    Float32Array.from({ length: w.sizeOf(shape) }, (_, i) => 0.25 + i / 8),
    { shape, requiresGrad },
  );
const f16 = (shape?: number[]) => w.cast(f32(shape), 'f16');

/** PyTorch's list for CUDA: what gives f16 of f32, what gives f32 of f16, and what keeps the dtype that it gets. */
const lowered: Record<string, (of: (shape?: number[]) => w.Tensor) => w.Tensor> = {
  matmul: (of) => w.matmul(of(), of()),
  linear: (of) => w.linear(of(), of(), of([2])),
  conv2d: (of) => w.conv2d(of([1, 2, 4, 4]), of([3, 2, 3, 3]), of([3])),
};
const raised: Record<string, (x: w.Tensor) => w.Tensor> = {
  softmax: (x) => w.softmax(x),
  logSoftmax: (x) => w.logSoftmax(x),
  exp: w.exp,
  log: w.log,
  pow: (x) => w.pow(x, 3),
  softplus: w.softplus,
  sum: (x) => w.sum(x),
  norm: (x) => w.norm(x),
  variance: (x) => w.variance(x),
  mseLoss: (x) => w.mseLoss(x, x),
  l1Loss: (x) => w.l1Loss(x, x),
  binaryCrossEntropyWithLogits: (x) => w.binaryCrossEntropyWithLogits(x, x),
  crossEntropy: (x) => w.crossEntropy(x, w.tensor(Int32Array.of(0, 1))),
};
const kept: Record<string, (x: w.Tensor) => w.Tensor> = {
  relu: w.relu,
  sigmoid: w.sigmoid,
  gelu: w.gelu,
  add: (x) => w.add(x, x),
  mean: (x) => w.mean(x),
  amax: (x) => w.amax(x),
  maximum: (x) => w.maximum(x, x),
  dropout: (x) => w.dropout(x, 0.5),
  reshape: (x) => w.reshape(x, [4]),
  maxPool2d: (x) => w.maxPool2d(w.reshape(x, [1, 1, 2, 2]), { kernelSize: 2 }),
};

test('products give f16', () => {
  using _ = w.scope();
  for (const [name, op] of Object.entries(lowered)) {
    assert.is(w.autocast('f16', () => op(f32)).dtype, 'f16', name);
    assert.is(op(f32).dtype, 'f32', `${name}, outside`);
    assert.is(w.autocast('f16', () => op(f16)).dtype, 'f16', `${name} of f16`);
  }
});

test('what needs the range of f32 gives f32', () => {
  using _ = w.scope();
  for (const [name, op] of Object.entries(raised)) {
    assert.is(w.autocast('f16', () => op(f16())).dtype, 'f32', name);
    assert.is(op(f16()).dtype, 'f16', `${name}, outside`);
  }
});

test('other ops keep what they get, and f32 where both meet', () => {
  using _ = w.scope();
  for (const [name, op] of Object.entries(kept)) {
    assert.is(w.autocast('f16', () => op(f16())).dtype, 'f16', name);
    assert.is(w.autocast('f16', () => op(f32())).dtype, 'f32', `${name} of f32`);
  }
  for (const op of [w.add, w.sub, w.mul, w.div, w.maximum, w.minimum, w.eq, w.lt]) {
    assert.is(w.autocast('f16', () => op(f16(), f32())).dtype, 'f32');
    assert.is(op(f16(), f32()).dtype, 'f32');
  }
});

test('a sum beyond f16 is a number inside, and infinite outside', async () => {
  using _ = w.scope();
  const x = w.full([100], 1000, { dtype: 'f16' });
  const values = [w.autocast('f16', () => w.sum(x)), w.sum(x)].map((t) => t.item());
  assert.equal(await Promise.all(values), [100_000, Number.POSITIVE_INFINITY]);
});

test('f32 switches it off inside, and an error leaves it as it was', () => {
  using _ = w.scope();
  const product = () => w.matmul(f32(), f32()).dtype;
  w.autocast('f16', () => {
    assert.is(product(), 'f16');
    assert.is(w.autocast('f32', product), 'f32');
    assert.throws(() => w.autocast('f32', () => w.matmul(f32([2]), f32([3]))), /meet/);
    assert.is(product(), 'f16');
  });
  assert.throws(() => w.autocast('f16', () => w.matmul(f32([2]), f32([3]))), /meet/);
  assert.is(product(), 'f32');
});

/** The loss of a small network, and its gradients. */
async function gradients(step: (loss: () => w.Tensor) => void): Promise<Record<string, Float32Array>> {
  using _ = w.scope();
  const leaf = (...shape: number[]) => w.tensor(seeded(w.sizeOf(shape), shape.length), { shape, requiresGrad: true });
  const leaves = { weight: leaf(3, 2, 3, 3), bias: leaf(3), dense: leaf(2, 12), x: leaf(1, 2, 4, 4) };
  step(() => {
    const maps = w.relu(w.conv2d(leaves.x, leaves.weight, leaves.bias));
    return w.crossEntropy(w.linear(w.reshape(maps, [1, 12]), leaves.dense), w.tensor(Int32Array.of(1)));
  });
  const found: Record<string, Float32Array> = {};
  for (const [name, t] of Object.entries(leaves)) {
    assert.is(t.grad?.dtype, 'f32', name);
    found[name] = await t.grad!.data();
    t.grad!.dispose();
  }
  return found;
}

test('gradients of f32 are f32, and those of f32 arithmetic to what f16 rounds', async () => {
  const exact = await gradients((loss) => loss().backward());
  const half = await gradients((loss) => w.autocast('f16', loss).backward());
  for (const [name, wanted] of Object.entries(exact)) {
    const most = Math.max(...wanted.map(Math.abs));
    assert.ok(most > 0, `${name} is 0`);
    half[name].forEach((v, i) => {
      assert.ok(Math.abs(v - wanted[i]) <= 8 * 2 ** -11 * most, `${name} ${i}: ${v}, in f32 ${wanted[i]}`);
    });
    assert.ok(
      half[name].some((v, i) => v !== wanted[i]),
      `${name} is that of f32`,
    );
  }
});

test('backward() inside the body computes the same bits', async () => {
  const outside = await gradients((loss) => w.autocast('f16', loss).backward());
  const inside = await gradients((loss) => w.autocast('f16', () => loss().backward()));
  assert.equal(inside, outside);
});

test('a parameter that was written is read anew', async () => {
  using _ = w.scope();
  const [x, weight] = [w.tensor([[1, 2]]), w.parameter(w.tensor([[1], [1]]))];
  const values = w.autocast('f16', () => {
    const before = w.matmul(x, weight).item();
    weight.set([3, 4]);
    return [before, w.matmul(x, weight).item()];
  });
  assert.equal(await Promise.all(values), [3, 11]);
  weight.dispose();
});

test('an op outside of all scopes leaves its result and nothing else, and a step its gradients', () => {
  const inputs = new Map<string, w.Tensor>();
  const given = (shape: number[] = [2, 2]) => {
    const made = inputs.get(`${shape}`) ?? f32(shape);
    inputs.set(`${shape}`, made);
    return made;
  };
  const x = w.tensor(
    [
      [1, 2],
      [3, 4],
    ],
    { dtype: 'f16' },
  );
  const labels = w.tensor(Int32Array.of(0, 1));
  const { crossEntropy: _crossEntropy, ...others } = raised; // which makes labels
  const calls: [string, () => w.Tensor][] = [
    ...Object.entries(lowered).map(([name, op]): [string, () => w.Tensor] => [name, () => op(given)]),
    ...Object.entries(others).map(([name, op]): [string, () => w.Tensor] => [name, () => op(x)]),
    ['crossEntropy', () => w.crossEntropy(x, labels)],
    ['add', () => w.add(x, given())],
  ];
  w.noGrad(() => {
    for (const [, op] of calls) w.autocast('f16', op).dispose(); // inputs are made
    for (const [name, op] of calls) {
      const before = w.memory().liveBuffers;
      w.autocast('f16', op).dispose();
      assert.is(w.memory().liveBuffers, before, name);
    }
  });
  const [weight, bias] = [w.parameter(f32()), w.parameter(f32([2]))];
  const before = w.memory().liveBuffers;
  {
    using _ = w.scope();
    w.autocast('f16', () => w.crossEntropy(w.relu(w.linear(given(), weight, bias)), labels)).backward();
  }
  assert.is(w.memory().liveBuffers, before + 2, 'two gradients');
  for (const t of [weight, bias, labels, x, ...inputs.values()]) t.dispose();
});

test('what is wrong is said', () => {
  using _ = w.scope();
  const fails = (call: () => unknown, kind: typeof w.WgradError, message: RegExp) =>
    assert.throws(call, (e: unknown) => e instanceof kind && message.test((e as Error).message));
  fails(() => w.autocast('bf16' as never, () => 1), w.UsageError, /^autocast: dtype is 'f16' or 'f32', got 'bf16'$/);
  fails(() => w.autocast('f16', 1 as never), w.UsageError, /^autocast: /);
  fails(
    () => w.autocast('f16', async () => 1),
    w.UsageError,
    /^autocast: the callback is an async function, and ops after its first await would be computed in f32/,
  );
  const both = /takes tensors of one dtype, got f16 \[2, 2\] and f32 \[2, 2\]; cast one/;
  fails(() => w.matmul(f16(), f32()), w.DtypeError, both);
  fails(() => w.linear(f16(), f32()), w.DtypeError, both);
  fails(() => w.sum(w.matmul(f16(), f16())).backward(f32([])), w.UsageError, /does not depend on any tensor/);
  const x = w.tensor([1, 2], { dtype: 'f16', requiresGrad: true });
  fails(() => w.mul(x, 2).backward(f32([2])), w.DtypeError, /^backward: the upstream gradient of f16 is f16, got f32/);
});

test.run();
