// Where an adapter has no f16: autocast says so once and computes in f32, and a tensor of f16 is refused.
import * as assert from 'uvu/assert';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('autograd/half-fallback');
test.before(async () => {
  await useDevice();
  await w.shutdown();
  await w.init({ limits: 'default' }); // no more than WebGPU guarantees: no features
});
test.after(async () => {
  await w.shutdown();
  await w.init();
});

test('it is said once, and computed in f32', async () => {
  const said: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => void said.push(text);
  try {
    using _ = w.scope();
    const product = () => w.matmul(w.tensor([[1, 2]]), w.tensor([[3], [4]]));
    assert.is(w.autocast('f32', product).dtype, 'f32');
    assert.equal(said, []);
    const values = [w.autocast('f16', product), w.autocast('f16', product)];
    assert.equal(
      values.map(({ dtype }) => dtype),
      ['f32', 'f32'],
    );
    assert.is(await values[0].item(), 11);
  } finally {
    console.warn = warn;
  }
  assert.equal(said, ['autocast: this adapter has no f16 (the feature shader-f16), so everything is computed in f32']);
});

test('a tensor of f16 is refused', () => {
  const needs = /^\w+: f16 needs an adapter with the feature shader-f16, and this one has none; use f32$/;
  const fails = (call: () => unknown) =>
    assert.throws(call, (e: unknown) => e instanceof w.DtypeError && needs.test((e as Error).message));
  const x = w.tensor([1]);
  fails(() => w.tensor([1], { dtype: 'f16' }));
  fails(() => w.zeros([1], { dtype: 'f16' }));
  fails(() => w.cast(x, 'f16'));
  x.dispose();
});

test.run();
