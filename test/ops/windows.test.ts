// Tensors above the binding limit are walked in windows: with the limit lowered, every op gives what it gives whole.
import * as assert from 'uvu/assert';
import { activity, scope, type TypedArray, tensor } from '../../src/index.js';
import { useDevice, withBindingLimit } from '../support/device.js';
import { type Case, callOf, cases, inputsOf } from '../support/ops.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('ops/windows');
test.before(useDevice);

/** An op's result and its gradients, by name, and the launches that they took. */
async function run(example: Case): Promise<{ values: [string, TypedArray][]; launches: number }> {
  using _ = scope();
  const inputs = inputsOf(example, { requiresGrad: true });
  const before = activity().dispatches;
  const y = callOf(example, inputs);
  if (y.requiresGrad) y.backward(tensor(seeded(y.size, 9), { shape: y.shape }));
  const launches = activity().dispatches - before;
  const grads = inputs.flatMap(({ grad }, i) => (grad ? [[`gradient of input ${i}`, grad] as const] : []));
  const reads = [['y', y] as const, ...grads].map(
    async ([name, t]): Promise<[string, TypedArray]> => [name, await t.data()],
  );
  for (const [, grad] of grads) grad.dispose();
  return { values: await Promise.all(reads), launches };
}

for (const example of cases) {
  const { windows, terms = 1 } = example;
  if (windows === undefined) continue;
  test(example.title, async () => {
    const whole = await run(example);
    const cut = await withBindingLimit(windows, () => run(example));
    assert.ok(cut.launches > whole.launches, `${cut.launches} launches with a limit, ${whole.launches} without`);
    assert.is(cut.values.length, whole.values.length);
    for (const [i, [what, value]] of cut.values.entries()) {
      const expected = whole.values[i][1];
      assertClose(
        value,
        expected,
        terms === 1 ? { what, scale: Float64Array.from(expected, Math.abs) } : { what, terms },
      );
    }
  });
}

test.run();
