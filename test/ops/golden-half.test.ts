// Every op of tensors of halves against PyTorch's values in float64, rounded to half: within an ulp of it beyond what f32 may be off by.
import { forceVariant } from '../../src/kernels/tile.js';
import { useHalf } from '../support/device.js';
import { goldenTests } from '../support/golden-ops.js';
import { suite } from '../support/suite.js';

const test = suite('ops/golden-half');
test.before(useHalf);
test.after(() => forceVariant(null));

goldenTests(test, 'f16');

test.run();
