// Convolution and its gradients against float64 loops: all variants, awkward sizes, and what is cut into windows.
import * as assert from 'uvu/assert';
import { bindingLimit } from '../../src/device/windows.js';
import { empty, scope, tensor } from '../../src/index.js';
import { channelSum } from '../../src/kernels/channel-sum.js';
import { type ConvSize, conv2dForward, conv2dGradInput, conv2dGradWeight } from '../../src/kernels/conv2d.js';
import { choosingTilings, forceVariant } from '../../src/kernels/tile.js';
import { convCases, convReference, convSize } from '../support/convolutions.js';
import { useDevice, withBindingLimit } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';
import { useVariant, variants } from '../support/variants.js';

const test = suite('kernels/conv2d');
test.before(useDevice);
test.after(() => forceVariant(null));

/** Runs forward and both gradients on seeded numbers and compares them. */
async function check(s: ConvSize, what: string): Promise<void> {
  using _ = scope();
  const area = s.kernelHeight * s.kernelWidth;
  const x = seeded(s.batch * s.inChannels * s.inHeight * s.inWidth, 1);
  const weight = seeded((s.outChannels * s.inChannels * area) / s.groups, 2);
  const bias = seeded(s.outChannels, 3);
  const dy = seeded(s.batch * s.outChannels * s.outHeight * s.outWidth, 4);
  const plane = s.outHeight * s.outWidth;
  const expected = convReference(s, { x, weight, bias, dy });
  const gpu = { x: tensor(x).buffer, weight: tensor(weight).buffer, bias: tensor(bias).buffer, dy: tensor(dy).buffer };
  const y = empty([dy.length]);
  conv2dForward(gpu.x, gpu.weight, gpu.bias, y.buffer, s);
  const dx = empty([x.length]);
  conv2dGradInput(gpu.dy, gpu.weight, dx.buffer, s);
  const dweight = empty([weight.length]);
  conv2dGradWeight(gpu.x, gpu.dy, dweight.buffer, s);
  const dbias = empty([s.outChannels]);
  channelSum(gpu.dy, dbias.buffer, { batch: s.batch, channels: s.outChannels, plane });
  const terms = (s.inChannels / s.groups) * area;
  const outTerms = (s.outChannels / s.groups) * area;
  assertClose((await y.data()) as Float32Array, expected.y, { terms, what: `${what}: y` });
  assertClose((await dx.data()) as Float32Array, expected.dx, { terms: outTerms, what: `${what}: dx` });
  assertClose((await dweight.data()) as Float32Array, expected.dweight, {
    terms: s.batch * plane,
    what: `${what}: dweight`,
  });
  assertClose((await dbias.data()) as Float32Array, expected.dbias, { terms: s.batch * plane, what: `${what}: dbias` });
}

for (const variant of variants) {
  for (const [name, given] of Object.entries(convCases)) {
    test(`${variant}: ${name}`, async () => {
      useVariant(variant);
      await check(convSize(given), name);
    });
  }

  test(`${variant}: activations above the binding limit are walked image by image`, async () => {
    useVariant(variant);
    const shape = {
      batch: 7,
      inChannels: 4,
      inHeight: 9,
      inWidth: 7,
      outChannels: 6,
      padTop: 1,
      padLeft: 1,
      groups: 2,
    };
    // One image of each tensor fits, two do not.
    await withBindingLimit(3072, () =>
      check(convSize({ ...shape, kernelHeight: 3, kernelWidth: 3 }), 'image by image'),
    );
  });

  test(`${variant}: more than 65,535 groups`, async () => {
    useVariant(variant);
    using _ = scope();
    const side = 2053;
    const s = convSize({ inHeight: side, inWidth: side });
    const x = seeded(side * side, 1);
    const y = empty([side * side]);
    const two = tensor([2]).buffer;
    const dx = empty([side * side]);
    const both = () => {
      conv2dForward(tensor(x).buffer, two, null, y.buffer, s);
      conv2dGradInput(y.buffer, two, dx.buffer, s);
    };
    if (variant === 'shared') choosingTilings((_, all) => all.find((t) => t.groups > 65_535)!, both);
    else both();
    const wrong = (got: ArrayLike<number>, factor: number) =>
      x.reduce((n, v, i) => n + Number(got[i] !== v * factor), 0);
    assert.is(wrong(await y.data(), 2), 0);
    assert.is(wrong(await dx.data(), 4), 0);
  });
}

test('weight gradients are the same bits each time, split over images or not', async () => {
  using _ = scope();
  const s = convSize({
    batch: 32,
    inChannels: 3,
    inHeight: 12,
    inWidth: 12,
    outChannels: 4,
    kernelHeight: 3,
    kernelWidth: 3,
  });
  const x = tensor(seeded(s.batch * 3 * 144, 1));
  const dy = tensor(seeded(s.batch * 4 * 100, 2));
  const runs: Float32Array[] = [];
  forceVariant(null);
  for (let i = 0; i < 3; i++) {
    const dweight = empty([4 * 27]);
    conv2dGradWeight(x.buffer, dy.buffer, dweight.buffer, s);
    runs.push((await dweight.data()) as Float32Array);
  }
  assert.equal(runs[1], runs[0]);
  assert.equal(runs[2], runs[0]);
});

test('channel sums: many planes, long planes, and windows', async () => {
  for (const [batch, channels, plane] of [
    [1, 1, 1],
    [65, 3, 1],
    [2, 130, 7],
    [3, 2, 4999],
    [1, 70_001, 1],
  ]) {
    using _ = scope();
    const x = seeded(batch * channels * plane, batch);
    const expected = new Float64Array(channels);
    x.forEach((v, i) => {
      expected[Math.floor(i / plane) % channels] += v;
    });
    const sum = empty([channels]);
    const limit = plane === 4999 ? 24_576 : bindingLimit(); // one plane a window
    await withBindingLimit(limit, async () => {
      channelSum(tensor(x).buffer, sum.buffer, { batch, channels, plane });
      assertClose((await sum.data()) as Float32Array, expected, {
        terms: batch * plane,
        what: `${batch}x${channels}x${plane}`,
      });
    });
  }
});

test.run();
