// A training loop that has found its rhythm makes nothing anew: no buffer, no pipeline, no bind group; one submit a step.
import * as assert from 'uvu/assert';
import {
  AdamW,
  activity,
  alexnet,
  crossEntropy,
  memory,
  type Optimizer,
  SGD,
  scope,
  sync,
  tensor,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('train/steady-state');
test.before(useDevice);

const FIRST_STEPS = 60; // the pool's order settles after some
const STEPS = 10;

for (const variant of ['paper', 'dogcat'] as const) {
  test(`${variant}: ${STEPS} steps, nothing made, ${STEPS} submits`, async () => {
    const model = alexnet({ variant, width: 0.05, imageSize: 67, numClasses: 3 });
    const parameters = model.parameters();
    const rule: Optimizer =
      variant === 'paper' ? new SGD(parameters, { lr: 1e-3, momentum: 0.9 }) : new AdamW(parameters);
    const images = seeded(2 * 3 * 67 * 67, 1);
    const step = async () => {
      const kept = scope();
      const loss = crossEntropy(model.forward(tensor(images, { shape: [2, 3, 67, 67] })), tensor(Int32Array.of(0, 2)));
      rule.zeroGrad();
      loss.backward();
      rule.step();
      const value = loss.item();
      kept.close();
      await value;
    };
    for (let i = 0; i < FIRST_STEPS; i++) await step();
    await sync();
    const made = () => ({ buffers: memory().created, pipelines: activity().pipelines, groups: activity().bindGroups });
    const [before, { submits }] = [made(), activity()];
    for (let i = 0; i < STEPS; i++) await step();
    assert.equal(made(), before);
    assert.is(activity().submits - submits, STEPS);
    rule.dispose();
    model.dispose();
  });
}

test.run();
