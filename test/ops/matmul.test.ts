// matmul: PyTorch's shape rules, error messages and the adjoint. PyTorch's values are in golden.test.ts.
import * as assert from 'uvu/assert';
import { matmul } from '../../src/autograd/ops/matmul.js';
import { DtypeError, ShapeError, scope, type Tensor, tensor } from '../../src/index.js';
import { forceVariant } from '../../src/kernels/tile.js';
import { sizeOf } from '../../src/tensor/shape.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { useVariant, variants } from '../support/variants.js';

const test = suite('ops/matmul');
test.before(useDevice);
test.after(() => forceVariant(null));

const filled = (shape: readonly number[], seed = 1, requiresGrad = false): Tensor =>
  tensor(seeded(sizeOf(shape), seed), { shape, requiresGrad });

const shapes: [readonly number[], readonly number[], readonly number[]][] = [
  [[3], [3], []],
  [[2, 3], [3], [2]],
  [[3], [3, 4], [4]],
  [
    [2, 3],
    [3, 4],
    [2, 4],
  ],
  [
    [5, 2, 3],
    [3, 4],
    [5, 2, 4],
  ],
  [
    [2, 3],
    [5, 3, 4],
    [5, 2, 4],
  ],
  [[5, 2, 3], [3], [5, 2]],
  [[3], [5, 3, 4], [5, 4]],
  [
    [7, 1, 2, 3],
    [5, 3, 4],
    [7, 5, 2, 4],
  ],
  [
    [1, 2, 3],
    [6, 1, 3, 1],
    [6, 1, 2, 1],
  ],
  [
    [0, 3],
    [3, 4],
    [0, 4],
  ],
];

test('vectors, matrices and stacks of them: shapes as torch.matmul', () => {
  using _ = scope();
  for (const [a, b, expected] of shapes) {
    assert.equal(matmul(filled(a), filled(b)).shape, expected, `[${a}] · [${b}]`);
  }
});

test('a product over nothing is zero', async () => {
  using _ = scope();
  assert.equal([...(await matmul(filled([2, 0]), filled([0, 3])).data())], [0, 0, 0, 0, 0, 0]);
});

test('what does not fit together is refused with the reason', () => {
  using _ = scope();
  const refused = (a: Tensor, b: Tensor, type: typeof ShapeError, message: RegExp) =>
    assert.throws(
      () => matmul(a, b),
      (error: Error) => error instanceof type && message.test(error.message),
    );
  refused(filled([2, 3]), filled([4, 5]), ShapeError, /^matmul: 3 columns meet 4 rows \(\[2, 3\] · \[4, 5\]\)$/);
  refused(filled([2, 2, 3]), filled([3, 3, 5]), ShapeError, /^matmul: \[2\] and \[3\] do not broadcast/);
  refused(tensor(2), filled([2, 2]), ShapeError, /^matmul: takes vectors and matrices, got \[\] and \[2, 2\]$/);
  refused(tensor(Int32Array.of(1, 2)), filled([2]), DtypeError, /^matmul: takes f32 or f16, got i32/);
});

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

for (const variant of variants) {
  test(`${variant}: <a · b, v> = <a, da(v)> = <b, db(v)>, broadcast operands and vectors included`, async () => {
    useVariant(variant);
    for (const [aShape, bShape] of shapes.slice(0, -1)) {
      using _ = scope();
      const a = filled(aShape, 1, true);
      const b = filled(bShape, 2, true);
      const y = matmul(a, b);
      const v = seeded(y.size, 3);
      y.backward(tensor(v, { shape: y.shape }));
      assert.equal(a.grad!.shape, aShape);
      assert.equal(b.grad!.shape, bShape);
      const forward = await y.data();
      const scale = Math.sqrt(dot(forward, forward) * dot(v, v));
      for (const operand of [a, b]) {
        const through = dot(await operand.data(), await operand.grad!.data());
        assert.ok(Math.abs(dot(forward, v) - through) <= 1e-6 * scale + 1e-6, `[${aShape}] · [${bShape}]`);
      }
    }
  });
}

test.run();
