// Frozen parameters are parameters: only training passes over them.
import * as assert from 'uvu/assert';
import {
  BatchNorm1d,
  crossEntropy,
  freeze,
  Linear,
  type Module,
  memory,
  ReLU,
  Sequential,
  SGD,
  scope,
  sum,
  tensor,
  UsageError,
  unfreeze,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('layers/freeze');
test.before(useDevice);

const newNet = () =>
  new Sequential({
    features: new Sequential({ fc1: new Linear(3, 4), norm: new BatchNorm1d(4), relu: new ReLU() }),
    head: new Linear(4, 2),
  });

const state = async (m: Module) =>
  Object.fromEntries(
    await Promise.all(Object.entries(m.stateDict()).map(async ([name, t]) => [name, [...(await t.data())]])),
  );

const ALL = ['features.fc1.weight', 'features.fc1.bias', 'features.norm.weight', 'features.norm.bias'];
const HEAD = ['head.weight', 'head.bias'];

test('a frozen layer is listed, saved, loaded and disposed of as before', async () => {
  const before = memory().liveBuffers;
  const [net, other] = [newNet(), newNet()];
  const [names, keys, params] = [net.namedParameters(), Object.keys(net.stateDict()), net.parameters()];
  net.parameters()[0].requiresGrad = false; // by hand
  assert.equal(freeze(net, 'features'), ALL);
  assert.equal(net.namedParameters(), names);
  assert.equal(net.parameters(), params);
  assert.equal(Object.keys(net.stateDict()), keys);
  other.loadStateDict(net.stateDict());
  assert.equal(await state(other), await state(net));
  freeze(net);
  net.dispose();
  other.dispose();
  assert.is(memory().liveBuffers, before);
});

test('paths, globs and regular expressions choose', () => {
  const net = newNet();
  const frozen = () =>
    net
      .namedParameters()
      .filter(([, t]) => !t.requiresGrad)
      .map(([name]) => name);
  for (const [pattern, touched] of [
    ['features', ALL],
    ['features.fc1', ALL.slice(0, 2)],
    ['*.norm', ALL.slice(2)],
    ['features.*.bias', [ALL[1], ALL[3]]],
    ['head.weight', ['head.weight']],
    [/bias$/, [ALL[1], ALL[3], 'head.bias']],
    [/NORM/gi, ALL.slice(2)],
    [undefined, [...ALL, ...HEAD]],
  ] as const) {
    assert.equal(freeze(net, pattern), touched, String(pattern));
    assert.equal(frozen(), touched, String(pattern));
    assert.equal(unfreeze(net, pattern), touched, String(pattern));
    assert.equal(frozen(), [], String(pattern));
  }
  const refuses = (body: () => void, message: RegExp) =>
    assert.throws(body, (e: unknown) => e instanceof UsageError && message.test(e.message));
  refuses(
    () => freeze(net, 'feature'),
    /^freeze: no parameter has a path like 'feature'; there are features.fc1.weight, /,
  );
  refuses(() => freeze(net, 'fc1'), /^freeze: no parameter has a path like 'fc1'/);
  refuses(() => freeze(net, 'features.norm.runningMean'), /^freeze: no parameter/);
  refuses(() => unfreeze(net, /^conv/), /^unfreeze: no parameter has a path like \/\^conv\/; /);
  refuses(() => freeze(net, 3 as never), /^freeze: takes a path such as 'features' or a RegExp, got 3/);
  refuses(() => freeze([] as never), /^freeze: takes a module, got \[\]/);
  assert.equal(frozen(), []);
  net.dispose();
});

test('freezing gives gradients back, and backward leaves none on what is frozen', () => {
  const net = newNet();
  const backward = () => scope(() => sum(net.forward(tensor(seeded(6, 1), { shape: [2, 3] }))).backward());
  backward();
  const live = memory().liveBuffers;
  freeze(net, 'features');
  assert.is(memory().liveBuffers, live - 4);
  backward();
  assert.equal(
    net.parameters().map((p) => p.grad !== null),
    [false, false, false, false, true, true],
  );
  net.dispose();
});

test('a tied tensor is frozen by either of its paths', () => {
  const layer = new Linear(2, 2);
  const net = new Sequential({ a: layer, b: layer });
  assert.equal(freeze(net, 'b.weight'), ['b.weight']);
  assert.not(layer.weight.requiresGrad);
  assert.equal(unfreeze(net, /weight/), ['a.weight', 'b.weight']);
  net.dispose();
});

test('an optimizer over all parameters trains what is not frozen', async () => {
  const net = newNet();
  const rule = new SGD(net.parameters(), { lr: 0.5, momentum: 0.9, weightDecay: 0.1 });
  const before = await state(net);
  freeze(net, 'features');
  for (let i = 0; i < 3; i++) {
    using _ = scope();
    rule.zeroGrad();
    crossEntropy(net.forward(tensor(seeded(12, i), { shape: [4, 3] })), tensor(Int32Array.of(0, 1, 0, 1))).backward();
    rule.step();
  }
  const after = await state(net);
  for (const name of ALL) assert.equal(after[name], before[name], name);
  for (const name of HEAD) assert.not.equal(after[name], before[name], name);
  assert.not.equal(after['features.norm.runningMean'], before['features.norm.runningMean']); // its mode's, not frozen
  rule.dispose();
  net.dispose();
});

test.run();
