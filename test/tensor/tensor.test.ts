import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import { UsageError } from '../../src/device/errors.js';
import { memory } from '../../src/device/runtime.js';
import { keep, scope } from '../../src/tensor/scope.js';
import { broadcastShapes, normalizeDims, stridesOf } from '../../src/tensor/shape.js';
import { alias, empty, parameter, type Tensor, tensor } from '../../src/tensor/tensor.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('tensor');
test.before(useDevice);

test('values go to the GPU and come back', async () => {
  using _ = scope();
  const nested = [
    [1, 2, 3],
    [4, 5, 6],
  ];
  const t = tensor(nested);
  assert.equal(t.shape, [2, 3]);
  assert.equal(await t.toArray(), nested);
});

test('typed arrays keep their dtype; u8 is packed and unpacked', async () => {
  const i = tensor(Int32Array.of(-1, 2, 3));
  const b = tensor(Uint8Array.of(1, 2, 3, 255, 7), { shape: [5, 1] });
  assert.equal([i.dtype, b.dtype], ['i32', 'u8']);
  assert.equal(await i.data(), Int32Array.of(-1, 2, 3));
  assert.equal(await b.data(), Uint8Array.of(1, 2, 3, 255, 7));
  i.dispose();
  b.dispose();
});

test('scalars, and item() on anything else', async () => {
  using _ = scope();
  assert.is(await tensor(2.5).item(), 2.5);
  const refused = await tensor([1, 2])
    .item()
    .catch((e: Error) => e);
  assert.match((refused as Error).message, /item: needs one element, this is \[2\]/);
});

test('ragged lists and wrong shapes are refused', () => {
  assert.throws(() => tensor([[1, 2], [3]]), /tensor: the nested lists are ragged \(expected \[2, 2\]\)/);
  assert.throws(() => tensor(new Float32Array(5), { shape: [2, 3] }), /5 values do not fill \[2, 3\] \(6 elements\)/);
  assert.throws(() => empty([2, -1]), /\[2, -1\] is not a shape/);
});

test('a scope disposes of what was made inside; keep moves one scope out', () => {
  const before = memory().liveBuffers;
  let kept: Tensor;
  {
    using _outer = scope();
    {
      using _inner = scope();
      tensor([1]);
      kept = keep(tensor([2]));
    }
    assert.not(kept.disposed);
    assert.is(memory().liveBuffers, before + 1);
  }
  assert.ok(kept.disposed);
  assert.throws(() => kept.buffer, /used after it was disposed of/);
  assert.is(memory().liveBuffers, before);
});

test('the callback form keeps its result', async () => {
  const t = scope(() => {
    tensor([1]);
    return tensor([5]);
  });
  assert.is(await t.item(), 5);
  t.dispose();
});

test('the callback form leaves a result alone that belongs further out', () => {
  const outer = scope();
  const x = tensor([1, 2]);
  const same = scope(() => scope(() => x));
  assert.is(same, x);
  assert.is(x.scope, outer);
  outer.close();
  assert.ok(x.disposed);
});

test('scopes closed out of order are refused', () => {
  const outer = scope();
  const inner = scope();
  assert.throws(() => outer.close(), /closed out of order/);
  inner.close();
  outer.close();
});

test('a scope that is open during an await, with others at work: an error, and no scope stays open', async () => {
  const before = memory().liveBuffers;
  const closed: Tensor[] = [];
  const careless = async (turns: number) => {
    using _ = scope();
    closed.push(tensor([1]));
    for (let i = 0; i < turns; i++) await Promise.resolve();
    closed.push(tensor([2]));
  };
  const [first, second] = await Promise.allSettled([careless(1), careless(5)]);
  assert.is(first.status, 'rejected');
  assert.instance((first as PromiseRejectedResult).reason, UsageError);
  assert.match((first as PromiseRejectedResult).reason.message, /closed out of order; .* do not await inside one/);
  assert.is(second.status, 'fulfilled');
  assert.ok(closed.length === 4 && closed.every((t) => t.disposed));
  const outside = tensor([3]);
  assert.is(outside.scope, null);
  outside.dispose();
  assert.is(memory().liveBuffers, before);
});

test('an async function is no callback for a scope', () => {
  let ran = false;
  const body = async () => {
    ran = true;
  };
  assert.throws(() => scope(body), /scope: the callback is an async function.*await what they return outside/);
  assert.not(ran);
});

test('parameters live outside scopes; aliases share memory', async () => {
  const before = memory().liveBuffers;
  let p: Tensor;
  {
    using _ = scope();
    p = parameter(tensor([1, 2]));
  }
  assert.ok(p.requiresGrad && !p.disposed);
  const again = alias(p, [2, 1]);
  p.dispose();
  assert.equal(await again.toArray(), [[1], [2]]);
  again.dispose();
  assert.is(memory().liveBuffers, before);
});

test('printed, it says what it is', () => {
  const x = tensor([[1, 2]]);
  assert.is(String(x), 'Tensor [1, 2] f32 (tensor)');
  assert.is(inspect({ x }), '{ x: Tensor [1, 2] f32 (tensor) }');
  const y = empty([3], 'i32', 'labels');
  y.dispose();
  assert.is(`${y}`, 'Tensor [3] i32 (labels, disposed of)');
});

test('shapes: strides, broadcasting, dimensions', () => {
  assert.equal(stridesOf([2, 3, 4]), [12, 4, 1]);
  assert.equal(broadcastShapes('add', [4, 1], [6]), [4, 6]);
  assert.equal(broadcastShapes('add', [], [2, 0]), [2, 0]);
  assert.throws(() => broadcastShapes('add', [2], [3]), /add: \[2\] and \[3\] do not broadcast \(2 against 3\)/);
  assert.equal(normalizeDims('sum', [-1, 0], 3), [0, 2]);
  assert.throws(() => normalizeDims('sum', [1, -2], 3), /dim 1 is named twice/);
  assert.throws(() => normalizeDims('sum', 3, 3), /dim 3 is out of range for a tensor with 3 dimensions/);
});

test.run();
