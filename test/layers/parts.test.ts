// What a module finds among its properties, and what it says of what it cannot find.
import * as assert from 'uvu/assert';
import {
  add,
  BatchNorm1d,
  Dropout,
  inEvaluation,
  Linear,
  Module,
  matmul,
  memory,
  mul,
  outputShape,
  parameter,
  ReLU,
  randn,
  relu,
  Sequential,
  SGD,
  scope,
  sum,
  type Tensor,
  tensor,
  UsageError,
  zeros,
} from '../../src/index.js';
import { findingParts } from '../../src/layers/reach.js';
import { classification, evaluate, predictProbabilities, Trainer, warmup } from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('layers/parts');
test.before(useDevice);

/** A module of these properties, whose forward is never called. */
class Holder extends Module {
  constructor(properties: object) {
    super();
    Object.assign(this, properties);
  }
  forward(x: Tensor): Tensor {
    return x;
  }
}

const names = (module: Module) => module.namedParameters().map(([name]) => name);

test('children and parameters are found in arrays, Maps, Sets and plain objects, at any depth', () => {
  const w = () => parameter(zeros([1]));
  const bare = () => new Linear(1, 1, { bias: false });
  const before = memory().liveBuffers;
  const net = new Holder({
    first: bare(),
    blocks: [bare(), [bare(), new Holder({ inner: bare() })]],
    heads: { left: bare(), right: { deep: bare() } },
    byName: new Map<unknown, unknown>([
      ['a', bare()],
      [7, { b: bare() }],
      [Symbol('s'), bare()],
    ]),
    several: new Set([bare(), bare()]),
    bare: Object.assign(Object.create(null), { x: bare() }),
    scale: w(),
    list: [w(), { more: w() }],
  });
  assert.equal(
    net.children().map(([name]) => name),
    [
      ...[
        'first',
        'blocks.0',
        'blocks.1.0',
        'blocks.1.1',
        'heads.left',
        'heads.right.deep',
        'byName.a',
        'byName.7.b',
        'byName.Symbol(s)',
      ],
      ...['several.0', 'several.1', 'bare.x'],
    ],
  );
  assert.equal(names(net), [
    ...['scale', 'list.0', 'list.1.more', 'first.weight', 'blocks.0.weight', 'blocks.1.0.weight'],
    ...['blocks.1.1.inner.weight', 'heads.left.weight', 'heads.right.deep.weight', 'byName.a.weight'],
    ...['byName.7.b.weight', 'byName.Symbol(s).weight', 'several.0.weight', 'several.1.weight', 'bare.x.weight'],
  ]);
  assert.equal(Object.keys(net.stateDict()), names(net));
  assert.ok(
    net
      .eval()
      .namedModules()
      .every(([, m]) => !m.training),
  );
  net.dispose();
  assert.is(memory().liveBuffers, before);
});

test('a tied layer is one module with one set of parameters, and is under each of its paths in the state', async () => {
  // torch: m = nn.Sequential(l, nn.ReLU(), l); named_parameters() gives 0.weight, 0.bias; state_dict() 2.weight, 2.bias too
  const before = memory().liveBuffers;
  const layer = new Linear(2, 2);
  const net = new Sequential(layer, new ReLU(), layer);
  assert.equal(names(net), ['0.weight', '0.bias']);
  assert.equal(
    net.namedModules().map(([name]) => name),
    ['', '0', '1'],
  );
  assert.equal(Object.keys(net.stateDict()), ['0.weight', '0.bias', '2.weight', '2.bias']);
  assert.is(net.stateDict()['2.weight'], layer.weight);
  const rule = new SGD(net.parameters(), { lr: 0.1 });
  scope(() => sum(net.forward(tensor([[1, 2]]))).backward());
  rule.step();
  const other = new Sequential(new Linear(2, 2), new ReLU(), new Linear(2, 2));
  other.loadStateDict(net.stateDict());
  assert.equal(await other.stateDict()['2.weight'].data(), await layer.weight.data());
  other.dispose();
  rule.dispose();
  net.dispose();
  assert.is(memory().liveBuffers, before);
});

