// What the golden runs do not touch: refused settings, and how memory() names what optimizers hold.
import * as assert from 'uvu/assert';
import { memory, mul, parameter, randn, SGD, sum, tensor, UsageError } from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('optim/sgd');
test.before(useDevice);

test('Nesterov without momentum, or with dampening, is refused', () => {
  const refuses = (options: object) =>
    assert.throws(
      () => new SGD([], { lr: 0.1, nesterov: true, ...options }),
      (e: unknown) => e instanceof UsageError && /^SGD: nesterov needs a momentum above 0/.test(e.message),
    );
  refuses({});
  refuses({ momentum: 0.9, dampening: 0.1 });
});

test('rateInVelocity: the rule of the AlexNet paper, while the rate changes', async () => {
  const [momentum, weightDecay] = [0.9, 5e-4];
  const gradients = Array.from({ length: 9 }, (_, t) => [0.3, -0.2, 0.05 * t].map((g) => g + Math.sin(t)));
  const rates = gradients.map((_, t) => (t < 4 ? 0.1 : 0.01));
  const train = async (rateInVelocity: boolean) => {
    const w = parameter(tensor([0.5, -1, 2]));
    const optimizer = new SGD([w], { lr: 0.1, momentum, weightDecay, rateInVelocity });
    for (const [t, g] of gradients.entries()) {
      w.grad = tensor(g);
      optimizer.lr = rates[t];
      optimizer.step();
      optimizer.zeroGrad();
    }
    return w.data();
  };
  const w = [0.5, -1, 2];
  const v = [0, 0, 0];
  for (const [t, g] of gradients.entries()) {
    for (const i of w.keys()) {
      v[i] = momentum * v[i] - weightDecay * rates[t] * w[i] - rates[t] * g[i];
      w[i] += v[i];
    }
  }
  assertClose(await train(true), w, { what: 'weights', terms: gradients.length });
  const pytorch = await train(false);
  assert.ok(
    w.every((value, i) => Math.abs(value - pytorch[i]) > 0.01),
    'the two rules differ once the rate has changed',
  );
  assert.throws(
    () => new SGD([], { lr: 0.1, momentum: 0.9, nesterov: true, rateInVelocity: true }),
    (e: unknown) => e instanceof UsageError && /nesterov and rateInVelocity/.test(e.message),
  );
});

test('memory() tells parameters from their optimizer state', () => {
  const held = () => new Map(memory().holders.map(({ label, buffers }) => [label, buffers]));
  const before = held();
  const w = parameter(randn([5]));
  const optimizer = new SGD([w], { lr: 0.1, momentum: 0.9 });
  sum(mul(w, w)).backward();
  optimizer.step();
  for (const label of ['parameter', 'optimizer velocity', 'gradient']) {
    assert.is(held().get(label), (before.get(label) ?? 0) + 1, label);
  }
});

test.run();
