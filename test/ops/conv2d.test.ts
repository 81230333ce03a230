// conv2d: shapes, error messages, and that its gradients are the transposes of the forward map. PyTorch's values are
// in golden.test.ts.
import * as assert from 'uvu/assert';
import { type Conv2dOptions, conv2d } from '../../src/autograd/ops/conv2d.js';
import { DtypeError, empty, ShapeError, scope, tensor } from '../../src/index.js';
import { forceVariant } from '../../src/kernels/tile.js';
import { sizeOf } from '../../src/tensor/shape.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { useVariant, variants } from '../support/variants.js';

const test = suite('ops/conv2d');
test.before(useDevice);
test.after(() => forceVariant(null));

function shapeOf(x: readonly number[], weight: readonly number[], options?: Conv2dOptions): readonly number[] {
  using _ = scope();
  return conv2d(empty(x), empty(weight), null, options).shape;
}

test('output sizes', () => {
  const shape = (pixels: number, kernel: number, options?: Conv2dOptions) =>
    shapeOf([8, 4, pixels, pixels], [6, 4 / (options?.groups ?? 1), kernel, kernel], options);
  assert.equal(shape(227, 11, { stride: 4 }), [8, 6, 55, 55]);
  assert.equal(shape(227, 11, { stride: 4, padding: 'same' }), [8, 6, 57, 57]);
  assert.equal(shape(227, 11, { stride: 4, padding: 'valid' }), [8, 6, 55, 55]);
  assert.equal(shape(27, 5, { padding: 2, groups: 2 }), [8, 6, 27, 27]);
  assert.equal(shape(9, 3, { padding: 'same', dilation: 3 }), [8, 6, 9, 9]);
  assert.equal(shape(10, 3, { stride: [2, 3], padding: [1, 0] }), [8, 6, 5, 3]);
  assert.equal(shape(5, 1, { stride: 7, padding: 'same' }), [8, 6, 1, 1]);
});

test("'same' puts the odd pixel of padding at the bottom and right", async () => {
  using _ = scope();
  const x = tensor([[[[1, 2, 3]]]]);
  const y = conv2d(x, tensor([[[[1, 10]]]]), null, { padding: 'same' });
  assert.equal([...(await y.data())], [21, 32, 3]);
  const strided = conv2d(tensor([[[[1, 2, 3, 4]]]]), tensor([[[[1, 10, 100]]]]), null, { stride: 2, padding: 'same' });
  assert.equal([...(await strided.data())], [321, 43]);
});

const refusals: [string, readonly number[], readonly number[], Conv2dOptions, RegExp][] = [
  [
    'channels',
    [8, 3, 227, 227],
    [96, 64, 11, 11],
    {},
    /^conv2d: weight has 64 input channels, x has 3 \(x \[8, 3, 227, 227\], weight \[96, 64, 11, 11\], groups 1\)$/,
  ],
  ['groups of the input', [1, 6, 5, 5], [4, 2, 3, 3], { groups: 2 }, /weight has 4 input channels, x has 6/],
  ['groups of the output', [1, 6, 5, 5], [4, 2, 3, 3], { groups: 3 }, /4 output channels do not divide into 3 groups/],
  ['no groups', [1, 2, 5, 5], [4, 2, 3, 3], { groups: 0 }, /groups is a whole number, 1 or more/],
  ['an image without batch', [3, 5, 5], [4, 3, 3, 3], {}, /x is \(batch, channels, height, width\)/],
  ['a flat weight', [1, 3, 5, 5], [4, 27], {}, /weight is \(outChannels, inChannels \/ groups, height, width\)/],
  ['no channels', [2, 0, 5, 5], [4, 0, 3, 3], {}, /all sizes but the batch are 1 or more/],
  [
    'a kernel beyond the image',
    [1, 3, 5, 9],
    [4, 3, 3, 3],
    { dilation: 3 },
    /reaches beyond the padded image, padding 0/,
  ],
  ['stride 0', [1, 3, 5, 5], [4, 3, 3, 3], { stride: 0 }, /stride 0 is not a whole number, 1 or more/],
  ['half a stride', [1, 3, 5, 5], [4, 3, 3, 3], { stride: [1, 1.5] }, /stride \[1, 1.5\] is not a whole number/],
  ['dilation 0', [1, 3, 5, 5], [4, 3, 3, 3], { dilation: 0 }, /dilation 0 is not/],
  ['negative padding', [1, 3, 5, 5], [4, 3, 3, 3], { padding: -1 }, /padding -1 is not a whole number, 0 or more/],
  [
    'a word for padding',
    [1, 3, 5, 5],
    [4, 3, 3, 3],
    { padding: 'full' as never },
    /padding 'full' is not 'same', 'valid'/,
  ],
];

test('what does not fit together is refused with the reason', () => {
  for (const [what, x, weight, options, message] of refusals) {
    assert.throws(
      () => shapeOf(x, weight, options),
      (error: Error) =>
        error instanceof ShapeError && error.message.startsWith('conv2d: ') && message.test(error.message),
      what,
    );
  }
});

test('a bias of another length or another dtype is refused', () => {
  using _ = scope();
  const [x, weight] = [tensor(seeded(9, 1), { shape: [1, 1, 3, 3] }), tensor([[[[1]]]])];
  assert.throws(
    () => conv2d(x, weight, tensor([1, 2])),
    (error: Error) => error instanceof ShapeError && error.message.startsWith('conv2d: bias [2] for 1 output channels'),
  );
  assert.throws(
    () => conv2d(x, tensor(Int32Array.of(1), { shape: [1, 1, 1, 1] })),
    (error: Error) => error instanceof DtypeError && /^conv2d: takes f32 or f16, got i32/.test(error.message),
  );
});

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

const maps: [readonly number[], readonly number[], Conv2dOptions][] = [
  [[2, 3, 23, 19], [8, 3, 5, 7], { stride: [4, 3], padding: 'same' }],
  [[3, 8, 13, 13], [12, 4, 3, 3], { padding: 1, groups: 2 }],
  [[2, 6, 11, 9], [6, 1, 3, 2], { padding: [3, 1], dilation: [2, 3], groups: 6 }],
];

for (const variant of variants) {
  test(`${variant}: <conv(u), v> = <u, dx(v)> = <w, dweight(v)>`, async () => {
    useVariant(variant);
    for (const [xShape, weightShape, options] of maps) {
      using _ = scope();
      const u = seeded(sizeOf(xShape), 1);
      const w = seeded(sizeOf(weightShape), 2);
      const x = tensor(u, { shape: xShape, requiresGrad: true });
      const weight = tensor(w, { shape: weightShape, requiresGrad: true });
      const y = conv2d(x, weight, null, options);
      const v = seeded(y.size, 3);
      y.backward(tensor(v, { shape: y.shape }));
      const forward = dot(await y.data(), v);
      const scale = Math.sqrt(dot(await y.data(), await y.data()) * dot(v, v));
      for (const through of [dot(u, await x.grad!.data()), dot(w, await weight.grad!.data())]) {
        assert.ok(Math.abs(forward - through) <= 1e-6 * scale, `${forward} and ${through}`);
      }
    }
  });
}

test.run();
