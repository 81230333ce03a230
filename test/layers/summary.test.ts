// What `summarize` says of networks that do not call their children one after the other, against PyTorch's own shapes and counts:
// test/golden/summaries.py has the same networks.
import * as assert from 'uvu/assert';
import {
  add,
  avgPool2d,
  BatchNorm1d,
  BatchNorm2d,
  broadcastTo,
  Conv2d,
  concat,
  Dropout,
  Linear,
  linear,
  Module,
  maxPool2d,
  mean,
  memory,
  mul,
  outputShape,
  parameter,
  relu,
  reshape,
  rngState,
  Sequential,
  slice,
  summarize,
  summary,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { goldenCases } from '../support/golden.js';
import { suite } from '../support/suite.js';

const test = suite('layers/summary');
test.before(useDevice);

class Block extends Module {
  readonly conv1: Conv2d;
  readonly norm1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly norm2: BatchNorm2d;
  readonly skip: Conv2d | null;

  constructor(before: number, channels: number, stride: number) {
    super();
    this.conv1 = new Conv2d(before, channels, 3, { stride, padding: 1, bias: false });
    this.norm1 = new BatchNorm2d(channels);
    this.conv2 = new Conv2d(channels, channels, 3, { padding: 1, bias: false });
    this.norm2 = new BatchNorm2d(channels);
    this.skip = stride !== 1 || before !== channels ? new Conv2d(before, channels, 1, { stride }) : null;
  }

  forward(x: Tensor): Tensor {
    const y = this.norm2.forward(this.conv2.forward(relu(this.norm1.forward(this.conv1.forward(x)))));
    return relu(add(y, this.skip ? this.skip.forward(x) : x));
  }
}

class Residual extends Module {
  readonly stem = new Conv2d(3, 8, 7, { stride: 2, padding: 3 });
  readonly blocks = [new Block(8, 8, 1), new Block(8, 16, 2)];
  readonly head = new Linear(16, 10);

  forward(x: Tensor): Tensor {
    const pooled = maxPool2d(relu(this.stem.forward(x)), { kernelSize: 3, stride: 2, padding: 1 });
    return this.head.forward(
      mean(
        this.blocks.reduce((y, block) => block.forward(y), pooled),
        [2, 3],
      ),
    );
  }
}

/** Every pixel twice in both directions. */
function doubled(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape;
  const spread = broadcastTo(reshape(x, [batch, channels, height, 1, width, 1]), [
    batch,
    channels,
    height,
    2,
    width,
    2,
  ]);
  return reshape(spread, [batch, channels, 2 * height, 2 * width]);
}

class UNet extends Module {
  readonly down = [new Conv2d(3, 8, 3, { padding: 1 }), new Conv2d(8, 16, 3, { padding: 1 })];
  readonly bottom = new Conv2d(16, 32, 3, { padding: 1 });
  readonly up = { wide: new Conv2d(48, 16, 3, { padding: 1 }), full: new Conv2d(24, 8, 3, { padding: 1 }) };
  readonly out = new Conv2d(8, 2, 1);

  forward(x: Tensor): Tensor {
    const half = (y: Tensor) => maxPool2d(y, { kernelSize: 2 });
    const one = relu(this.down[0].forward(x));
    const two = relu(this.down[1].forward(half(one)));
    const bottom = relu(this.bottom.forward(half(two)));
    const wide = relu(this.up.wide.forward(concat([doubled(bottom), two], 1)));
    return this.out.forward(relu(this.up.full.forward(concat([doubled(wide), one], 1))));
  }
}

class Functional extends Module {
  readonly conv = new Conv2d(1, 6, 5);
  readonly again = new Linear(24, 24);
  readonly weight = parameter(zeros([10, 144]));
  readonly unused = new Linear(3, 2);

  forward(x: Tensor): Tensor {
    const pooled = reshape(avgPool2d(relu(this.conv.forward(x)), { kernelSize: 4 }), [-1, 9, 24]);
    const twice = this.again.forward(relu(this.again.forward(pooled)));
    return linear(reshape(slice(twice, null, [0, 6]), [-1, 144]), this.weight);
  }
}

const networks: Record<string, () => Module> = {
  residual: () => new Residual(),
  unet: () => new UNet(),
  functional: () => new Functional(),
};

const image = (shape: number[]) => (shape.length === 3 ? `${shape[1]} x ${shape[2]} x ${shape[0]}` : shape.join(' x '));

for (const golden of goldenCases('summary')) {
  test(`${golden.name}: PyTorch's shapes and parameter counts`, async () => {
    const args = golden.args as { input: number[]; layers: [string, number[], number][]; parameters: number };
    const model = networks[golden.name]();
    const rows = summarize(model, args.input);
    const called = rows.filter((row) => row.output !== '');
    assert.equal(
      called.map((row) => [row.name, row.output, row.parameters]),
      args.layers.map(([name, shape, parameters]) => [name, image(shape), parameters]),
    );
    assert.is(
      rows.reduce((sum, row) => sum + row.parameters, 0),
      args.parameters,
    );
    const y = model.eval().forward(zeros([1, ...args.input]));
    assert.equal(outputShape(model, [1, ...args.input]), y.shape, 'what is followed is what runs');
    y.dispose();
    model.dispose();
  });
}

test('multiply-adds are those of the products that run, a layer’s own', () => {
  const model = new Functional();
  const own = Object.fromEntries(summarize(model, [1, 28, 28]).map((row) => [row.name, row.multiplyAdds]));
  assert.equal(own, { conv: 24 * 24 * 6 * 25, again: 9 * 24 * 24, '': 10 * 144, unused: 0 });
  assert.match(summary(model, [1, 28, 28]), /^unused +Linear +3, 2 +8$/m);
  model.dispose();
});

test('nothing is computed, and all is as before: memory, modes, random stream, statistics, the forwards', async () => {
  const model = new Sequential(new Conv2d(1, 4, 3), new BatchNorm2d(4), new Dropout(0.5));
  model.children()[1][1].eval();
  const statistics = model.stateDict()['1.runningMean'];
  await statistics.data();
  const [before, stream] = [memory(), rngState()];
  summary(model, [1, 2048, 2048]);
  assert.equal(memory(), before);
  assert.equal(rngState(), stream);
  assert.equal(
    model.namedModules().map(([, module]) => [module.training, Object.hasOwn(module, 'forward')]),
    [true, true, false, true].map((training) => [training, false]),
  );
  assert.equal([...(await statistics.data())], [0, 0, 0, 0]);
  model.dispose();
});

test('several inputs and outputs: shapes in a list, and outputs behind one another', () => {
  class Two extends Module<[Tensor, Tensor], { both: Tensor; parts: [Tensor, Tensor] }> {
    readonly image = new Conv2d(3, 4, 3);
    readonly text = new Linear(5, 6);
    forward(a: Tensor, b: Tensor): { both: Tensor; parts: [Tensor, Tensor] } {
      const parts: [Tensor, Tensor] = [this.image.forward(a), this.text.forward(b)];
      return { both: mean(parts[0]), parts };
    }
  }
  class Whole extends Module<[Tensor, Tensor]> {
    readonly two = new Two();
    readonly scale = parameter(zeros([6]));
    forward(a: Tensor, b: Tensor): Tensor {
      const { parts } = this.two.forward(a, b);
      return mul(parts[1], this.scale);
    }
  }
  const model = new Whole();
  const rows = summarize(model, [[3, 8, 8], [5]]).map((row) => [row.name, row.output, row.parameters]);
  assert.equal(rows, [
    ['two.image', '6 x 6 x 4', 112],
    ['two.text', '6', 36],
    ['', '6', 6],
  ]);
  assert.match(summary(model, [[3, 8, 8], [5]]), /^input +8 x 8 x 3, 5$/m);
  assert.equal(
    outputShape(model, [
      [2, 3, 8, 8],
      [2, 5],
    ]),
    [2, 6],
  );
  const shown = parameter(zeros([1]));
  Object.assign(model.two, { shown }); // a row of its own
  assert.is(summarize(model.two, [[3, 8, 8], [5]]).at(-1)!.output, '1, 6 x 6 x 4, 6');
  assert.throws(
    () =>
      outputShape(model.two as never, [
        [1, 3, 8, 8],
        [1, 5],
      ]),
    /^outputShape: the model gives an Object, not a tensor; summarize\(\) lists all outputs$/,
  );
  assert.throws(
    () =>
      summarize(model, [
        [3, 8, 8],
        [5, -1],
      ]),
    /^summarize: \[5, -1\] is not a shape/,
  );
  model.dispose();
});

test('one image is enough for batch norm, and frozen parameters are counted apart', () => {
  const model = new Sequential({ fc1: new Linear(8, 4), norm: new BatchNorm1d(4), fc2: new Linear(4, 2) });
  for (const p of model.children()[0][1].parameters()) p.requiresGrad = false;
  const table = summary(model, [8]);
  assert.match(table, /^total +54 +40$/m);
  assert.match(table, /^of these frozen +36$/m);
  model.dispose();
});

test('what does not fit, and what needs values, is an error that says so; the model is as before', async () => {
  const model = new Sequential(new Conv2d(3, 4, 3));
  assert.throws(() => summary(model, [1, 8, 8]), /conv2d: weight has 3 input channels, x has 1/);
  assert.throws(
    () => summary(model),
    /^summary: takes the shape of an input without its batch, such as \[3, 224, 224\]/,
  );
  assert.throws(() => summary(model, [3, -1, 8]), /is not a shape/);
  assert.throws(() => summary({} as never, [1]), /summary: takes a module, got an Object/);
  assert.not(Object.hasOwn(model.children()[0][1], 'forward'));
  class Lazy extends Module {
    fc: Linear | undefined;
    forward(x: Tensor): Tensor {
      this.fc ??= new Linear(x.shape[1], 2);
      return this.fc.forward(x);
    }
  }
  const lazy = new Lazy();
  summary(lazy, [3]);
  assert.throws(
    () => lazy.forward(tensor([[1, 2, 3]])),
    /was made while only shapes were followed \(summary\); make it before/,
  );
  lazy.dispose();
  model.dispose();
});

test.run();
