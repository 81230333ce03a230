// Every tiling that the tuner may choose gives the right answer, at sizes around all of their edges.
import * as assert from 'uvu/assert';
import { conv2d, linear, noGrad, scope, type Tensor, tensor } from '../../src/index.js';
import { tilingName } from '../../src/kernels/product.js';
import { chooseTiling, choosingTilings, forceVariant, tilings } from '../../src/kernels/tile.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('kernels/tiling');
test.before(useDevice);
test.after(() => forceVariant(null));

const random = (shape: number[], seed: number, requiresGrad = false) =>
  tensor(
    seeded(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
    { shape, requiresGrad },
  );

/** Runs `op` once with each tiling on offer, and compares all results with the first one's, or with `first`. */
async function compareAll(what: string, op: () => Tensor[], terms: number, first?: Float32Array[]): Promise<number> {
  let most = 1;
  for (let place = 0; place < most; place++) {
    using _ = scope();
    let name = '';
    const results = choosingTilings((_, all) => {
      most = Math.max(most, all.length);
      name = tilingName(all[Math.min(place, all.length - 1)]);
      return all[Math.min(place, all.length - 1)];
    }, op);
    const values = (await Promise.all(results.map((t) => t.data()))) as Float32Array[];
    for (const gradient of results.slice(1)) gradient.dispose();
    first ??= values;
    for (const [i, value] of values.entries()) assertClose(value, first[i], { what: `${what}, ${name}, ${i}`, terms });
  }
  return most;
}

test('products: all tilings agree, at sizes around their edges', async () => {
  for (const [m, n, k] of [
    [1, 1, 1],
    [7, 31, 5],
    [8, 32, 4],
    [9, 33, 13],
    [31, 36, 8],
    [33, 65, 12],
    [65, 129, 17],
  ]) {
    const op = () => {
      const x = random([m, k], 1, true);
      const weight = random([n, k], 2, true);
      const y = linear(x, weight);
      y.backward(random([m, n], 3));
      return [y, x.grad!, weight.grad!]; // products NT, NN and TN
    };
    const most = await compareAll(`${m}x${n}x${k}`, op, Math.max(m, n, k));
    assert.ok(most >= 5, `${most} tilings`);
  }
});

test('convolutions and both gradients: all tilings agree', async () => {
  for (const [channels, side, outs, kernel, stride, groups] of [
    [3, 11, 5, 3, 1, 1],
    [4, 9, 34, 3, 2, 2],
    [8, 7, 33, 1, 1, 1],
    [2, 23, 9, 5, 4, 1],
  ]) {
    const op = () => {
      const x = random([2, channels, side, side], 1, true);
      const weight = random([outs, channels / groups, kernel, kernel], 2, true);
      const y = conv2d(x, weight, null, { stride, padding: 1, groups });
      y.backward(random([...y.shape], 3));
      return [y, x.grad!, weight.grad!];
    };
    await compareAll(`${channels}x${side}x${outs}`, op, 2 * side * side);
  }
});

/**
 * By the plain kernels, then by every tile in workgroup memory; the gradients by the largest tile alone, since software adapters
 * take seconds to compile one.
 */
async function compareShared(what: string, op: (gradients: boolean) => Tensor[], terms: number): Promise<void> {
  const values = async (gradients: boolean) => {
    using _ = scope();
    const read = await Promise.all(op(gradients).map((t) => t.data()));
    return read as Float32Array[];
  };
  forceVariant('plain');
  const expected = await values(true);
  forceVariant('shared');
  assert.is(await compareAll(what, () => op(false), terms, expected), 6);
  const largest = await choosingTilings(
    (_, all) => all.find(({ slots }) => slots.TILE_ROWS === 128 && slots.TILE_COLUMNS === 128)!,
    () => values(true),
  );
  for (const [i, value] of largest.entries()) assertClose(value, expected[i], { what: `${what}, ${i}`, terms });
  forceVariant(null);
}

test('products by tiles in workgroup memory, sums cut into slices among them', async () => {
  const [m, n, k] = [130, 133, 300];
  const op = (gradients: boolean) => {
    const x = random([m, k], 1, gradients);
    const weight = random([n, k], 2, gradients);
    const y = linear(x, weight);
    if (!gradients) return [y];
    y.backward(random([m, n], 3));
    return [y, x.grad!, weight.grad!];
  };
  forceVariant('shared');
  const names = tilings({ rows: m, columns: n, depth: k, splits: true }).map(tilingName);
  assert.ok(
    names.some((name) => name.endsWith('/2')),
    names.join(),
  );
  await compareShared('products', op, k);
});

test('convolutions and both gradients by tiles in workgroup memory', async () => {
  const op = (gradients: boolean) => {
    const x = random([3, 10, 15, 13], 1, gradients);
    const weight = random([260, 5, 3, 3], 2, gradients);
    const y = conv2d(x, weight, null, { padding: 1, groups: 2 });
    if (!gradients) return [y];
    y.backward(random([...y.shape], 3));
    return [y, x.grad!, weight.grad!];
  };
  await compareShared('convolutions', op, 3 * 15 * 13);
});

test('the least estimate comes first, and is what is used without a tuner', () => {
  const product = { rows: 100, columns: 100, depth: 100 };
  const all = tilings(product);
  for (const shared of [true, false]) {
    // On GPUs those in workgroup memory come first, by an estimate of their own.
    const times = all.filter(({ variant }) => (variant === 'shared') === shared).map(({ time }) => time);
    assert.equal(
      times,
      [...times].sort((a, b) => a - b),
    );
  }
  noGrad(() => assert.ok(all.map(tilingName).includes(tilingName(chooseTiling(product)))));
});

test.run();
