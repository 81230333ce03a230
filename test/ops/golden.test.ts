// Every op against PyTorch's values, forward and backward.
import { forceVariant } from '../../src/kernels/tile.js';
import { useDevice } from '../support/device.js';
import { goldenTests } from '../support/golden-ops.js';
import { suite } from '../support/suite.js';

const test = suite('ops/golden');
test.before(useDevice);
test.after(() => forceVariant(null));

goldenTests(test, 'f32');

test.run();
