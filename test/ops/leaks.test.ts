// Ops called outside of all scopes: nothing but the result is left, and disposing of it leaves nothing.
import * as assert from 'uvu/assert';
import * as ops from '../../src/autograd/ops/index.js';
import { memory } from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { callOf, cases, inputsOf, table } from '../support/ops.js';
import { suite } from '../support/suite.js';

const test = suite('ops/leaks');
test.before(useDevice);

for (const example of cases) {
  test(example.title, () => {
    const inputs = inputsOf(example);
    const before = memory().liveBuffers;
    callOf(example, inputs).dispose();
    assert.is(memory().liveBuffers, before, `${memory().holders.map(({ label }) => label)}`);
    for (const t of inputs) t.dispose();
  });
}

test('every op is in the table, and nothing else', () => {
  const exported = Object.entries(ops).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  assert.equal(Object.keys(table).sort(), exported.sort());
});

test.run();
