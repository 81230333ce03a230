// Batch norms folded into what is before them.
import * as assert from 'uvu/assert';
import {
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  crossEntropy,
  Flatten,
  foldBatchNorm,
  Linear,
  type Module,
  ReLU,
  Sequential,
  SGD,
  scope,
  tensor,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('layers/fold');
test.before(useDevice);

const images = () => tensor(seeded(4 * 3 * 36, 1), { shape: [4, 3, 6, 6] });

test('the same outputs, and the model is as before', async () => {
  const block = new Sequential(new Conv2d(6, 4, 3, { groups: 2, bias: false }), new BatchNorm2d(4));
  const model = new Sequential({
    conv: new Conv2d(3, 6, 3, { padding: 1 }),
    norm: new BatchNorm2d(6),
    relu: new ReLU(),
    block,
    after: new BatchNorm2d(4), // behind no convolution: stays
    flat: new Flatten(),
    dense: new Linear(64, 5),
    last: new BatchNorm1d(5),
  });
  const rule = new SGD(model.parameters(), { lr: 0.3 });
  for (let i = 0; i < 5; i++) {
    using _ = scope();
    rule.zeroGrad();
    crossEntropy(model.forward(images()), tensor(Int32Array.of(0, 1, 2, 4))).backward();
    rule.step();
  }
  model.eval();
  using _ = scope();
  const expected = await model.forward(images()).data();
  const state = async (m: Module) => Promise.all(Object.values(m.stateDict()).map((t) => t.data()));
  const before = await state(model);
  const folded = foldBatchNorm(model);
  assertClose((await folded.forward(images()).data()) as Float32Array, expected as Float32Array, { terms: 64 });
  assert.equal(await state(model), before);
  const names = folded.namedModules().map(([name]) => name);
  assert.equal(names, ['', 'conv', 'relu', 'block', 'block.0', 'after', 'flat', 'dense']);
  folded.dispose();
  model.dispose();
});

test.run();
