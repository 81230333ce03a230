import * as assert from 'uvu/assert';
import { gradcheck, mul, ShapeError, sum, tensor, upsampleNearest2d } from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('ops/upsample');
test.before(useDevice);

for (const [shape, scale] of [
  [[1, 1, 1, 1], 1],
  [[2, 3, 2, 5], 2],
  [[1, 2, 7, 3], 3],
  [[2, 0, 3, 3], 2],
] as const) {
  test(`[${shape}] times ${scale}: each pixel is a square, and its gradient the square's sum`, async () => {
    const [batch, channels, height, width] = shape;
    const size = batch * channels * height * width;
    const x = tensor(seeded(size, 1), { shape, requiresGrad: true });
    const y = upsampleNearest2d(x, scale);
    assert.equal([...y.shape], [batch, channels, height * scale, width * scale]);
    const [values, inputs] = [await y.data(), await x.data()];
    const dy = seeded(values.length, 2);
    const expected = new Float64Array(size);
    values.forEach((value: number, i: number) => {
      const column = Math.floor((i % (width * scale)) / scale);
      const row = Math.floor((Math.floor(i / (width * scale)) % (height * scale)) / scale);
      const plane = Math.floor(i / (width * scale * height * scale));
      const from = (plane * height + row) * width + column;
      assert.is(value, inputs[from]);
      expected[from] += dy[i];
    });
    y.backward(tensor(dy, { shape: y.shape }));
    const grad = await x.grad!.data();
    grad.forEach((value: number, i: number) => {
      assert.ok(Math.abs(value - expected[i]) < 1e-5 * (1 + Math.abs(expected[i])));
    });
  });
}

test('gradients agree with differences, and what is no picture is refused', async () => {
  const x = tensor(seeded(12, 3), { shape: [1, 2, 2, 3], requiresGrad: true });
  const weights = tensor(seeded(48, 4), { shape: [1, 2, 4, 6] });
  await gradcheck((t) => sum(mul(upsampleNearest2d(t, 2), weights)), [x]);
  assert.throws(
    () => upsampleNearest2d(tensor([1, 2]), 2),
    (e: unknown) => e instanceof ShapeError,
  );
  assert.throws(() => upsampleNearest2d(x, 1.5), /scale is a whole number above 0, got 1.5/);
});

test.run();
