// First weights: their bounds and deviations, computed from the shapes by hand.
import * as assert from 'uvu/assert';
import {
  constantInit,
  heNormalInit,
  heUniformInit,
  manualSeed,
  normalInit,
  parameter,
  type Tensor,
  uniformInit,
  xavierUniformInit,
  zeros,
} from '../../src/index.js';
import { Conv2d, Linear } from '../../src/layers/index.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('layers/initialize');
test.before(useDevice);

/** Weights of 60 outputs, 20 inputs and 5 x 3 taps: 300 numbers feed an output, an input feeds 900. */
const SHAPE = [60, 20, 5, 3];

async function filled(
  fill: (t: Tensor) => Tensor,
): Promise<{ values: Float32Array; deviation: number; largest: number }> {
  manualSeed(3);
  const t = parameter(zeros(SHAPE));
  assert.is(fill(t), t);
  const values = (await t.data()) as Float32Array;
  t.dispose();
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
  assert.ok(Math.abs(mean) < (4 * deviation) / Math.sqrt(values.length) || deviation === 0, `a mean of ${mean}`);
  return { values, deviation, largest: values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) };
}

/** 18,000 draws are within 3 % of a normal law's deviation, and reach within 1 % of a uniform law's bound. */
const near = (found: number, expected: number, share: number) =>
  assert.ok(Math.abs(found / expected - 1) < share, `${found}, expected ${expected}`);

test('normal weights', async () => {
  near((await filled((t) => normalInit(t))).deviation, 0.01, 0.03);
  near((await filled((t) => normalInit(t, 0, 0.3))).deviation, 0.3, 0.03);
  near((await filled(heNormalInit)).deviation, Math.sqrt(2 / 300), 0.03);
});

test('uniform weights', async () => {
  const bounds: [(t: Tensor) => Tensor, number][] = [
    [(t) => uniformInit(t, -0.2, 0.2), 0.2],
    [heUniformInit, Math.sqrt(6 / 300)],
    [xavierUniformInit, Math.sqrt(6 / (300 + 900))],
  ];
  for (const [fill, bound] of bounds) {
    const { largest, deviation } = await filled(fill);
    assert.ok(largest <= bound * (1 + 1e-6));
    near(largest, bound, 0.01);
    near(deviation, bound / Math.sqrt(3), 0.03);
  }
});

test('one value everywhere', async () => {
  const { values } = await filled((t) => constantInit(t, 0));
  assert.ok(values.every((v) => v === 0));
  const t = parameter(zeros([3]));
  assert.equal([...(await constantInit(t, 1.5).data())], [1.5, 1.5, 1.5]);
  t.dispose();
});

test('layers begin within one over the root of the numbers that feed an output', async () => {
  manualSeed(5);
  for (const [layer, bound] of [
    [new Linear(50, 400), 1 / Math.sqrt(50)],
    [new Conv2d(8, 64, [5, 3], { groups: 2 }), 1 / Math.sqrt(4 * 15)],
  ] as const) {
    for (const t of [layer.weight, layer.bias!]) {
      const largest = ((await t.data()) as Float32Array).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      assert.ok(largest <= bound * (1 + 1e-6));
      near(largest, bound, 0.05);
    }
    layer.dispose();
  }
});

test.run();
