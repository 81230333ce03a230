import * as assert from 'uvu/assert';
import { memory, relu, scope, type Tensor, tensor } from '../../src/index.js';
import {
  BatchNorm1d,
  Conv2d,
  Dropout,
  Linear,
  Module,
  ReLU,
  Sequential,
  type StateValue,
} from '../../src/layers/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('layers/module');
test.before(useDevice);

class Net extends Module {
  readonly first = new Linear(3, 4);
  readonly norm = new BatchNorm1d(4);
  readonly rest = [new Linear(4, 2, { bias: false })];

  forward(x: Tensor): Tensor {
    return this.rest[0].forward(relu(this.norm.forward(this.first.forward(x))));
  }
}

test('parameters and state are found by path, in order of declaration', () => {
  const net = new Net();
  const names = net.namedParameters().map(([name]) => name);
  assert.equal(names, ['first.weight', 'first.bias', 'norm.weight', 'norm.bias', 'rest.0.weight']);
  assert.equal(Object.keys(net.stateDict()), [...names, 'norm.runningMean', 'norm.runningVar']);
  net.dispose();
});

test('train and eval reach every module', () => {
  const net = new Sequential(new Linear(2, 2), new Sequential({ drop: new Dropout() }));
  net.eval();
  assert.ok(net.namedModules().every(([, m]) => !m.training));
  net.train();
  assert.ok(net.namedModules().every(([, m]) => m.training));
  net.dispose();
});

test('loadStateDict copies values and names what does not fit', async () => {
  const [a, b] = [new Net(), new Net()];
  a.first.weight.set(new Float32Array(12).fill(2.5));
  b.loadStateDict(a.stateDict());
  assert.ok((await b.first.weight.data()).every((v) => v === 2.5));
  const part = { 'first.bias': { shape: [4], data: Float32Array.of(1, 2, 3, 4) }, other: tensor([1]) };
  assert.equal(b.loadStateDict(part, { strict: false }), {
    missingKeys: Object.keys(b.stateDict()).filter((name) => name !== 'first.bias'),
    unexpectedKeys: ['other'],
  });
  assert.equal([...(await b.first.bias!.data())], [1, 2, 3, 4]);
  assert.equal(b.loadStateDict(a.stateDict()), { missingKeys: [], unexpectedKeys: [] });
  b.loadStateDict(part, { strict: false });
  const { 'first.bias': _, ...missing } = a.stateDict();
  assert.throws(() => b.loadStateDict(missing), /missing first.bias/);
  const map: unknown = new Map(Object.entries(a.stateDict())); // as readSafetensors gives them
  assert.throws(
    () => b.loadStateDict(map as Record<string, Tensor>),
    /an object of tensors by name, .* got a Map; Object\.fromEntries\(map\)/,
  );
  assert.throws(
    () => b.loadStateDict(a as unknown as Record<string, Tensor>),
    /such as model\.stateDict\(\), got a Net$/,
  );
  assert.throws(() => b.loadStateDict({ ...a.stateDict(), extra: tensor([1]) }), /unknown extra/);
  assert.throws(
    () => b.loadStateDict({ ...a.stateDict(), 'first.bias': tensor([1]) }),
    /first.bias is \[1\] in the state, \[4\]/,
  );
  a.dispose();
  b.dispose();
});

test('a state that does not fit overwrites nothing; buffers keep their own dtype', async () => {
  class Counting extends Module {
    readonly weight = tensor([0], { requiresGrad: true });
    readonly seen = this.registerBuffer('seen', tensor([1, 2], { dtype: 'i32' }));
    forward(x: Tensor): Tensor {
      return x;
    }
  }
  using _ = scope();
  const net = new Counting();
  const gone = tensor([5, 6], { dtype: 'i32' });
  gone.dispose();
  const weight = tensor([9]);
  const refuses = (seen: StateValue, message: RegExp) =>
    assert.throws(() => net.loadStateDict({ weight, seen }), message);
  refuses(tensor([5, 6]), /^loadStateDict: seen is f32 in the state, i32 in this model/);
  refuses(gone, /^loadStateDict: seen: tensor \[2\]: used after it was disposed of/);
  refuses({ shape: [2], data: Float32Array.of(5, Number.NaN) }, /^loadStateDict: seen: i32 cannot hold NaN/);
  assert.equal([...(await net.weight.data()), ...(await net.seen.data())], [0, 1, 2]);
  net.loadStateDict({ weight, seen: tensor([3, 4], { dtype: 'i32' }) });
  assert.equal([...(await net.weight.data()), ...(await net.seen.data())], [9, 3, 4]);
  net.loadStateDict({ weight, seen: { shape: [2], data: Float32Array.of(5, 6) } });
  assert.equal([...(await net.seen.data())], [5, 6]);
});

test('a model gives all its memory back', () => {
  const before = memory().liveBytes;
  new Sequential(new Conv2d(3, 8, 3), new ReLU(), new BatchNorm1d(8)).dispose();
  assert.is(memory().liveBytes, before);
  const layer = new Linear(2, 3);
  {
    using _step = scope();
    layer.forward(tensor([[1, 2]])).backward(tensor([[1, 1, 1]]));
    layer.dispose();
    assert.ok(layer.parameters().every((p) => p.disposed));
  }
  assert.is(memory().liveBytes, before);
});

test('batch norm refuses a shape it was not made for', () => {
  const norm = new BatchNorm1d(4);
  assert.throws(() => norm.forward(tensor([[1, 2, 3]])), /BatchNorm1d: takes \(batch, 4\).*, the input is \[1, 3\]/);
  norm.dispose();
});

test.run();
