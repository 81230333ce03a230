// A model's layers by name, and the model as text.
import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  alexnet,
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  Dropout,
  Flatten,
  GELU,
  LeakyReLU,
  Linear,
  LocalResponseNorm,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
  scope,
  type Tensor,
  tensor,
  UsageError,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('layers/tree');
test.before(useDevice);

test('the layers of a Sequential by name and by number', () => {
  const [fc1, relu] = [new Linear(2, 3), new ReLU()];
  const named = new Sequential({ fc1, relu });
  assert.is(named.layers.fc1, fc1);
  assert.is(named.layers.relu, relu);
  const list = new Sequential(fc1, relu, named);
  assert.is(list.layers.length, 3);
  assert.is(list.layers[2].layers.fc1, fc1);
  const part = new Sequential(...list.layers.slice(0, 2));
  assert.equal(
    part.children().map(([name, layer]) => [name, layer === fc1]),
    [
      ['0', true],
      ['1', false],
    ],
  );
  assert.equal(new Sequential().layers, []);
  list.dispose();
});

test('a layer that takes the place of another runs, and is its part', async () => {
  using _ = scope();
  const net = new Sequential({ fc: new Linear(2, 3), relu: new ReLU() });
  const given = { fc: net.layers.fc };
  const [old, head] = [net.layers.fc, new Linear(2, 3)];
  head.weight.set([1, 0, 0, 1, -1, -1]);
  head.bias!.set([0, 0, 0]);
  net.layers.fc = head;
  assert.equal([...(await net.forward(tensor([[3, 4]])).data())], [3, 4, 0]);
  assert.is(net.parameters()[0], head.weight);
  const list = new Sequential(given);
  given.fc = head;
  assert.is(list.layers.fc, old, 'what it was given stays the caller’s');
  (net.layers as Record<string, unknown>).relu = () => {};
  assert.throws(() => net.forward(tensor([[3, 4]])), /^Sequential: 'relu' is no module: the function/);
  net.layers.relu = new ReLU();
  net.dispose();
  old.dispose();
});

test('a layer says what it was made with, by the names of its options', () => {
  const layers: [Module, string][] = [
    [new Conv2d(3, 8, 3), 'Conv2d(3, 8, kernelSize=3, stride=1)'],
    [
      new Conv2d(4, 8, [3, 5], { stride: [1, 2], padding: 'same', groups: 2, bias: false }),
      "Conv2d(4, 8, kernelSize=[3, 5], stride=[1, 2], padding='same', groups=2, bias=false)",
    ],
    [new Linear(2, 3), 'Linear(2, 3)'],
    [new Linear(2, 3, { bias: false }), 'Linear(2, 3, bias=false)'],
    [new BatchNorm2d(4), 'BatchNorm2d(4, eps=0.00001, momentum=0.1)'],
    [new BatchNorm1d(4, { momentum: 0.2 }), 'BatchNorm1d(4, eps=0.00001, momentum=0.2)'],
    [new LocalResponseNorm(5, { k: 2 }), 'LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=2)'],
    [new MaxPool2d(3, { stride: 2 }), 'MaxPool2d(kernelSize=3, stride=2)'],
    [new AvgPool2d([2, 3], { ceilMode: true }), 'AvgPool2d(kernelSize=[2, 3], stride=[2, 3], ceilMode=true)'],
    [new AdaptiveAvgPool2d(6), 'AdaptiveAvgPool2d(outputSize=6)'],
    [new Dropout(0.2), 'Dropout(p=0.2)'],
    [new Flatten(), 'Flatten(startDim=1, endDim=-1)'],
    [new LeakyReLU(), 'LeakyReLU(negativeSlope=0.01)'],
    [new GELU(), 'GELU()'],
  ];
  for (const [layer, text] of layers) {
    assert.is(String(layer), text);
    layer.dispose();
  }
});

class Block extends Module {
  readonly convs = [new Conv2d(2, 2, 1), new Conv2d(2, 2, 1)];
  constructor(readonly relu: ReLU) {
    super();
  }
  override describe(): string {
    return 'residual';
  }
  forward(x: Tensor): Tensor {
    return x;
  }
}

test('a model prints its tree, as PyTorch does', () => {
  const relu = new ReLU();
  class Net extends Module {
    readonly stem = new Sequential(new Linear(2, 2), relu);
    readonly blocks = { first: new Block(relu), last: [new Block(relu)] };
    readonly again = this.blocks.first;
    readonly empty = new Sequential();
    forward(x: Tensor): Tensor {
      return x;
    }
  }
  const net = new Net();
  const expected = `Net(
  (stem): Sequential(
    (0): Linear(2, 2)
    (1): ReLU()
  )
  (blocks.first): Block(
    residual
    (relu): ReLU()
    (convs.0): Conv2d(2, 2, kernelSize=1, stride=1)
    (convs.1): Conv2d(2, 2, kernelSize=1, stride=1)
  )
  (blocks.last.0): Block(
    residual
    (relu): ReLU()
    (convs.0): Conv2d(2, 2, kernelSize=1, stride=1)
    (convs.1): Conv2d(2, 2, kernelSize=1, stride=1)
  )
  (again): Block(...)
  (empty): Sequential()
)`;
  assert.is(net.toString(), expected);
  assert.is(inspect(net), expected);
  assert.is(`${net}`, expected);
  net.dispose();
});

test('modules that know each other end', () => {
  class Node extends Module {
    readonly others: Node[] = [];
    forward(x: Tensor): Tensor {
      return x;
    }
  }
  const nodes = Array.from({ length: 20 }, () => new Node());
  for (const node of nodes) node.others.push(...nodes);
  assert.is(String(nodes[0]).split('\n').length, 1 + 20 * 20 + 20);
});

test('AlexNet: its layers have names and types, and it prints them', () => {
  const net = alexnet({ width: 1 / 16, imageSize: 67, numClasses: 2 });
  assert.equal(net.layers.conv1.weight.shape, [8, 3, 11, 11]);
  assert.is(net.layers.fc8.outFeatures, 2);
  assert.is(net.layers.dropout1, undefined);
  const lines = net.toString().split('\n');
  assert.equal(lines.slice(0, 3), [
    'AlexNet(',
    '  (conv1): Conv2d(3, 8, kernelSize=11, stride=4, padding=0)',
    '  (relu1): ReLU()',
  ]);
  assert.is(lines.length, net.children().length + 2);
  net.dispose();
});

test('what is no layer is refused when it is made', () => {
  assert.throws(
    () => new Sequential({ a: (x: Tensor) => x } as never),
    (error: Error) => error instanceof UsageError && /'a' is no module: the function a/.test(error.message),
  );
});

test.run();
