// What optimizers do when they are told nothing: the defaults of PyTorch, or of the papers, written out.
import * as assert from 'uvu/assert';
import {
  Adagrad,
  Adam,
  AdamW,
  LAMB,
  LARS,
  Lion,
  type Optimizer,
  parameter,
  RMSprop,
  SGD,
  type Tensor,
  tensor,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('optim/defaults');
test.before(useDevice);

async function threeSteps(make: (params: Tensor[]) => Optimizer): Promise<number[]> {
  const p = parameter(tensor([1, -2, 0.5, 0]));
  const optimizer = make([p]);
  for (let step = 0; step < 3; step++) {
    p.grad = tensor([0.3 * step + 0.1, -1, 0.01, 0]);
    optimizer.step();
  }
  const values = [...(await p.data())];
  optimizer.dispose();
  p.dispose();
  return values;
}

const adam = { lr: 1e-3, betas: [0.9, 0.999] as const, eps: 1e-8 };
const rules: Record<string, [plain: (p: Tensor[]) => Optimizer, told: (p: Tensor[]) => Optimizer]> = {
  Adam: [(p) => new Adam(p), (p) => new Adam(p, { ...adam, weightDecay: 0 })],
  AdamW: [(p) => new AdamW(p), (p) => new AdamW(p, { ...adam, weightDecay: 0.01 })],
  RMSprop: [
    (p) => new RMSprop(p),
    (p) => new RMSprop(p, { lr: 0.01, alpha: 0.99, eps: 1e-8, momentum: 0, weightDecay: 0 }),
  ],
  Adagrad: [
    (p) => new Adagrad(p),
    (p) => new Adagrad(p, { lr: 0.01, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10 }),
  ],
  Lion: [(p) => new Lion(p), (p) => new Lion(p, { lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0 })],
  LARS: [
    (p) => new LARS(p, { lr: 2 }),
    (p) => new LARS(p, { lr: 2, momentum: 0.9, weightDecay: 0, trustCoefficient: 0.001, adapt: true }),
  ],
  LAMB: [
    (p) => new LAMB(p),
    (p) => new LAMB(p, { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-6, weightDecay: 0.01, adapt: true }),
  ],
  SGD: [
    (p) => new SGD(p, { lr: 0.1 }),
    (p) => new SGD(p, { lr: 0.1, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, rateInVelocity: false }),
  ],
};

for (const [name, [plain, told]] of Object.entries(rules)) {
  test(name, async () => assert.equal(await threeSteps(plain), await threeSteps(told)));

  test(`${name}: lrScale times lr is the rate`, async () => {
    const scaled = (lr: number, lrScale: number) => (params: Tensor[]) => {
      const optimizer = plain(params);
      optimizer.lr = lr;
      optimizer.lrScale = lrScale;
      return optimizer;
    };
    const values = await threeSteps(scaled(0.04, 0.25));
    assert.equal(values, await threeSteps(scaled(0.01, 1)));
    assert.not.equal(values, await threeSteps(scaled(0.04, 1)));
  });
}

test('a parameter without elements is updated without one', async () => {
  for (const [plain] of Object.values(rules)) {
    const [none, one] = [parameter(tensor([], { shape: [0, 3] })), parameter(tensor([1]))];
    for (const p of [none, one]) p.grad = tensor(Array(p.size).fill(1), { shape: p.shape });
    const optimizer = plain([none, one]);
    optimizer.step();
    assert.equal([...(await none.data())], []);
    assert.ok((await one.item()) < 1);
    optimizer.dispose();
  }
});

test('lrScale is saved, restored and checked, and leaves the groups’ rates', () => {
  const make = () => new SGD([parameter(tensor([1]))], { lr: 0.1 });
  const optimizer = make();
  optimizer.lrScale = 0.5;
  optimizer.step();
  assert.is(optimizer.lr, 0.1);
  const saved = JSON.parse(JSON.stringify(optimizer.settings()));
  const other = make();
  other.restore(saved, {});
  assert.is(other.lrScale, 0.5);
  const { lrScale: _, ...older } = saved;
  other.restore(older, {});
  assert.is(other.lrScale, 1);
  for (const wrong of [Number.NaN, -1, undefined]) {
    optimizer.lrScale = wrong as number;
    assert.throws(() => optimizer.step(), /SGD: lrScale is (a finite number, 0 or more, got|missing)/);
  }
  assert.is(optimizer.steps, 1);
});

test('AdamW shrinks what has a gradient of 0, Adam does not', async () => {
  const after = async (make: (p: Tensor[]) => Optimizer) => {
    const p = parameter(tensor([2]));
    p.grad = tensor([0]);
    make([p]).step();
    return p.item();
  };
  assert.ok(Math.abs((await after((p) => new AdamW(p))) - 2 * (1 - 1e-3 * 0.01)) < 2e-7);
  assert.is(await after((p) => new Adam(p)), 2);
});

test.run();
