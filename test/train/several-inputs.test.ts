// A model of several inputs, which gives an object, in a task of one's own.
import * as assert from 'uvu/assert';
import {
  add,
  Linear,
  Module,
  mean,
  mseLoss,
  mul,
  parameter,
  SGD,
  square,
  sub,
  type Tensor,
  zeros,
} from '../../src/index.js';
import {
  evaluate,
  readCheckpoint,
  restoreModel,
  type Task,
  Trainer,
  warmup,
  writeWeights,
} from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { thrownBy } from '../support/faults.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('train/several-inputs');
test.before(useDevice);

interface Batch {
  a: { data: Float32Array; shape: number[] };
  b: { data: Float32Array; shape: number[] };
  target: { data: Float32Array; shape: number[] };
}

interface Output {
  sum: Tensor;
  parts: [Tensor, Tensor];
}

class Two extends Module<[Tensor, Tensor], Output> {
  readonly left = new Linear(3, 2);
  readonly right = new Linear(4, 2);

  forward(a: Tensor, b: Tensor): Output {
    const parts: [Tensor, Tensor] = [this.left.forward(a), this.right.forward(b)];
    return { sum: this.joined(...parts), parts };
  }

  protected joined(a: Tensor, b: Tensor): Tensor {
    return add(a, b);
  }
}

const source = {
  length: 8,
  async *epoch(number: number): AsyncGenerator<Batch> {
    for (const seed of [10 * number, 10 * number + 5]) {
      const [a, b] = [seeded(12, seed), seeded(16, seed + 1)];
      const target = Float32Array.from({ length: 8 }, (_, i) => a[3 * (i >> 1)] - 2 * b[4 * (i >> 1)]);
      yield { a: { data: a, shape: [4, 3] }, b: { data: b, shape: [4, 4] }, target: { data: target, shape: [4, 2] } };
    }
  },
};

const task: Task<Batch, Two> = (model, { a, b, target }) => {
  const { sum, parts } = model.forward(a, b);
  return { loss: mseLoss(sum, target), size: a.shape[0], metrics: { apart: mean(square(sub(...parts))) } };
};

const trainer = (model: Two) =>
  new Trainer({ model, optimizer: new SGD(model.parameters(), { lr: 0.1 }), task, train: source });

test('it is warmed up, trained, evaluated, saved and loaded', async () => {
  const model = new Two();
  await warmup(model, [
    [4, 3],
    [4, 4],
  ]);
  const run = trainer(model);
  await run.fit({ epochs: 40 });
  const losses = run.history.map(({ metrics }) => metrics.loss);
  assert.ok(losses.at(-1)! < losses[0] / 10, `${losses}`);
  const before = await evaluate({ model, task, data: source });
  assert.ok(before.loss < losses[0] / 10 && before.apart > 0, JSON.stringify(before));
  const other = new Two();
  restoreModel(readCheckpoint(await writeWeights(model), 'two'), other);
  assert.equal(await evaluate({ model: other, task, data: source }), before);
  other.dispose();
  model.dispose();
});

test('a parameter that it hides is named in the first step, wherever its tensor is', async () => {
  const hidden = parameter(zeros([2]));
  class Hiding extends Two {
    protected override joined(a: Tensor, b: Tensor): Tensor {
      return add(a, mul(b, hidden));
    }
  }
  const model = new Hiding();
  const error = String(await thrownBy(() => trainer(model).fit({ epochs: 1 })));
  assert.match(error, /a parameter \[2\], which mul uses, is not among model\.parameters\(\)/);
  model.dispose();
  hidden.dispose();
});

test.run();
