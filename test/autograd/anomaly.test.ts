import * as assert from 'uvu/assert';
import {
  type Anomaly,
  AnomalyError,
  add,
  BatchNorm2d,
  Conv2d,
  crossEntropy,
  detectAnomaly,
  div,
  exp,
  Flatten,
  Linear,
  log,
  MaxPool2d,
  type Module,
  manualSeed,
  matmul,
  maxPool2d,
  memory,
  mul,
  neg,
  ReLU,
  reciprocal,
  Sequential,
  SGD,
  scope,
  setDetectAnomaly,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  within,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('autograd/anomaly');
test.before(useDevice);

async function caught(body: () => unknown, options = {}): Promise<AnomalyError> {
  try {
    await detectAnomaly(() => {
      using _ = scope();
      body();
    }, options);
  } catch (error) {
    if (error instanceof AnomalyError) return error;
    throw error;
  }
  return assert.unreachable('no anomaly was found') as never;
}

const leaf = (values: number[]) => tensor(values, { requiresGrad: true });

/** What goes wrong, and what must be said of it. */
const planted: [string, () => unknown, Partial<Anomaly>, RegExp][] = [
  [
    'a logarithm of a negative number',
    () => exp(log(within('head', () => log(tensor([1, -1, -2]))))),
    { op: 'log', layer: 'head', phase: 'forward', nan: 2, infinite: 0, first: 1 },
    /^log in layer head: the result \[3\] of inputs \[3\] is the first with bad numbers: 2 NaN of 3 elements, the first at 1/,
  ],
  [
    'a division by zero',
    () => square(div(tensor([1, 2, 3]), tensor([1, 2, 0]))),
    { op: 'div', phase: 'forward', nan: 0, infinite: 1, first: 2 },
    /1 infinite of 3/,
  ],
  [
    'a window that sees no pixel, where no gradient is wanted',
    () =>
      square(
        maxPool2d(tensor(new Float32Array(16), { shape: [1, 1, 4, 4] }), {
          kernelSize: 2,
          dilation: 5,
          stride: 1,
          padding: 1,
        }),
      ),
    { op: 'maxPool2d', phase: 'forward', nan: 0, infinite: 1, first: 0 },
    /^maxPool2d: the result \[1, 1, 1, 1\]/,
  ],
  [
    'zero times infinity',
    () => sum(sub(reciprocal(tensor([1e-3])), mul(tensor([0]), tensor([Number.POSITIVE_INFINITY])))),
    { op: 'mul', phase: 'input', input: 1, infinite: 1, first: 0 },
    /^mul: input 1, tensor \[1\], came with bad numbers/,
  ],
  [
    'an overflow',
    () => square(within('a.b', () => square(tensor([[1e10, 1e20]])))),
    { op: 'square', layer: 'a.b', phase: 'forward', infinite: 1, first: 1 },
    /\[1, 2\]/,
  ],
  [
    'a matrix product out of range',
    () => matmul(tensor([[3e38, 3e38]]), tensor([[1], [1]])),
    { op: 'matmul', phase: 'forward', infinite: 1 },
    /the result \[1, 1\] of inputs \[1, 2\], \[2, 1\]/,
  ],
  [
    'the gradient of a square root at zero',
    () => sum(within('norm', () => sqrt(leaf([4, 0])))).backward(),
    { op: 'sqrt', layer: 'norm', phase: 'backward', input: 0, infinite: 1, first: 1 },
    /^sqrt in layer norm \(backward\): the gradient \[2\] of input 0 of \[2\]/,
  ],
  [
    'a gradient of 0 times infinity',
    () => sum(mul(sqrt(leaf([0, 1])), tensor([0, 1]))).backward(),
    { op: 'sqrt', phase: 'backward', nan: 1, first: 0 },
    /1 NaN of 2/,
  ],
  [
    'the gradient of one input of two',
    () => sum(div(leaf([1e20, 1]), leaf([1e10, 1e-20]))).backward(),
    { op: 'div', phase: 'backward', input: 1, infinite: 1, first: 1 },
    /input 1 of \[2\], \[2\]/,
  ],
  [
    'gradients whose sum is out of range',
    () => {
      const x = leaf([0.1]);
      sum(add(mul(x, tensor([3e38])), mul(x, tensor([3e38])))).backward();
    },
    { op: 'sum of gradients', phase: 'backward', infinite: 1 },
    /sum of gradients/,
  ],
  [
    'a loss of bad logits',
    () => crossEntropy(log(tensor([[1, -1]])), tensor(Int32Array.of(0))),
    { op: 'log', phase: 'forward', nan: 1 },
    /^log/,
  ],
  [
    'a loss that overflows half-way',
    () => crossEntropy(tensor([[3e38, -3e38]]), tensor(Int32Array.of(1))),
    { op: 'crossEntropy', phase: 'forward' },
    /^crossEntropy/,
  ],
  [
    'an upstream gradient',
    () => square(leaf([1, 2])).backward(tensor([0, Number.NaN])),
    { op: 'backward', phase: 'input', nan: 1, first: 1 },
    /^backward: input 0, tensor \[2\]/,
  ],
];

for (const [name, body, expected, message] of planted) {
  test(`it names ${name}`, async () => {
    const error = await caught(body);
    const found = Object.fromEntries(Object.keys(expected).map((key) => [key, error.anomaly[key as keyof Anomaly]]));
    assert.equal(found, expected, error.message);
    assert.match(error.message, message);
  });
}

const net = () =>
  new Sequential({
    conv1: new Conv2d(1, 4, 3),
    norm1: new BatchNorm2d(4),
    relu1: new ReLU(),
    pool1: new MaxPool2d(2),
    flatten: new Flatten(),
    classifier: new Sequential(new Linear(36, 8), new ReLU(), new Linear(8, 2)),
  });

const images = () =>
  tensor(
    Float32Array.from({ length: 2 * 64 }, (_, i) => Math.sin(i)),
    { shape: [2, 1, 8, 8] },
  );

function train(model: Module, optimizer: SGD): Tensor {
  const loss = crossEntropy(model.forward(images()), tensor(Int32Array.of(0, 1)));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}

test('it names the layer whose weights went bad, wherever it is', async () => {
  for (const name of ['conv1', 'norm1', 'classifier.0', 'classifier.2']) {
    const model = net();
    const bias = model.stateDict()[`${name}.bias`];
    const values = await bias.data();
    values[1] = Number.NaN;
    bias.set(values);
    const error = await caught(() => model.forward(images()));
    assert.is(error.anomaly.layer, name, error.message);
    assert.is(error.anomaly.phase, 'input');
    assert.is(error.anomaly.first, 1);
    model.dispose();
  }
});

test('an update that goes too far is caught where it is made', async () => {
  const model = net();
  const [weight, bias] = model.parameters();
  const optimizer = new SGD([{ params: [bias] }, { params: [weight], lr: 3e38, weightDecay: 1e3 }], { lr: 0.1 });
  const error = await caught(() => train(model, optimizer));
  const { op, phase, input } = error.anomaly;
  assert.equal([op, phase, input], ['SGD', 'update', 1], error.message);
  assert.match(
    error.message,
    /^SGD: its update of parameter 1, \[4, 1, 3, 3\], is the first with bad numbers: .* learning rate/,
  );
  optimizer.dispose();
  model.dispose();
});

test('running statistics that are bad already are named', async () => {
  const norm = new BatchNorm2d(4);
  norm.runningVar.set([1, Number.NaN, 1, 1]);
  norm.eval();
  const x = tensor(new Float32Array(16), { shape: [1, 4, 2, 2] });
  const error = await caught(() => norm.forward(x));
  const { op, phase, input, first } = error.anomaly;
  assert.equal([op, phase, input, first], ['batchNorm', 'input', 4, 1], error.message);
  norm.dispose();
});

test('healthy training passes, the numbers are the same bits, and nothing is left behind', async () => {
  const losses: number[][] = [];
  for (const detect of [false, true]) {
    manualSeed(3);
    const model = net();
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    const run: number[] = [];
    const before = memory().liveBytes;
    setDetectAnomaly(detect);
    const step = () => {
      using _ = scope();
      return train(model, optimizer).item(); // no await inside a scope
    };
    for (let i = 0; i < 3; i++) {
      run.push(await step());
    }
    setDetectAnomaly(false);
    optimizer.zeroGrad();
    assert.is(memory().liveBytes, before);
    losses.push(run);
    model.dispose();
  }
  assert.equal(losses[1], losses[0]);
});

test('infinities that are meant can be let through, NaNs never', async () => {
  const masked = () => softmax(add(tensor([[1, 2, 3]]), tensor([[0, Number.NEGATIVE_INFINITY, 0]])));
  assert.is((await caught(masked)).anomaly.phase, 'input');
  await detectAnomaly(masked, { infinity: false });
  const error = await caught(() => sub(masked(), log(tensor([[-1, 0, 1]]))), { infinity: false });
  assert.is(error.anomaly.op, 'log');
  assert.is(error.anomaly.nan, 1);
  assert.is(error.anomaly.infinite, 0);
});

test('two searches at once are refused, and the first goes on', async () => {
  let proceed = () => {};
  const first = detectAnomaly(() => new Promise<void>((resolve) => (proceed = resolve)));
  const second = await detectAnomaly(() => {}).catch((error) => error);
  assert.match(second.message, /^detectAnomaly: another search is under way/);
  proceed();
  await first;
  await detectAnomaly(() => {});
});

test('the first read inside the body throws it, close to its cause', async () => {
  let reached = false;
  const found = detectAnomaly(async () => {
    const y = log(tensor([-1]));
    await y.data();
    reached = true;
  });
  assert.instance(await found.catch((error) => error), AnomalyError);
  assert.not(reached);
});

test('set for all that follows, reads throw until it is switched off', async () => {
  setDetectAnomaly(true);
  const y = log(tensor([-1]));
  try {
    assert.instance(await y.item().catch((error) => error), AnomalyError);
  } finally {
    setDetectAnomaly(false); // the tests that follow share the device
  }
  assert.ok(Number.isNaN(await y.item()));
});

test('more tensors than one buffer of counts holds', async () => {
  const error = await caught(() => {
    let x = tensor([1]);
    for (let i = 0; i < 1500; i++) x = neg(x);
    log(x);
    log(neg(x));
  });
  assert.is(error.anomaly.op, 'log', error.message);
  assert.is(error.anomaly.nan, 1);
});

test.run();