test('a tied tensor is one parameter', () => {
  const weight = parameter(zeros([2, 2]));
  const net = new Holder({ encoder: new Holder({ weight }), decoder: new Holder({ weight }) });
  assert.equal(names(net), ['encoder.weight']);
  assert.equal(Object.keys(net.stateDict()), ['encoder.weight', 'decoder.weight']);
  net.dispose();
});

test('modules and containers that hold themselves or their parents end', () => {
  const net = new Holder({ fc: new Linear(1, 1, { bias: false }), list: [] as unknown[] });
  const child = new Holder({ parent: net, fc: new Linear(1, 1, { bias: false }) });
  Object.assign(net, { self: net, child });
  (net as unknown as { list: unknown[] }).list.push((net as unknown as { list: unknown[] }).list, net);
  assert.equal(names(net), ['fc.weight', 'child.fc.weight']);
  assert.equal(Object.keys(net.stateDict()), ['fc.weight', 'child.fc.weight']);
  assert.equal(
    net.namedModules().map(([name]) => name),
    ['', 'fc', 'child', 'child.fc'],
  );
  net.eval();
  assert.not(child.training);
  net.dispose();
});

test('modules that all know each other are listed once each, at once', () => {
  const all: Module[] = [];
  const blocks = Array.from({ length: 40 }, () => new Holder({ fc: new Linear(1, 1, { bias: false }), all }));
  all.push(...blocks);
  const shared = new Linear(1, 1, { bias: false });
  const net = new Holder({ blocks, first: shared, second: shared });
  const paths = Object.keys(net.stateDict());
  assert.is(paths.length, 42);
  assert.equal(paths.slice(0, 2), ['blocks.0.fc.weight', 'blocks.0.all.1.fc.weight']);
  assert.equal(paths.slice(-2), ['first.weight', 'second.weight']);
  assert.is(net.parameters().length, 41);
  net.dispose();
});

test('a module with a train() of its own is asked through it, wherever it stands', () => {
  // torch: class Frozen(nn.Module) with train(mode): super().train(mode); self.bn.eval()
  class Frozen extends Module {
    readonly fc = new Linear(2, 2);
    readonly norm = new BatchNorm1d(2);
    readonly others: Module[] = [];
    override train(on = true): this {
      super.train(on);
      this.norm.eval();
      return this;
    }
    forward(x: Tensor): Tensor {
      return this.norm.forward(this.fc.forward(x));
    }
  }
  const [a, b] = [new Frozen(), new Frozen()];
  const net = new Sequential({ a, rest: new Sequential({ b, drop: new Dropout() }) });
  a.others.push(b, net); // cycles through modules with a train() of their own
  b.others.push(a, net);
  const modes = () => [a, a.fc, a.norm, b, b.fc, b.norm, net].map((m) => m.training);
  net.train();
  assert.equal(modes(), [true, true, false, true, true, false, true]);
  net.eval();
  assert.equal(modes(), Array(7).fill(false));
  a.train();
  assert.equal(
    [a, a.fc, a.norm].map((m) => m.training),
    [true, true, false],
  );
  net.train();
  inEvaluation(net, () => assert.equal(modes(), Array(7).fill(false)));
  assert.equal(modes(), [true, true, false, true, true, false, true]);
  net.dispose();
});

test('what was computed, plain tensors and other objects are no parameters', () => {
  using _ = scope();
  const weight = parameter(zeros([1]));
  const made = randn([1], { requiresGrad: true });
  const net = new Holder({
    weight,
    made,
    last: mul(weight, 2),
    plain: zeros([1]),
    date: new Date(),
    view: new Uint8Array(4),
  });
  assert.equal(names(net), ['weight', 'made']);
  made.requiresGrad = false;
  assert.equal(names(net), ['weight', 'made']);
  net.dispose();
});

test('two tensors under one path are refused, not lost', () => {
  const net = new Holder({ 'a.b': parameter(zeros([1])), a: { b: parameter(zeros([1])) } });
  assert.throws(
    () => net.stateDict(),
    (e: unknown) => e instanceof UsageError && /^stateDict: two tensors are called 'a.b'/.test(e.message),
  );
});

