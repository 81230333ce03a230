import * as assert from 'uvu/assert';
import { deviceLost, init, ready, shutdown } from '../../src/device/runtime.js';
import { DeviceLostError } from '../../src/errors.js';
import { tensor } from '../../src/tensor/tensor.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('device/shutdown');
test.before(useDevice);

test('init again is a no-op; after shutdown it opens a new device', async () => {
  await init();
  const lost = deviceLost();
  await shutdown();
  assert.not(ready());
  assert.instance(await lost, DeviceLostError);
  assert.throws(() => tensor([1]), /call `await init\(\)` first/);
  await Promise.all([init(), init()]);
  assert.equal([...(await tensor([1, 2]).data())], [1, 2]);
});

test.run();
