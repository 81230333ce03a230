// Ops that are linear in an input: the gradient is the transpose, <Ju, v> = <u, J'v>.
import { scope } from '../../src/index.js';
import { assertAdjoint } from '../support/adjoint.js';
import { useDevice } from '../support/device.js';
import { callOf, cases, inputsOf } from '../support/ops.js';
import { suite } from '../support/suite.js';

const test = suite('ops/adjoint');
test.before(useDevice);

for (const example of cases) {
  for (const i of example.linear ?? []) {
    test(`${example.title}, in input ${i}`, async () => {
      using _ = scope();
      const inputs = inputsOf(example);
      await assertAdjoint((u) => callOf(example, inputs.with(i, u)), inputs[i].shape, { terms: example.terms ?? 1 });
    });
  }
}

test.run();