test('modules in properties of a class that extends Sequential are found as well', () => {
  class Headed extends Sequential {
    readonly head = new Linear(2, 1);
    override forward(x: Tensor): Tensor {
      return this.head.forward(super.forward(x));
    }
  }
  const net = new Headed(new Linear(3, 2), new ReLU());
  assert.equal(names(net), ['0.weight', '0.bias', 'head.weight', 'head.bias']);
  assert.equal(outputShape(net, [4, 3]), [4, 1]);
  net.dispose();
});

test('a buffer lives outside of scopes, and one put in its place is the state', async () => {
  class Counter extends Module {
    seen: Tensor = this.registerBuffer('seen', zeros([1]));
    forward(x: Tensor): Tensor {
      return x;
    }
  }
  const before = memory().liveBuffers;
  const net = scope(() => [new Counter()])[0];
  assert.equal([...(await net.seen.data())], [0]);
  net.seen.dispose();
  net.seen = tensor([5]);
  assert.equal([...(await net.stateDict().seen.data())], [5]);
  assert.throws(
    () => (net as unknown as { registerBuffer(name: string, t: unknown): void }).registerBuffer('x', [1]),
    /^registerBuffer: 'x' takes a tensor, got \[1\]/,
  );
  net.dispose();
  assert.is(memory().liveBuffers, before);
});

/** Keeps a part where no module finds it. */
class Hiding extends Module {
  readonly visible = new Linear(3, 2);
  readonly #hidden: (x: Tensor) => Tensor;
  constructor(hidden: (x: Tensor) => Tensor) {
    super();
    this.#hidden = hidden;
  }
  forward(x: Tensor): Tensor {
    return this.#hidden(this.visible.forward(x));
  }
}

const source = {
  length: 4,
  async *epoch() {
    yield { images: { data: seeded(12, 1), shape: [4, 3] }, labels: Int32Array.of(0, 1, 0, 1) };
  },
};

const task = classification({ classes: ['a', 'b'] });

const trainer = (model: Module) =>
  new Trainer({ model, optimizer: new SGD(model.parameters(), { lr: 0.1 }), task, train: source });

async function refuses(work: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await work.then(
    () => null,
    (e: unknown) => e,
  );
  assert.instance(error, UsageError);
  assert.match((error as Error)?.message, message);
}

