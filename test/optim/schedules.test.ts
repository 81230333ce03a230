// Schedules where the golden values do not reach.
import * as assert from 'uvu/assert';
import { UsageError } from '../../src/errors.js';
import { parameter, tensor } from '../../src/index.js';
import { OneCycleLR, SGD } from '../../src/optim/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('optim/schedules');
test.before(useDevice);

test('a cycle may be stepped once after each of its batches, and no further', () => {
  const optimizer = new SGD([parameter(tensor([0]))], { lr: 1, momentum: 0.9 });
  const schedule = new OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: 10 });
  const used: number[] = [];
  for (let batch = 0; batch < 10; batch++) {
    used.push(optimizer.lr);
    schedule.step();
  }
  const ends = [0.1 / 25, 0.1, 0.1 / 25 / 1e4];
  for (const [i, at] of [0, 2, 9].entries())
    assert.ok(Math.abs(used[at] / ends[i] - 1) < 1e-9, `batch ${at}: ${used[at]}`);
  assert.throws(
    () => schedule.step(),
    (error: Error) => error instanceof UsageError && /OneCycleLR: stepped 11 times/.test(error.message),
  );
});

test.run();
