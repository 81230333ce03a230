// A gradient that needs what was overwritten since its forward pass throws, and names the op's input and what wrote.
import * as assert from 'uvu/assert';
import {
  Adam,
  add,
  BatchNorm2d,
  crossEntropy,
  div,
  dropout,
  kernel,
  Linear,
  matmul,
  maxPool2d,
  mul,
  neg,
  noGrad,
  parameter,
  pow,
  relu,
  reshape,
  SGD,
  scope,
  sigmoid,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('autograd/overwritten');
test.before(useDevice);

const x23 = () =>
  tensor(
    [
      [1, -2, 3],
      [4, 5, -6],
    ],
    { requiresGrad: true },
  );
const refused = (run: () => void, message: RegExp) => {
  assert.throws(run, (error: Error) => error.name === 'UsageError' && message.test(error.message), String(message));
};

test('set() between forward and backward: square needs its input', () => {
  using _ = scope();
  const x = x23();
  const y = sum(square(x));
  x.set([1, 2, 3, 4, 5, 6]);
  refused(
    () => y.backward(),
    /^backward: a gradient needs tensor \[2, 3\] as it was in the forward pass, and set\(\) has overwritten it/,
  );
});

test('a gradient that needs no values is right all the same', async () => {
  using _ = scope();
  const [x, z] = [x23(), x23()];
  const y = sum(add(add(x, z), dropout(reshape(x, [2, 3]), 0)));
  x.set([9, 9, 9, 9, 9, 9]);
  y.backward();
  const [dx, dz] = [x.grad!.data(), z.grad!.data()];
  assert.equal([...(await dx)], [2, 2, 2, 2, 2, 2]);
  assert.equal([...(await dz)], [1, 1, 1, 1, 1, 1]);
});

test('a number added, subtracted, multiplied by or divided by: the gradient is in terms of dy alone, as in PyTorch', async () => {
  using _ = scope();
  const x = x23();
  const y = sum(add(add(sub(1, x), mul(x, 3)), add(div(x, 2), add(neg(x), pow(x, 1)))));
  x.set([9, 9, 9, 9, 9, 9]);
  y.backward();
  assert.equal([...(await x.grad!.data())], Array(6).fill(-1 + 3 + 0.5 - 1 + 1));
});

test('what was written before the forward pass, or after the backward pass, is nobody else’s business', () => {
  using _ = scope();
  const x = x23();
  x.set([6, 5, 4, 3, 2, 1]);
  const y = sum(square(x));
  y.backward();
  x.set([1, 1, 1, 1, 1, 1]);
  sum(square(x)).backward();
  refused(() => y.backward(), /set\(\) has overwritten it/);
});

test('each way to write in place counts, through every tensor that shares the memory', () => {
  const double = kernel(`// double: x = 2 x
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) { if (id.x < p.count) { x[id.x] *= 2.0; } }
`);
  const writers: [RegExp, (w: Tensor, other: Tensor) => void][] = [
    [/set\(\)/, (w) => w.set([0, 0, 0, 0, 0, 0])],
    [/copy\(\)/, (w, other) => w.copy(other)],
    [/set\(\)/, (w) => w.detach().set([0, 0, 0, 0, 0, 0])],
    [/kernel double/, (w) => double.run({ x: reshape(w, [6]) }, { count: 6 }, { groups: 1 })],
  ];
  for (const [message, write] of writers) {
    using _ = scope();
    const w = x23();
    const [forValue, forGradient] = [sum(mul(w, x23())), sum(sigmoid(w))];
    noGrad(() => write(w, x23()));
    refused(() => forValue.backward(), message);
    forGradient.backward(); // needs its result alone
  }
});

test('a result that its own gradient needs', () => {
  using _ = scope();
  const s = sigmoid(x23());
  const y = sum(s);
  noGrad(() => s.set([0, 0, 0, 0, 0, 0]));
  refused(() => y.backward(), /needs sigmoid \[2, 3\]/);
});

test('optimizers and loadStateDict: the graph of before is no longer good', () => {
  for (const make of [(p: Tensor[]) => new SGD(p, { lr: 0.1 }), (p: Tensor[]) => new Adam(p)]) {
    using _ = scope();
    const layer = new Linear(3, 2);
    const optimizer = make(layer.parameters());
    const x = x23();
    const y = sum(layer.forward(x));
    y.backward();
    optimizer.step();
    refused(() => y.backward(), /needs parameter \[2, 3\] .*(SGD|Adam)\.step\(\) has overwritten it/);
    const again = sum(layer.forward(x));
    layer.loadStateDict({ weight: { shape: [2, 3], data: new Float32Array(6) } }, { strict: false });
    refused(() => again.backward(), /needs parameter \[2, 3\]/);
    const loss = sum(layer.forward(tensor([[1, 2, 3]]))); // x needs no gradient: nothing reads the weight
    layer.weight.set(new Float32Array(6));
    loss.backward();
    optimizer.dispose();
    layer.dispose();
  }
});

test('what an op keeps besides its inputs: targets, statistics', () => {
  using _ = scope();
  const target = tensor(Int32Array.of(0, 2));
  const loss = crossEntropy(x23(), target);
  target.set(Int32Array.of(1, 1));
  refused(() => loss.backward(), /needs tensor \[2\]/);
  const norm = new BatchNorm2d(2).eval();
  const x = tensor(new Float32Array(16).fill(1), { shape: [2, 2, 2, 2], requiresGrad: true });
  const y = sum(norm.forward(x));
  norm.train().forward(x);
  refused(() => y.backward(), /batchNorm in training has overwritten it/);
  norm.dispose();
});

test('an upstream gradient may be older than the result, and written since', async () => {
  using _ = scope();
  const dy = tensor([
    [1, 1, 1],
    [1, 1, 1],
  ]);
  const x = x23();
  const y = relu(mul(x, x));
  dy.set([1, 2, 3, 4, 5, 6]);
  y.backward(dy);
  assert.equal([...(await x.grad!.data())], [2, -8, 18, 32, 50, -72]);
});

test('a training loop and a second backward pass are let be', () => {
  const w = parameter(
    tensor([
      [1, 2],
      [3, 4],
    ]),
  );
  const optimizer = new SGD([w], { lr: 0.1, momentum: 0.9 });
  for (let i = 0; i < 3; i++) {
    using _ = scope();
    const y = sum(
      square(
        matmul(
          maxPool2d(
            tensor([
              [
                [
                  [1, 2],
                  [3, 4],
                ],
              ],
            ]),
            { kernelSize: 1 },
          ),
          w,
        ),
      ),
    );
    optimizer.zeroGrad();
    y.backward();
    y.backward();
    optimizer.step();
  }
  optimizer.dispose();
  w.dispose();
});

test.run();
