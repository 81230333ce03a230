import * as assert from 'uvu/assert';
import { add, mul } from '../../src/autograd/ops/arithmetic.js';
import { batchNorm } from '../../src/autograd/ops/batch-norm.js';
import { crossEntropy } from '../../src/autograd/ops/losses.js';
import { square } from '../../src/autograd/ops/pointwise.js';
import { sum } from '../../src/autograd/ops/reduce.js';
import { noGrad, record } from '../../src/autograd/tape.js';
import { memory } from '../../src/device/runtime.js';
import { scope } from '../../src/tensor/scope.js';
import { empty, type Tensor, tensor } from '../../src/tensor/tensor.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('autograd/tape');
test.before(useDevice);

test('a value used many times gathers all its gradients', async () => {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  {
    using _ = scope();
    sum(add(mul(x, x), mul(x, square(x)))).backward(); // x² + x³
  }
  assert.equal([...(await x.grad!.data())], [5, 16, 33]); // 2x + 3x²
});

test('gradients accumulate over passes, each leaf in memory of its own', async () => {
  const a = tensor([1, 2], { requiresGrad: true });
  const b = tensor([3, 4], { requiresGrad: true });
  for (let pass = 0; pass < 2; pass++) {
    using _ = scope();
    add(a, b).backward(tensor([1, 10]));
  }
  assert.equal([...(await a.grad!.data())], [2, 20]);
  assert.not(a.grad!.buffer === b.grad!.buffer);
});

test('two leaves of one op have gradients of their own from the first pass on', async () => {
  const a = tensor([1, 2], { requiresGrad: true });
  const b = tensor([3, 4], { requiresGrad: true });
  {
    using _ = scope();
    mul(add(a, b), 2).backward(tensor([1, 10]));
  }
  a.grad!.set([0, 0]);
  assert.equal([...(await b.grad!.data())], [2, 20]);
});

test('nothing is recorded under noGrad or without a tensor that requires a gradient', () => {
  using _ = scope();
  const x = tensor([1], { requiresGrad: true });
  assert.not(noGrad(() => square(x)).requiresGrad);
  assert.not(square(x.detach()).requiresGrad);
  assert.throws(() => square(tensor([1])).backward(), /square does not depend on any tensor with requiresGrad/);
});

test('an async function is no callback for noGrad', () => {
  assert.throws(
    () => noGrad(async () => {}),
    /^noGrad: the callback is an async function, and ops after its first await would be recorded/,
  );
});

test('what a gradient has to pass or needs must still be there: an error, never other numbers', async () => {
  const refused = (body: () => Tensor, message: RegExp) => {
    const y = body();
    assert.throws(() => y.backward(), message);
  };
  const w = tensor([1, 2], { requiresGrad: true });
  refused(() => scope(() => sum(mul(w, 2))), /^backward: mul \[2\] was disposed of \(its scope closed\?\)/);
  const gone = sum(mul(w, 2));
  gone.dispose();
  assert.throws(() => gone.backward(), /^backward: sum \[\] was disposed of/);
  assert.is(w.grad, null);

  const logits = tensor([[1, 2, 3]], { requiresGrad: true });
  const target = tensor(Int32Array.of(2));
  const loss = crossEntropy(logits, target);
  target.dispose();
  const reused = tensor(Int32Array.of(0));
  assert.throws(() => loss.backward(), /^tensor \[1\]: used after it was disposed of/);
  const x = tensor(new Float32Array(8).map(Math.sin), { shape: [4, 2], requiresGrad: true });
  const [ones, zeros] = [tensor([1, 1]), tensor([0, 0])];
  const normed = scope(() => batchNorm(x, tensor([0, 0]), tensor([1, 1]), ones, zeros, { training: true }));
  assert.throws(() => normed.backward(x), /^batchNorm \w+( std)? \[2\]: used after it was disposed of/);
  for (const t of [w, logits, reused, loss, x, ones, zeros, normed]) t.dispose();
});

test('a result that is not a scalar needs an upstream gradient of its shape', () => {
  using _ = scope();
  const y = square(tensor([1, 2], { requiresGrad: true }));
  assert.throws(() => y.backward(), /backward: \[2\] is not a scalar; pass the upstream gradient/);
  assert.throws(() => y.backward(tensor([1])), /upstream gradient \[1\] for a result \[2\]/);
});

test('a gradient of the wrong shape names the op', () => {
  using _ = scope();
  const x = tensor([1, 2], { requiresGrad: true });
  const y = record('crooked', empty([2]), [x], () => [() => empty([3])]);
  assert.throws(() => y.backward(tensor([1, 1])), /crooked: gradient 0 is \[3\], its input \[2\]/);
});

test('only the gradients that are needed are computed', () => {
  using _ = scope();
  const x = tensor([1], { requiresGrad: true });
  let asked = '';
  const thunk = (name: string) => () => {
    asked += name;
    return tensor([1]);
  };
  record('pair', empty([1]), [x, tensor([2])], () => [thunk('x'), thunk('y')]).backward();
  assert.is(asked, 'x');
});

test('a pass leaves nothing behind but the leaves’ gradients', () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const step = () => {
    using _ = scope();
    sum(mul(square(x), x)).backward();
  };
  step();
  const before = memory().liveBuffers;
  for (let i = 0; i < 3; i++) step();
  assert.is(memory().liveBuffers, before);
});

test.run();
