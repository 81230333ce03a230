// A network in checkpoints gives the same bits as without, for less memory.
import * as assert from 'uvu/assert';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('autograd/checkpoint');
test.before(useDevice);

class Block extends w.Module {
  readonly conv: w.Conv2d;
  readonly norm: w.BatchNorm2d;
  readonly drop = new w.Dropout(0.3);

  constructor(from: number, to: number) {
    super();
    this.conv = new w.Conv2d(from, to, 3, { padding: 1 });
    this.norm = new w.BatchNorm2d(to);
  }

  override forward(x: w.Tensor): w.Tensor {
    return this.drop.forward(w.relu(this.norm.forward(this.conv.forward(x))));
  }
}

type Run = (block: Block, x: w.Tensor) => w.Tensor;

/** Losses, gradients and statistics of three steps of two blocks and a head. */
async function trained(run: Run, { half = false, inner = false } = {}): Promise<Record<string, number[]>> {
  w.manualSeed(7);
  const [one, two, head] = [new Block(3, 4), new Block(4, 5), new w.Linear(5 * 36, 3)];
  const modules = [one, two, head];
  const images = w.randn([4, 3, 6, 6], { requiresGrad: inner });
  const labels = w.tensor(Int32Array.of(0, 1, 2, 1));
  const params = modules.flatMap((m) => m.parameters());
  const optimizer = new w.SGD(params, { lr: 0.1, momentum: 0.9 });
  const seen: Record<string, number[]> = {};
  for (let step = 0; step < 3; step++) {
    optimizer.zeroGrad();
    const loss = w.scope(() => {
      const forward = () => w.crossEntropy(head.forward(w.flatten(run(two, run(one, images)), 1)), labels);
      const value = half ? w.autocast('f16', forward) : forward();
      value.backward();
      return value.item();
    });
    optimizer.step();
    seen[`loss ${step}`] = [await loss];
  }
  for (const [i, p] of params.entries()) {
    seen[`parameter ${i}`] = [...(await p.data())];
    seen[`gradient ${i}`] = [...(await p.grad!.data())];
  }
  for (const [i, { norm }] of [one, two].entries()) {
    seen[`mean ${i}`] = [...(await norm.runningMean.data())];
    seen[`variance ${i}`] = [...(await norm.runningVar.data())];
  }
  if (inner) seen.images = [...(await images.grad!.data())];
  seen.after = [...(await w.rand([3]).data())]; // the generator stands where it would
  for (const t of [images, labels]) t.dispose();
  optimizer.dispose();
  for (const m of modules) m.dispose();
  return seen;
}

const kept: Run = (block, x) => block.forward(x);
const repeated: Run = (block, x) => w.checkpoint((t) => block.forward(t), x);
const nested: Run = (block, x) => w.checkpoint((t) => w.checkpoint((u) => block.forward(u), t), x);

for (const [what, how] of Object.entries({
  f32: {},
  'mixed precision': { half: true },
  'a gradient of the input': { inner: true },
})) {
  test(`the same bits with and without: ${what}`, async () => {
    if (what === 'mixed precision' && !w.features().has('shader-f16')) return;
    const expected = await trained(kept, how);
    assert.ok(Object.values(expected).flat().every(Number.isFinite));
    assert.equal(await trained(repeated, how), expected);
    assert.equal(await trained(nested, how), expected);
  });
}

test('what lies inside is not kept, and nothing is left behind', async () => {
  const x = w.randn([256, 256], { requiresGrad: true });
  const deep = (t: w.Tensor) => Array.from({ length: 8 }).reduce<w.Tensor>((y) => w.tanh(y), t);
  const live = () => w.memory().liveBytes;
  const before = live();
  const step = w.scope();
  const y = w.checkpoint(deep, x);
  assert.is(live() - before, x.size * 4);
  y.backward(w.onesLike(y));
  step.close();
  assert.is(live() - before, x.size * 4); // the gradient
  x.dispose();
});

test('a layer that is used in several pieces gets the sum of its gradients, a frozen one none', async () => {
  using _ = w.scope();
  const gradients = async (run: (f: (x: w.Tensor) => w.Tensor, x: w.Tensor) => w.Tensor) => {
    w.manualSeed(3);
    const [tied, frozen, x] = [new w.Linear(4, 4), new w.Linear(4, 4), w.randn([5, 4])];
    w.freeze(frozen);
    const piece = (t: w.Tensor) => w.tanh(tied.forward(w.tanh(frozen.forward(w.tanh(tied.forward(t))))));
    w.sum(run(piece, run(piece, x))).backward();
    assert.is(frozen.weight.grad, null);
    const [weight, bias] = await Promise.all([tied.weight.grad!.data(), tied.bias!.grad!.data()]);
    for (const layer of [tied, frozen]) layer.dispose();
    return [...weight, ...bias];
  };
  const expected = await gradients((f, x) => f(x));
  assertClose(await gradients((f, x) => w.checkpoint(f, x)), expected, { terms: 20 });
});

test('tensors from outside that the function uses get their gradients', async () => {
  using _ = w.scope();
  const a = w.tensor([2, 3], { requiresGrad: true });
  const b = w.tensor([5, 7], { requiresGrad: true });
  const outside = w.mul(b, 10);
  const y = w.checkpoint((x) => w.mul(w.mul(x, outside), x), a);
  w.sum(y).backward();
  assert.equal([...(await a.grad!.data())], [2 * 2 * 50, 2 * 3 * 70]);
  assert.equal([...(await b.grad!.data())], [4 * 10, 9 * 10]);
});

test('a function of nothing that is trained, one that gives its input, and no recording', async () => {
  using _ = w.scope();
  const x = w.tensor([1, 2]);
  assert.not(w.checkpoint((t) => w.mul(t, 2), x).requiresGrad);
  const v = w.tensor([3, 4], { requiresGrad: true });
  assert.is(
    w.checkpoint((t) => t, v),
    v,
  );
  const plain = w.noGrad(() => w.checkpoint((t) => w.mul(t, 2), v));
  assert.not(plain.requiresGrad);
  assert.equal(await plain.toArray(), [6, 8]);
});

test('an input that was overwritten in between, and what is no function of tensors, are refused', () => {
  using _ = w.scope();
  const v = w.tensor([3, 4], { requiresGrad: true });
  const x = w.tensor([3, 4]);
  const y = w.sum(w.checkpoint((t) => w.mul(t, v), x));
  x.set([5, 6]);
  assert.throws(() => y.backward(), /as it was in the forward pass, and set\(\) has overwritten it since/);
  assert.throws(
    () => w.checkpoint((async (t: w.Tensor) => t) as never, v),
    /^checkpoint: the callback is an async function/,
  );
  assert.throws(
    () => w.checkpoint((() => 3) as never, v),
    /^checkpoint: what the function gives: takes a tensor, got 3/,
  );
  assert.throws(() => w.checkpoint((t: w.Tensor) => t, 3 as never), /^checkpoint: takes a tensor, got 3/);
});

test.run();
