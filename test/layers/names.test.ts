// What a layer's launches are called: in modules of a user's own, without `within`.
import * as assert from 'uvu/assert';
import {
  AnomalyError,
  add,
  detectAnomaly,
  features,
  Linear,
  log,
  Module,
  mul,
  neg,
  ones,
  profile,
  profileRows,
  ReLU,
  relu,
  Sequential,
  scope,
  sqrt,
  square,
  sum,
  type Tensor,
  tensor,
  within,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('layers/names');
test.before(useDevice);

/** 'op at path' of all that a tensor was computed with, in order. */
function opsOf(y: Tensor): string[] {
  const seen = new Set([y]);
  for (const { node } of seen) for (const input of node?.inputs ?? []) seen.add(input);
  const computed = [...seen].filter((t) => t.node).sort((a, b) => a.id - b.id);
  return computed.map(({ node }) => `${node!.name} at ${node!.callSite.path || '-'}`);
}

const x = () => tensor([[1, 2]], { requiresGrad: true });

function names(module: Module, input = x()): string[] {
  return scope(() => opsOf(module.forward(input)));
}

class Block extends Module {
  readonly fc1 = new Linear(2, 2);
  readonly heads = { out: new Linear(2, 2) };
  forward(input: Tensor): Tensor {
    return add(input, this.heads.out.forward(relu(this.fc1.forward(input))));
  }
}

class Net extends Module {
  readonly stem = new Linear(2, 2);
  readonly blocks = [new Block(), new Block()];
  forward(input: Tensor): Tensor {
    return square(this.blocks.reduce((y, block) => block.forward(y), this.stem.forward(input)));
  }
}

test('ops of modules of a user’s own have the path of the module that runs them', () => {
  const block = (i: number) => [
    `linear at blocks.${i}.fc1`,
    `relu at blocks.${i}`,
    `linear at blocks.${i}.heads.out`,
    `add at blocks.${i}`,
  ];
  const expected = ['linear at stem', ...block(0), ...block(1), 'square at -'];
  const net = new Net();
  assert.equal(names(net), expected);
  const inside = new Sequential({ net, last: new ReLU() });
  assert.equal(names(inside)[1], 'linear at net.blocks.0.fc1');
  const marked = scope(() => within('generator', () => opsOf(net.forward(x()))));
  assert.equal(marked[1], 'linear at generator.blocks.0.fc1', 'two models of one loop are told apart');
  assert.equal(names(net), expected, 'once more');
  net.dispose();
});

test('a profile and an anomaly name the layer, forward and backward', async () => {
  class Rooting extends Module {
    readonly fc = new Linear(2, 2);
    readonly root = new (class Root extends Module {
      forward(y: Tensor): Tensor {
        return sqrt(mul(y, 0));
      }
    })();
    forward(input: Tensor): Tensor {
      return this.root.forward(this.fc.forward(input));
    }
  }
  const net = new Rooting();
  const step = () => {
    using _ = scope();
    sum(net.forward(x())).backward();
  };
  const error = await detectAnomaly(step).catch((e: unknown) => e);
  assert.instance(error, AnomalyError);
  assert.match((error as AnomalyError).message, /^sqrt in layer root \(backward\): the gradient/);
  assert.is((error as AnomalyError).anomaly.layer, 'root');
  const forward = await detectAnomaly(() => {
    using _ = scope();
    log(net.fc.forward(mul(ones([1, 2]), Number.NaN)));
  }).catch((e: unknown) => e);
  assert.is((forward as AnomalyError).anomaly.layer, '', 'mul is outside of layers');
  if (features().has('timestamp-query')) {
    const rows = profileRows(await profile(step), 'layer').map((row) => row.name);
    for (const name of ['fc', 'root', 'fc (backward)', 'root (backward)', 'sum (backward)', '(no layer)']) {
      assert.ok(rows.includes(name), `${name} is not among ${rows}`);
    }
  }
  net.dispose();
});

test('a layer with several names goes by the one that it is called by, where that is known', () => {
  const layer = new Linear(2, 2);
  const chain = new Sequential(layer, new ReLU(), layer);
  assert.equal(names(chain), ['linear at 0', 'relu at 1', 'linear at 2']);
  class Tied extends Module {
    readonly first = layer;
    readonly second = layer;
    forward(input: Tensor): Tensor {
      return within('second', () => this.second.forward(this.first.forward(input)));
    }
  }
  assert.equal(names(new Tied()), ['linear at second', 'linear at second']);
  layer.dispose();
});

test('within in a forward marks its part, and a layer’s own name is not said twice', () => {
  class Marked extends Module {
    readonly fc = new Linear(2, 2);
    readonly block = new Block();
    forward(input: Tensor): Tensor {
      const y = within('fc', () => this.fc.forward(input));
      const z = within('block', () => this.block.fc1.forward(y));
      return within('head', () => neg(this.fc.forward(z)));
    }
  }
  const net = new Marked();
  assert.equal(names(net), ['linear at fc', 'linear at block.fc1', 'linear at head.fc', 'neg at head']);
  net.dispose();
});

test('a module that calls itself, or the forward that it inherits, is one call', () => {
  class Twice extends Block {
    depth = 0;
    override forward(input: Tensor): Tensor {
      if (this.depth++ < 1) return this.forward(super.forward(input));
      return neg(input);
    }
  }
  const net = new Sequential({ twice: new Twice() });
  assert.equal(names(net).slice(-2), ['add at twice', 'neg at twice']);
  net.dispose();
});

test('parts that call each other have the paths that the model knows', () => {
  class Child extends Module {
    constructor(readonly parent: Parent) {
      super();
    }
    forward(input: Tensor): Tensor {
      return this.parent.depth++ < 2 ? this.parent.forward(neg(input)) : this.parent.shared.forward(input);
    }
  }
  class Parent extends Module {
    depth = 0;
    readonly child: Child = new Child(this);
    readonly shared = new Linear(2, 2);
    forward(input: Tensor): Tensor {
      return square(this.child.forward(input));
    }
  }
  const net = new Sequential({ parent: new Parent() });
  const expected = ['neg at parent.child', 'neg at parent.child', 'linear at parent.shared'];
  assert.equal(names(net).slice(0, 3), expected);
  net.dispose();
});

test('a part of an outer module keeps its path there', () => {
  class Decoder extends Module {
    readonly #embedding: Module;
    readonly out = new Linear(2, 2);
    constructor(embedding: Module) {
      super();
      this.#embedding = embedding;
    }
    forward(input: Tensor): Tensor {
      return this.out.forward(this.#embedding.forward(input));
    }
  }
  class Model extends Module {
    readonly embedding = new Linear(2, 2);
    readonly decoder = new Decoder(this.embedding);
    forward(input: Tensor): Tensor {
      return this.decoder.forward(input);
    }
  }
  const model = new Model();
  assert.equal(names(model), ['linear at embedding', 'linear at decoder.out']);
  const foreign = new Decoder(new Block()); // it finds no path to the block
  assert.equal(names(foreign)[0], 'linear at Block.fc1');
  model.dispose();
  foreign.dispose();
});

test('a layer that is called by itself goes by its class, a model by none', () => {
  const layer = new Linear(2, 2);
  assert.equal(names(layer), ['linear at Linear']);
  assert.equal(
    scope(() => within('encoder', () => opsOf(layer.forward(x())))),
    ['linear at encoder'],
  );
  layer.dispose();
});

test('a part that is replaced, moved or taken out has the name of where it is now', () => {
  const net = new Net();
  const [first, second] = net.blocks;
  names(net);
  net.blocks.reverse();
  const ops = scope(() => opsOf(second.forward(net.stem.forward(x()))));
  assert.equal(ops.slice(0, 2), ['linear at Linear', 'linear at fc1']);
  class Only extends Module {
    part: Module = first;
    forward(input: Tensor): Tensor {
      return this.part.forward(input);
    }
  }
  const only = new Only();
  assert.equal(names(only)[0], 'linear at part.fc1');
  only.part = net;
  assert.equal(names(only)[0], 'linear at part.stem');
  net.dispose();
});

test('an error in a forward leaves no name behind', () => {
  const net = new Net();
  assert.throws(() => net.forward(tensor([1, 2, 3])));
  assert.equal(
    scope(() => opsOf(neg(x()))),
    ['neg at -'],
  );
  net.dispose();
});

test.run();
