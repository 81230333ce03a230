// Who owns a gradient, and what may be one.
import * as assert from 'uvu/assert';
import {
  DtypeError,
  keep,
  memory,
  mul,
  parameter,
  SGD,
  ShapeError,
  scope,
  square,
  sum,
  type Tensor,
  tensor,
  UsageError,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('tensor/gradient');
test.before(useDevice);

const backward = (w: Tensor) => sum(square(w)).backward();

for (const [where, step] of [
  ['in a scope', (body: () => void) => scope(body)],
  ['outside of all', (body: () => void) => body()],
] as const) {
  test(`p.grad = null fifty times, ${where}: memory stays the same`, async () => {
    const w = parameter(tensor([1, 2, 3]));
    const live: number[] = [];
    for (let i = 0; i < 50; i++) {
      step(() => {
        w.grad = null;
        scope(() => backward(w));
      });
      live.push(memory().liveBuffers);
    }
    assert.equal(new Set(live).size, 1);
    assert.equal([...(await w.grad!.data())], [2, 4, 6]);
    w.grad = null;
    w.dispose();
    assert.is(memory().liveBuffers, live[0] - 2);
  });
}

test('a gradient that was taken off lives as long as the scope, and may be put back', async () => {
  const [a, b] = [parameter(tensor([1])), parameter(tensor([10]))];
  const live = memory().liveBuffers;
  scope(() => backward(a));
  scope(() => backward(b));
  const exchange = scope();
  [a.grad, b.grad] = [b.grad, a.grad];
  const taken = a.grad!;
  a.grad = null;
  const values = [taken.data(), b.grad!.data()];
  exchange.close();
  assert.equal(
    (await Promise.all(values)).map(([v]) => v),
    [20, 2],
  );
  assert.ok(taken.disposed);
  assert.not(b.grad!.disposed);
  assert.is(memory().liveBuffers, live + 1);
  for (const p of [a, b]) p.dispose();
  b.grad = null;
});

test('a gradient that was set belongs to its tensor: it outlives the scope it was made in', async () => {
  const w = parameter(tensor([1, 2]));
  const rule = new SGD([w], { lr: 1 });
  scope(() => {
    backward(w);
    w.grad = mul(w.grad!, 0.5);
  });
  rule.step();
  assert.equal([...(await w.data())], [0, 0]);
  scope(() => backward(w)); // adds zeros to it
  assert.equal([...(await w.grad!.data())], [1, 2]);
  rule.dispose();
  w.dispose();
});

test('the gradient of an input goes with its scope, moves with it, and may be taken out', async () => {
  const live = memory().liveBuffers;
  const taken: Tensor[] = [];
  for (let i = 0; i < 20; i++) {
    using _picture = scope();
    const x = tensor([i, 1], { requiresGrad: true });
    scope(() => backward(x)); // from inside: it is the input's scope that counts
    assert.not(x.grad!.disposed);
    if (i === 3) taken.push(keep(x.grad!));
  }
  taken.push(
    scope(() => {
      const x = tensor([7, 1], { requiresGrad: true });
      backward(x);
      return x.grad!;
    }),
  );
  const x = scope(() => {
    const inner = tensor([9, 1], { requiresGrad: true });
    backward(inner);
    return inner;
  });
  taken.push(x.grad!);
  assert.is(memory().liveBuffers, live + 4); // three gradients, and x
  assert.equal(
    (await Promise.all(taken.map((t) => t.data()))).map(([v]) => v),
    [6, 14, 18],
  );
  for (const t of [...taken, x]) t.dispose();
  assert.is(memory().liveBuffers, live);
});

test('what cannot be a gradient is refused', () => {
  using _ = scope();
  const w = parameter(tensor([1, 2]));
  const refuses = (value: unknown, kind: typeof UsageError, message: RegExp) =>
    assert.throws(
      () => {
        w.grad = value as Tensor;
      },
      (e: unknown) => e instanceof kind && message.test(e.message),
    );
  refuses(tensor([1, 2, 3]), ShapeError, /^grad: \[3\] cannot be the gradient of parameter \[2\]/);
  refuses(tensor([[1, 2]]), ShapeError, /^grad: \[1, 2\] cannot be/);
  refuses(tensor(Int32Array.of(1, 2)), DtypeError, /^grad: the gradient of f32 is f32, got i32/);
  refuses([1, 2], UsageError, /^grad: is a tensor or null, got \[1, 2\]/);
  assert.is(w.grad, null);
  w.dispose();
});

test('requiresGrad is true or false, of floats, and not taken from what was computed', () => {
  using _ = scope();
  const set = (t: Tensor, on: unknown) => () => {
    t.requiresGrad = on as boolean;
  };
  const w = parameter(tensor([1, 2]));
  const throws = (body: () => void, kind: typeof UsageError, message: RegExp) =>
    assert.throws(body, (e: unknown) => e instanceof kind && message.test(e.message));
  throws(set(tensor(Int32Array.of(1)), true), DtypeError, /only floats can require a gradient, this is i32/);
  throws(set(w, 1), UsageError, /^requiresGrad: is true or false, got 1/);
  throws(set(square(w), false), UsageError, /^requiresGrad: square \[2\] was computed .* detach\(\)/);
  throws(() => parameter(tensor(Int32Array.of(1))), DtypeError, /^parameter: only f32 can be trained/);
  throws(() => parameter([1, 2] as never), UsageError, /^parameter: takes a tensor, got \[1, 2\]/);
  w.requiresGrad = false;
  assert.not(square(w).requiresGrad);
  w.requiresGrad = true;
  assert.ok(square(w).requiresGrad);
  w.dispose();
});

test.run();
