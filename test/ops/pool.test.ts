import * as assert from 'uvu/assert';
import { avgPool2d, maxPool2d, tensor } from '../../src/index.js';
import { forceVariant } from '../../src/kernels/tile.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';
import { useVariant, variants } from '../support/variants.js';

const test = suite('ops/pool');
test.before(useDevice);
test.after(() => forceVariant(null));

for (const variant of variants) {
  test(`NaN wins its window, and the last of several takes the gradient (${variant})`, async () => {
    useVariant(variant);
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    const x = tensor([1, nan, 2, 3, infinity, nan, 5, 4], { shape: [1, 1, 2, 4], requiresGrad: true });
    const y = maxPool2d(x, { kernelSize: 2 });
    assert.equal([...(await y.data())], [nan, 5]);
    y.backward(tensor([7, 8], { shape: [1, 1, 1, 2] }));
    assert.equal([...(await x.grad!.data())], [0, 0, 0, 0, 0, 7, 8, 0]);
  });
}

for (const variant of variants) {
  test(`the first of equals takes the gradient (${variant})`, async () => {
    useVariant(variant);
    const x = tensor([3, 3, 1, 4, 2, 5, 2, 3, 4, 0, 5, 0], { shape: [1, 1, 2, 6], requiresGrad: true });
    maxPool2d(x, { kernelSize: 2 }).backward(tensor([7, 8, 9], { shape: [1, 1, 1, 3] }));
    assert.equal([...(await x.grad!.data())], [7, 0, 0, 8, 0, 9, 0, 0, 0, 0, 0, 0]);
  });
}

test('with ceilMode the last window starts inside the image or the padding before it, as in PyTorch', async () => {
  const x = tensor([1, 2, 3], { shape: [1, 1, 1, 3] });
  const options = { kernelSize: [1, 2], stride: [1, 2], padding: [0, 1], ceilMode: true } as const;
  assert.equal(await maxPool2d(x, options).toArray(), [[[[1, 3]]]]);
  assert.equal(await avgPool2d(x, options).toArray(), [[[[0.5, 2.5]]]]);
  const wide = tensor([1, 2, 3, 4], { shape: [1, 1, 1, 4] });
  assert.equal(await maxPool2d(wide, options).toArray(), [[[[1, 3, 4]]]]);
});

test.run();
