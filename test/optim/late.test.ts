// Gradients that come late, stay away and come again; rates and momenta that change: PyTorch's numbers (pytorch.py).
import * as assert from 'uvu/assert';
import {
  Adam,
  AdamW,
  crossEntropy,
  freeze,
  Linear,
  type Optimizer,
  parameter,
  RMSprop,
  Sequential,
  SGD,
  scope,
  Tanh,
  type Tensor,
  tensor,
  unfreeze,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';
import { LATE, THAWED } from './pytorch.js';

const test = suite('optim/late');
test.before(useDevice);

const damped = { lr: 0.1, momentum: 0.9, dampening: 0.4, weightDecay: 0.05 };
const rules: Record<string, (params: Tensor[]) => Optimizer> = {
  sgd: (p) => new SGD(p, { lr: 0.1, weightDecay: 0.05 }),
  'sgd momentum': (p) => new SGD(p, { lr: 0.1, momentum: 0.9 }),
  'sgd dampening': (p) => new SGD(p, damped),
  'sgd nesterov': (p) => new SGD(p, { lr: 0.1, momentum: 0.8, nesterov: true }),
  adam: (p) => new Adam(p, { lr: 0.1, betas: [0.8, 0.95], eps: 1e-3, weightDecay: 0.05 }),
  adamw: (p) => new AdamW(p, { lr: 0.1, betas: [0.9, 0.99], weightDecay: 0.3 }),
  rmsprop: (p) => new RMSprop(p, { lr: 0.05, alpha: 0.9, eps: 1e-3 }),
  'rmsprop momentum': (p) => new RMSprop(p, { lr: 0.05, alpha: 0.8, momentum: 0.7, weightDecay: 0.05 }),
  'sgd momentum from step 3': (p) => new SGD(p, damped),
};

const ofA = (t: number) => (t === 4 ? null : [Math.cos(t), Math.sin(2 * t) + 0.5, 0.3]);
const ofB = (t: number) => ([2, 3, 5, 7].includes(t) ? [Math.sin(t + 1), -0.2 * t] : null);

/** Steps `from` to `to`; what `each` is told are the values after each. */
async function follow(name: string, params: Tensor[], rule: Optimizer, steps: number[], values: number[][] = []) {
  for (const t of steps) {
    for (const [i, gradient] of [ofA(t), ofB(t)].entries()) params[i].grad = gradient && tensor(gradient);
    for (const group of rule.groups as { lr: number; momentum?: number }[]) {
      const initial = name.startsWith('rmsprop') ? 0.05 : 0.1;
      group.lr = t >= 3 ? initial / 2 : initial;
      if (name === 'sgd momentum from step 3') group.momentum = t >= 3 ? 0.9 : 0;
    }
    rule.step();
    values.push((await Promise.all(params.map(async (p) => [...(await p.data())]))).flat());
  }
  return values;
}

const newParams = () => [parameter(tensor([1, -2, 0.5])), parameter(tensor([0.3, 4]))];

test('every rule is one of PyTorch’s cases', () => assert.equal(Object.keys(rules).sort(), Object.keys(LATE).sort()));

for (const [name, make] of Object.entries(rules)) {
  test(name, async () => {
    const params = newParams();
    const rule = make(params);
    const values = await follow(name, params, rule, [0, 1, 2, 3, 4, 5, 6, 7]);
    for (const [t, row] of values.entries()) assertClose(row, LATE[name][t], { what: `step ${t}`, terms: 8 });
    assert.equal([rule.steps, rule.settings().updates], [8, [7, 4]]);
    rule.dispose();
  });

  for (const at of [2, 4]) {
    test(`${name}, saved and restored after ${at} steps: the same bits`, async () => {
      const steps = [0, 1, 2, 3, 4, 5, 6, 7];
      const params = newParams();
      const rule = make(params);
      await follow(name, params, rule, steps.slice(0, at));
      const settings = JSON.parse(JSON.stringify(rule.settings()));
      const tensors = await Promise.all(
        Object.entries(rule.stateTensors()).map(async ([key, t]) => [key, (await t.data()) as Float32Array] as const),
      );
      const others = newParams();
      for (const [i, p] of others.entries()) p.copy(params[i]);
      const other = make(others);
      await follow(name, newParams(), other, []); // nothing yet
      other.restore(settings, Object.fromEntries(tensors));
      assert.equal(
        await follow(name, others, other, steps.slice(at)),
        await follow(name, params, rule, steps.slice(at)),
      );
      assert.equal(other.settings(), rule.settings());
    });
  }
}

test('a layer unfrozen in mid-run has PyTorch’s parameters and state', async () => {
  const net = new Sequential({ first: new Linear(3, 4), tanh: new Tanh(), last: new Linear(4, 2) });
  const params = net.parameters();
  for (const [k, p] of params.entries()) p.set(Array.from({ length: p.size }, (_, i) => 0.5 * Math.sin(0.7 * i + k)));
  const rule = new Adam(params, { lr: 0.05 });
  const flat = async (tensors: Tensor[]) => (await Promise.all(tensors.map(async (t) => [...(await t.data())]))).flat();
  const [means, squares, counts] = THAWED.adam.slice(6);
  freeze(net, 'first');
  for (let t = 0; t < 6; t++) {
    if (t === 3) unfreeze(net, 'first');
    using _ = scope();
    const x = tensor(
      Float32Array.from({ length: 12 }, (_, i) => Math.sin(i + t)),
      { shape: [4, 3] },
    );
    rule.zeroGrad();
    crossEntropy(net.forward(x), tensor(Int32Array.of(0, 1, 1, 0))).backward();
    rule.step();
    assertClose(await flat(params), THAWED.adam[t], { what: `step ${t}`, terms: 8 });
  }
  const state = rule.stateTensors();
  const ofName = (name: string) => flat(params.map((_, i) => state[`${i}.${name}`]));
  for (const [name, expected] of [
    ['first', means],
    ['second', squares],
  ] as const) {
    assertClose(await ofName(name), expected, { what: name, terms: 64, scale: expected.map(Math.abs) });
  }
  assert.equal(rule.settings().updates, counts);
  rule.dispose();
  net.dispose();
});

test.run();
