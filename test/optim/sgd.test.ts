// What the golden runs do not touch: refused settings, and how memory() names what optimizers hold.
import * as assert from 'uvu/assert';
import { memory, mul, parameter, randn, SGD, sum, UsageError } from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

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
