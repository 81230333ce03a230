// Ops against plain float64 loops at sizes that fit no tile, and their gradients against central differences of those
// loops. PyTorch's values are in golden.test.ts; convolution and matmul have tests of their own in test/kernels.
import * as assert from 'uvu/assert';
import {
  adaptiveAvgPool2d,
  avgPool2d,
  batchNorm,
  crossEntropy,
  localResponseNorm,
  logSoftmax,
  maxPool2d,
  ones,
  scope,
  softmax,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import * as reference from '../support/reference.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('ops/reference');
test.before(useDevice);

type Loops = (x: reference.Dense, yShape: readonly number[]) => ArrayLike<number>;

/** Compares forward and gradient on seeded numbers. */
async function check(shape: readonly number[], op: (x: Tensor) => Tensor, loops: Loops, terms: number): Promise<void> {
  using _step = scope();
  const size = shape.reduce((a, b) => a * b, 1);
  const x = tensor(seeded(size, size, 2), { shape, requiresGrad: true });
  const y = op(x);
  const dy = seeded(y.size, 3);
  y.backward(tensor(dy, { shape: y.shape }));
  const f = (dense: reference.Dense) => loops(dense, y.shape);
  const dense = { shape, data: Float64Array.from(await x.data()) };
  assertClose(await y.data(), f(dense), { what: 'y', terms, shape: y.shape });
  const dx = reference.gradient(f, dense, dy);
  assertClose(await x.grad!.data(), dx, { what: 'dx', terms, shape });
  x.grad!.dispose();
}

const pools = [
  { size: [1, 2, 13, 13], kernelSize: 3, stride: 2 },
  { size: [1, 5, 7, 10], kernelSize: 3, stride: 1, padding: 1 },
  { size: [2, 1, 11, 9], kernelSize: 4, stride: 3, padding: 2 },
  { size: [1, 2, 9, 12], kernelSize: 2, stride: 3 },
  { size: [2, 2, 5, 5], kernelSize: 5 },
  { size: [1, 3, 10, 7], kernelSize: 3, stride: 2, ceilMode: true },
  { size: [1, 2, 8, 9], kernelSize: 3, stride: 2, padding: 1, ceilMode: true },
];

for (const { size, ...options } of pools) {
  const what = `[${size}], ${JSON.stringify(options)}`;
  test(`maxPool2d ${what}`, () =>
    check(
      size,
      (x) => maxPool2d(x, options),
      (x, [, , h, w]) => reference.maxPool2d(x, options, h, w),
      4,
    ));
  for (const countIncludePad of [true, false]) {
    const all = { ...options, countIncludePad };
    test(`avgPool2d ${what}, padding ${countIncludePad ? 'counts' : 'does not count'}`, () =>
      check(
        size,
        (x) => avgPool2d(x, all),
        (x, [, , h, w]) => reference.avgPool2d(x, all, h, w),
        options.kernelSize ** 2,
      ));
  }
}

test('maxPool2d with a dilated window', () => {
  const options = { kernelSize: 3, stride: 2, padding: 1, dilation: 2 };
  return check(
    [1, 2, 12, 11],
    (x) => maxPool2d(x, options),
    (x, [, , h, w]) => reference.maxPool2d(x, options, h, w),
    4,
  );
});

const adaptive: [size: number[], output: [number, number]][] = [
  [
    [2, 3, 13, 13],
    [6, 6],
  ],
  [
    [1, 2, 7, 10],
    [3, 4],
  ],
  [
    [1, 2, 3, 5],
    [7, 2],
  ],
  [
    [2, 4, 6, 6],
    [1, 1],
  ],
];

for (const [size, output] of adaptive) {
  test(`adaptiveAvgPool2d [${size}] to [${output}]`, () =>
    check(
      size,
      (x) => adaptiveAvgPool2d(x, output),
      (x, [, , h, w]) => reference.adaptiveAvgPool2d(x, h, w),
      size[2] * size[3],
    ));
}

const norms: [shape: number[], size: number][] = [
  [[2, 7, 3, 5], 5],
  [[1, 9, 2, 2], 4],
  [[3, 2, 5], 5],
  [[1, 1, 4, 4], 3],
  [[2, 6, 3], 1],
  [[1, 70, 3, 1], 64],
];

for (const [shape, size] of norms) {
  const options = { size, alpha: 0.7, beta: 0.75, k: 2 };
  test(`localResponseNorm [${shape}], size ${size}`, () =>
    check(
      shape,
      (x) => localResponseNorm(x, options),
      (x) => reference.localResponseNorm(x, options),
      2 * size,
    ));
}

for (const shape of [
  [5, 3],
  [2, 3, 7],
  [3, 2, 5, 3],
  [2, 1, 9, 13],
]) {
  test(`batchNorm [${shape}]`, async () => {
    const [weight, bias] = [seeded(shape[1], 1), seeded(shape[1], 2)];
    const [mean, variance] = [zeros([shape[1]]), ones([shape[1]])];
    await check(
      shape,
      (x) => batchNorm(x, mean, variance, tensor(weight), tensor(bias), { training: true }),
      (x) => reference.batchNorm(x, weight, bias, 1e-5),
      shape.reduce((a, b) => a * b, 1),
    );
  });
}

for (const [shape, dim] of [
  [[7, 13], 1],
  [[3, 5, 7], 1],
  [[4, 3], 0],
  [[2, 1, 70], 2],
] as const) {
  test(`softmax and logSoftmax [${shape}], dim ${dim}`, async () => {
    const terms = shape[dim] ?? 1;
    await check(
      shape,
      (x) => logSoftmax(x, dim),
      (x) => reference.logSoftmax(x, dim),
      terms,
    );
    await check(
      shape,
      (x) => softmax(x, dim),
      (x) => reference.logSoftmax(x, dim).map(Math.exp),
      terms,
    );
  });
}

test('crossEntropy with smoothing and ignored rows', async () => {
  const target = Int32Array.of(2, 0, 5, 9, 2);
  for (const options of [{}, { labelSmoothing: 0.1 }, { ignoreIndex: 2 }, { labelSmoothing: 0.3, ignoreIndex: 2 }]) {
    await check(
      [5, 10],
      (x) => crossEntropy(x, tensor(target), options),
      (x) => reference.crossEntropy(x, target, options),
      10,
    );
  }
});

test('the check itself notices a wrong gradient', async () => {
  const wrong = (x: Tensor) => maxPool2d(x, { kernelSize: 2 });
  const loops: Loops = (x, [, , h, w]) => reference.avgPool2d(x, { kernelSize: 2 }, h, w);
  await check([1, 1, 4, 4], wrong, loops, 4).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /^y: element/),
  );
});

test.run();