test('a parameter in a private field or a closure is named in the first step and in a warmup', async () => {
  const [layer, w] = [new Linear(2, 2), parameter(zeros([2]))];
  for (const [model, message] of [
    [
      new Hiding((x) => layer.forward(x)),
      /: a parameter \[2, 2\], which linear in 'Linear' uses, is not among model.parameters\(\)/,
    ],
    [new Hiding((x) => add(x, w)), /: a parameter \[2\], which add uses, is not among/],
    [new Hiding((x) => matmul(relu(x), layer.weight)), /: a parameter \[2, 2\], which \w+ uses, is not/],
    [new Sequential({ deep: new Hiding((x) => add(x, w)) }), /: a parameter \[2\], which add in 'deep' uses, is not/],
  ] as const) {
    await refuses(trainer(model).fit({ epochs: 1 }), message);
    await refuses(warmup(model, [4, 3]), /^warmup: a parameter \[/);
    model.dispose();
  }
  layer.dispose();
  w.dispose();
});

test('every tensor of an output is followed, wherever it is', () => {
  const x = zeros([1, 2]);
  class Output {
    constructor(readonly inner: unknown) {}
  }
  const wraps: [string, (y: Tensor) => unknown][] = [
    ['a list', (y) => [x, y]],
    ['an object', (y) => ({ x, deeper: { y } })],
    ['a Map', (y) => new Map([['y', [y]]])],
    ['a Set', (y) => new Set([y])],
    ['an object of a class', (y) => new Output(new Output([y]))],
  ];
  for (const [what, wrap] of wraps) {
    using _ = scope();
    const hidden = parameter(zeros([2]));
    class Several extends Module<[Tensor, Tensor], unknown> {
      readonly fc = new Linear(2, 2);
      forward(a: Tensor, b: Tensor): unknown {
        return wrap(add(this.fc.forward(a), mul(b, hidden)));
      }
    }
    const model = new Several();
    const forward = () => findingParts('step', model, () => model.forward(x, x));
    assert.throws(forward, /^step: a parameter \[2\], which mul uses, is not among model\.parameters/, what);
    model.dispose();
    hidden.dispose();
  }
  const loop: unknown[] = [x];
  loop.push(loop);
  assert.is(
    scope(() => findingParts('step', new Linear(2, 2), () => loop)),
    loop,
    'an output that holds itself ends',
  );
  x.dispose();
});

test('dropout and batch norm that eval() does not reach are named', async () => {
  for (const hidden of [new Dropout(), new BatchNorm1d(2)]) {
    const model = new Hiding((x) => hidden.forward(x));
    const message =
      /: ran in training mode, but train\(\) and eval\(\) of the model do not reach it: a module finds its parts/;
    await refuses(evaluate({ model, task, data: source }), message);
    await refuses(predictProbabilities(model, seeded(12, 1), [3]), message);
    await refuses(trainer(model).fit({ epochs: 1 }), message);
    hidden.eval(); // a part of somebody else's that is in the right mode
    assert.equal(Object.keys(await evaluate({ model, task, data: source })), ['loss', 'accuracy']);
    model.dispose();
    hidden.dispose();
  }
});

test('a layer that is made in the first forward pass is found', async () => {
  class Lazy extends Module {
    norm: BatchNorm1d | null = null;
    readonly fc = new Linear(3, 2);
    forward(x: Tensor): Tensor {
      this.norm ??= new BatchNorm1d(3);
      return this.fc.forward(this.norm.forward(x));
    }
  }
  const model = new Lazy();
  await trainer(model).fit({ epochs: 1 });
  assert.equal(names(model), ['norm.weight', 'norm.bias', 'fc.weight', 'fc.bias']);
  model.dispose();
  const late = new Lazy();
  await refuses(evaluate({ model: late, task, data: source }), /^BatchNorm1d: ran in training mode/); // made too late for eval()
  late.dispose();
});

test('evaluation puts each module back into its own mode', async () => {
  const [norm, drop] = [new BatchNorm1d(2), new Dropout()];
  const model = new Sequential({ fc: new Linear(3, 2), norm, drop });
  norm.eval();
  const modes = () => model.namedModules().map(([, m]) => m.training);
  await evaluate({ model, task, data: source });
  assert.equal(modes(), [true, true, false, true]);
  await predictProbabilities(model, seeded(12, 1), [3]);
  assert.equal(modes(), [true, true, false, true]);
  assert.throws(() =>
    inEvaluation(model, () => {
      assert.equal(modes(), [false, false, false, false]);
      throw new Error('from inside');
    }),
  );
  assert.equal(modes(), [true, true, false, true]);
  assert.throws(
    () => inEvaluation(model, async () => {}),
    /inEvaluation: the callback is an async function, and what others/,
  );
  await trainer(model).fit({ epochs: 1 });
  assert.equal(modes(), [true, true, false, true]); // a frozen batch norm stays frozen
  await trainer(model.eval()).fit({ epochs: 1 });
  assert.equal(modes(), [true, true, true, true]);
  model.dispose();
});

test('a layer that is in evaluation mode on purpose runs so while its model trains', async () => {
  const mean = tensor([1, 2]);
  const norm = new BatchNorm1d(2).eval();
  const model = new Sequential(new Linear(3, 2), norm);
  norm.runningMean.copy(mean);
  await trainer(model).fit({ epochs: 2 });
  assert.equal([...(await norm.runningMean.data())], [1, 2]);
  model.dispose();
});

test('a name with a dot would be a path', () => {
  const fc = new Linear(1, 1);
  assert.throws(() => new Sequential({ 'a.b': fc }), /^Sequential: a name with a dot, 'a.b', would be a path/);
  fc.dispose();
});

test.run();
