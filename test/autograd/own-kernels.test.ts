// The worked examples of kernels of one's own, in Node and in Chromium, beside the library's ops that do the same.
import * as assert from 'uvu/assert';
import { biasNormRelu } from '../../examples/kernels/bias-norm-relu.js';
import { swish } from '../../examples/kernels/swish.js';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { Skip, suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('autograd/own-kernels');
test.before(useDevice);

const input = (shape: readonly number[], seed: number) =>
  w.tensor(seeded(w.sizeOf(shape), seed, 2), { shape, requiresGrad: true });

/** Two ops give the same values and the same gradients of all inputs. */
async function assertSame(
  ops: readonly [mine: (...inputs: w.Tensor[]) => w.Tensor, theirs: (...inputs: w.Tensor[]) => w.Tensor],
  shapes: readonly (readonly number[])[],
  terms: number,
): Promise<void> {
  using _all = w.scope();
  const results: ArrayLike<number>[][] = [];
  for (const op of ops) {
    const inputs = shapes.map((shape, i) => input(shape, i + 1));
    const y = op(...inputs);
    y.backward(w.tensor(seeded(y.size, 9), { shape: y.shape }));
    results.push(await Promise.all([y, ...inputs.map((t) => t.grad!)].map((t) => t.data())));
    for (const t of inputs) t.grad!.dispose();
  }
  const [mine, theirs] = results;
  mine.forEach((values, i) => {
    assertClose(values, theirs[i], { terms, what: i === 0 ? 'value' : `gradient ${i - 1}` });
  });
}

test('swish is silu, with a gradient, at sizes around a workgroup and above 65,535 of them', async () => {
  for (const size of [1, 63, 64, 65, 977, 65_537 * 64 + 3]) await assertSame([swish, w.silu], [[size]], 4);
});

test('bias, normalization and ReLU in one kernel are the three ops', async () => {
  for (const [size, channels] of [
    [5, 1],
    [5, 7],
    [3, 64],
    [1, 5],
    [7, 3],
  ]) {
    const options = { size, alpha: 0.3, beta: 0.75, k: 2 };
    const three = (x: w.Tensor, bias: w.Tensor) =>
      w.relu(w.localResponseNorm(w.add(x, w.reshape(bias, [1, channels, 1, 1])), options));
    const one = (x: w.Tensor, bias: w.Tensor) => biasNormRelu(x, bias, options);
    await assertSame([one, three], [[3, channels, 5, 13], [channels]], 195);
  }
});

test('gradcheck', async () => {
  await w.gradcheck(swish, [input([3, 5], 1)]);
  // Away from the corner of ReLU, where there is no derivative.
  const x = w.tensor(
    seeded(48, 3).map((v) => v + Math.sign(v)),
    { shape: [2, 6, 2, 2], requiresGrad: true },
  );
  const bias = w.tensor(seeded(6, 4, 0.1), { requiresGrad: true });
  await w.gradcheck((a, b) => biasNormRelu(a, b, { size: 3, alpha: 0.5 }), [x, bias]);
});

test('the profile has them under their own names', async () => {
  if (!w.features().has('timestamp-query')) throw new Skip('the adapter has no timestamps');
  const x = input([1000], 1);
  const measured = await w.profile(() => swish(x).backward(w.ones([1000])));
  const names = w.profileRows(measured).map(({ name }) => name);
  assert.ok(names.includes('swish') && names.includes('swish_grad'), names.join(', '));
});

test('wrong shapes and dtypes are refused', () => {
  using _ = w.scope();
  const maps = w.zeros([1, 4, 2, 2]);
  assert.throws(
    () => biasNormRelu(maps, w.zeros([3]), { size: 5 }),
    (e: unknown) => e instanceof w.ShapeError && /x \[1,4,2,2\], bias \[3\]/.test(e.message),
  );
  assert.throws(
    () => swish(w.zeros([3], { dtype: 'i32' })),
    (e: unknown) => e instanceof w.DtypeError && /^swish: 'x' is an array of f32, the tensor is i32/.test(e.message),
  );
});

test.run();
