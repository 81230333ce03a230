// Hooks around `forward`, as PyTorch's.
import * as assert from 'uvu/assert';
import {
  add,
  Linear,
  Module,
  mul,
  ReLU,
  Sequential,
  scope,
  sum,
  summary,
  type Tensor,
  tensor,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('layers/hooks');
test.before(useDevice);

class Plus extends Module<[Tensor, Tensor]> {
  forward(a: Tensor, b: Tensor): Tensor {
    return add(a, b);
  }
}

test('hooks see inputs and outputs, in order, until they are removed', () => {
  using _ = scope();
  const [plus, a, b] = [new Plus(), tensor([1]), tensor([2])];
  const seen: string[] = [];
  const before = plus.registerForwardPreHook((module, inputs) => {
    assert.ok(module === plus && inputs[0] === a && inputs[1] === b);
    seen.push('before');
  });
  const first = plus.registerForwardHook((module, inputs, output) => {
    assert.ok(module === plus && inputs[0] === a && inputs[1] === b && output.label === 'add');
    seen.push('first');
  });
  plus.registerForwardHook(() => void seen.push('second'));
  plus.forward(a, b);
  assert.equal(seen, ['before', 'first', 'second']);
  first.remove();
  first.remove();
  before.remove();
  plus.forward(a, b);
  assert.equal(seen.slice(3), ['second']);
});

test('what a hook returns takes the place of inputs and output', async () => {
  using _ = scope();
  const plus = new Plus();
  plus.registerForwardPreHook((_module, [a, b]) => [mul(a, 10), b]);
  plus.registerForwardHook((_module, [a], output) => {
    assert.is(a.label, 'mul', 'a later hook sees what an earlier one gave');
    return mul(output, 2);
  });
  assert.equal([...(await plus.forward(tensor([1]), tensor([2])).data())], [24]);
});

test('features and their gradients are taken with a hook, by a block that takes it off again', async () => {
  using _ = scope();
  const net = new Sequential({ fc: new Linear(2, 3), relu: new ReLU(), out: new Linear(3, 1) });
  const [, [, rectified], [, out]] = net.children();
  let features: Tensor | undefined;
  {
    using _hook = rectified.registerForwardHook((_module, _inputs, output: Tensor) => {
      features = output.detach();
      features.requiresGrad = true;
      return features;
    });
    sum(net.forward(tensor([[1, -2]]))).backward();
  }
  const weight = (out as Linear).weight;
  assert.equal([...(await features!.grad!.data())], [...(await weight.data())]);
  const before = features;
  net.forward(tensor([[1, -2]]));
  assert.is(features, before);
  net.dispose();
});

test('a forward that is a field gets its hooks as well, and hooks go round once', () => {
  class Field extends Module {
    readonly forward = (x: Tensor): Tensor => mul(x, 2);
  }
  class Deeper extends Plus {
    override forward(a: Tensor, b: Tensor): Tensor {
      return super.forward(super.forward(a, b), b);
    }
  }
  using _ = scope();
  let calls = 0;
  for (const module of [new Field(), new Deeper()] as Module<[Tensor, Tensor]>[]) {
    module.registerForwardHook(() => void calls++);
    module.registerForwardHook(() => void calls++);
    module.forward(tensor([1]), tensor([1]));
  }
  assert.is(calls, 4);
});

test('hooks are no parts: state, summary and modes are as without', () => {
  const net = new Sequential({ fc: new Linear(2, 3) });
  const [before, state] = [summary(net, [2]), Object.keys(net.stateDict())];
  let calls = 0;
  net.children()[0][1].registerForwardHook(() => void calls++);
  assert.is(summary(net, [2]), before);
  assert.is(calls, 1);
  assert.equal(Object.keys(net.stateDict()), state);
  net.dispose();
});

test('what is no function is refused, and what a hook throws reaches the caller', () => {
  using _ = scope();
  const plus = new Plus();
  assert.throws(() => plus.registerForwardHook(3 as never), /^registerForwardHook: hook is a function, got 3/);
  assert.throws(() => plus.registerForwardPreHook(null as never), /^registerForwardPreHook: hook/);
  plus.registerForwardHook(() => {
    throw new RangeError('mine');
  });
  assert.throws(() => plus.forward(tensor([1]), tensor([2])), /^mine$/);
});

test.run();
