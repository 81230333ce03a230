import * as assert from 'uvu/assert';
import { conv2d, gradcheck, matmul, mul, record, square, tanh, tensor } from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('autograd/gradcheck');
test.before(useDevice);

const input = (shape: number[], seed: number) =>
  tensor(
    seeded(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
    { shape, requiresGrad: true },
  );

const failure = (check: Promise<void>): Promise<string> =>
  check.then(
    () => 'passed',
    (e: Error) => e.message,
  );

test('right gradients pass, several inputs at once', async () => {
  await gradcheck((a, b) => tanh(matmul(a, b)), [input([3, 4], 1), input([4, 2], 2)]);
  await gradcheck(
    (x, w) => conv2d(x, w, null, { stride: 2, padding: 1 }),
    [input([1, 2, 5, 5], 3), input([3, 2, 3, 3], 4)],
  );
});

test('a wrong gradient is found and named', async () => {
  const wrong = (a: ReturnType<typeof input>) => record('wrong', square(a.detach()), [a], (dy) => [() => mul(dy, a)]);
  assert.match(await failure(gradcheck(wrong, [input([5], 5)])), /gradcheck: input 0, element \d: the gradient is/);
});

test('a gradient that ignores its upstream gradient is found', async () => {
  const deaf = (a: ReturnType<typeof input>) => record('deaf', square(a.detach()), [a], () => [() => mul(a, 2)]);
  assert.match(await failure(gradcheck(deaf, [input([5], 6)])), /finite differences give/);
});

test('values are restored, and inputs without a gradient are refused', async () => {
  const x = input([4], 7);
  const before = await x.data();
  await gradcheck(square, [x]);
  assert.equal(await x.data(), before);
  assert.match(await failure(gradcheck(square, [tensor([1])])), /no input requires a gradient/);
});

test.run();
