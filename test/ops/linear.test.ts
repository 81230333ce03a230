// linear: shapes, error messages and the adjoint. PyTorch's values are in golden.test.ts.
import * as assert from 'uvu/assert';
import { linear } from '../../src/autograd/ops/linear.js';
import { DtypeError, ShapeError, scope, tensor } from '../../src/index.js';
import { forceVariant } from '../../src/kernels/tile.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';
import { useVariant, variants } from '../support/variants.js';

const test = suite('ops/linear');
test.before(useDevice);
test.after(() => forceVariant(null));

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

test('takes any leading dimensions, a single row, and no rows', async () => {
  using _ = scope();
  const weight = tensor([
    [1, 2],
    [10, 20],
    [100, 200],
  ]);
  const bias = tensor([0.5, 0, -0.5]);
  const row = linear(tensor([1, 2]), weight, bias);
  assert.equal(row.shape, [3]);
  assert.equal([...(await row.data())], [5.5, 50, 499.5]);
  const block = linear(tensor(seeded(24, 1), { shape: [2, 3, 2, 2] }), weight);
  assert.equal(block.shape, [2, 3, 2, 3]);
  assert.equal(linear(tensor(new Float32Array(0), { shape: [0, 2] }), weight, bias).shape, [0, 3]);
});

test('what does not fit together is refused with the reason', () => {
  using _ = scope();
  const x = tensor(seeded(6, 1), { shape: [2, 3] });
  const weight = tensor(seeded(12, 1), { shape: [4, 3] });
  const refused = (call: () => unknown, type: typeof ShapeError, message: RegExp) =>
    assert.throws(call, (error: Error) => error instanceof type && message.test(error.message));
  refused(
    () => linear(x, tensor(seeded(8, 1), { shape: [4, 2] })),
    ShapeError,
    /^linear: weight takes 2 features, x has 3 \(x \[2, 3\], weight \[4, 2\]\)$/,
  );
  refused(() => linear(x, tensor([1, 2, 3])), ShapeError, /^linear: weight is \(out, in\)/);
  refused(() => linear(tensor(1), weight), ShapeError, /^linear: weight takes 3 features, x has none/);
  refused(() => linear(x, weight, tensor([1, 2])), ShapeError, /^linear: bias \[2\] for 4 outputs/);
  refused(
    () => linear(tensor(Int32Array.of(1, 2, 3)), weight),
    DtypeError,
    /^linear: takes f32 or f16, got i32 \[3\]; cast it/,
  );
});

for (const variant of variants) {
  test(`${variant}: <linear(u), v> = <u, dx(v)> = <w, dweight(v)>, and dbias is the sum of rows`, async () => {
    useVariant(variant);
    using _ = scope();
    const [rows, features, out] = [5, 37, 67];
    const x = tensor(seeded(rows * features, 1), { shape: [rows, features], requiresGrad: true });
    const weight = tensor(seeded(out * features, 2), { shape: [out, features], requiresGrad: true });
    const bias = tensor(new Float32Array(out), { requiresGrad: true });
    const y = linear(x, weight, bias);
    const v = seeded(y.size, 3);
    y.backward(tensor(v, { shape: y.shape }));
    const [forward, u, w] = [await y.data(), await x.data(), await weight.data()];
    const scale = Math.sqrt(dot(forward, forward) * dot(v, v));
    for (const through of [dot(u, await x.grad!.data()), dot(w, await weight.grad!.data())]) {
      assert.ok(Math.abs(dot(forward, v) - through) <= 1e-6 * scale);
    }
    const sums = new Float64Array(out);
    v.forEach((d, i) => {
      sums[i % out] += d;
    });
    assertClose((await bias.grad!.data()) as Float32Array, sums, { terms: rows, what: 'dbias' });
  });
}

test.run();
