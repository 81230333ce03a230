// Convolution and its gradients against float64 loops: all variants, awkward sizes, and what is cut into windows.
import * as assert from 'uvu/assert';
import { bindingLimit, setBindingLimit } from '../../src/device/windows.js';
import { empty, scope, tensor } from '../../src/index.js';
import { channelSum } from '../../src/kernels/channel-sum.js';
import { type ConvSize, conv2dForward, conv2dGradInput, conv2dGradWeight } from '../../src/kernels/conv2d.js';
import { choosingTilings, forceVariant } from '../../src/kernels/tile.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';
import { useVariant, variants } from '../support/variants.js';

const test = suite('kernels/conv2d');
test.before(useDevice);
test.after(() => forceVariant(null));

/** One 1x1 tap of one channel unless told otherwise; the output follows from the rest and `padBottom`, `padRight`. */
function convSize(given: Partial<ConvSize> & { padBottom?: number; padRight?: number }): ConvSize {
  const { padBottom = given.padTop ?? 0, padRight = given.padLeft ?? 0, ...sizes } = given;
  const s = {
    ...{ batch: 1, inChannels: 1, inHeight: 1, inWidth: 1, outChannels: 1, kernelHeight: 1, kernelWidth: 1 },
    ...{ strideY: 1, strideX: 1, padTop: 0, padLeft: 0, dilationY: 1, dilationX: 1, groups: 1 },
    ...sizes,
  };
  const span = (pixels: number, padding: number, kernel: number, dilation: number, stride: number) =>
    Math.floor((pixels + padding - (kernel - 1) * dilation - 1) / stride) + 1;
  return {
    ...s,
    outHeight: span(s.inHeight, s.padTop + padBottom, s.kernelHeight, s.dilationY, s.strideY),
    outWidth: span(s.inWidth, s.padLeft + padRight, s.kernelWidth, s.dilationX, s.strideX),
  };
}

/** Calls `visit` with the places in x, weight and y of every multiply-add. */
function eachTap(s: ConvSize, visit: (x: number, weight: number, y: number) => void): void {
  const channels = s.inChannels / s.groups;
  const rows = s.outChannels / s.groups;
  for (let y = 0; y < s.batch * s.outChannels * s.outHeight * s.outWidth; y++) {
    const outX = y % s.outWidth;
    const outY = Math.floor(y / s.outWidth) % s.outHeight;
    const o = Math.floor(y / (s.outWidth * s.outHeight)) % s.outChannels;
    const image = Math.floor(y / (s.outWidth * s.outHeight * s.outChannels));
    for (let tap = 0; tap < channels * s.kernelHeight * s.kernelWidth; tap++) {
      const kx = tap % s.kernelWidth;
      const ky = Math.floor(tap / s.kernelWidth) % s.kernelHeight;
      const c = Math.floor(tap / (s.kernelWidth * s.kernelHeight));
      const inX = outX * s.strideX + kx * s.dilationX - s.padLeft;
      const inY = outY * s.strideY + ky * s.dilationY - s.padTop;
      if (inX < 0 || inX >= s.inWidth || inY < 0 || inY >= s.inHeight) continue;
      const channel = image * s.inChannels + Math.floor(o / rows) * channels + c;
      const weight = o * channels * s.kernelHeight * s.kernelWidth + tap;
      visit((channel * s.inHeight + inY) * s.inWidth + inX, weight, y);
    }
  }
}

/** Runs forward and both gradients on seeded numbers and compares them. */
async function check(s: ConvSize, what: string): Promise<void> {
  using _ = scope();
  const area = s.kernelHeight * s.kernelWidth;
  const x = seeded(s.batch * s.inChannels * s.inHeight * s.inWidth, 1);
  const weight = seeded((s.outChannels * s.inChannels * area) / s.groups, 2);
  const bias = seeded(s.outChannels, 3);
  const dy = seeded(s.batch * s.outChannels * s.outHeight * s.outWidth, 4);
  const plane = s.outHeight * s.outWidth;
  const expected = {
    y: Float64Array.from(dy, (_, i) => bias[Math.floor(i / plane) % s.outChannels]),
    dx: new Float64Array(x.length),
    dweight: new Float64Array(weight.length),
    dbias: new Float64Array(s.outChannels),
  };
  eachTap(s, (inX, w, out) => {
    expected.y[out] += x[inX] * weight[w];
    expected.dx[inX] += dy[out] * weight[w];
    expected.dweight[w] += dy[out] * x[inX];
  });
  dy.forEach((d, i) => {
    expected.dbias[Math.floor(i / plane) % s.outChannels] += d;
  });
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

const cases: Record<string, Partial<ConvSize> & { padBottom?: number; padRight?: number }> = {
  'one of everything': {},
  'one pixel in the middle of the padding': { kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1, outChannels: 2 },
  'a tile less one': { inHeight: 7, inWidth: 9, inChannels: 3, outChannels: 7, kernelHeight: 2, kernelWidth: 3 },
  'a tile': { inHeight: 10, inWidth: 10, inChannels: 2, outChannels: 16, kernelHeight: 3, kernelWidth: 3 },
  'a tile and one': { inHeight: 15, inWidth: 15, inChannels: 5, outChannels: 17, kernelHeight: 3, kernelWidth: 3 },
  'many small images': {
    batch: 37,
    inHeight: 3,
    inWidth: 3,
    inChannels: 2,
    outChannels: 5,
    kernelHeight: 2,
    kernelWidth: 2,
  },
  'primes, unequal axes': {
    ...{ batch: 2, inChannels: 7, inHeight: 13, inWidth: 17, outChannels: 11, kernelHeight: 5, kernelWidth: 3 },
    ...{ strideY: 2, strideX: 3, padTop: 2, padLeft: 1, dilationY: 1, dilationX: 2 },
  },
  'first layer of AlexNet, small': {
    ...{ batch: 3, inChannels: 3, inHeight: 35, inWidth: 35, outChannels: 24, kernelHeight: 11, kernelWidth: 11 },
    ...{ strideY: 4, strideX: 4 },
  },
  groups: {
    batch: 2,
    inChannels: 6,
    inHeight: 6,
    inWidth: 5,
    outChannels: 27,
    groups: 3,
    kernelHeight: 3,
    kernelWidth: 3,
    padTop: 1,
    padLeft: 1,
  },
  'depthwise, two outputs a channel': {
    inChannels: 5,
    inHeight: 8,
    inWidth: 8,
    outChannels: 10,
    groups: 5,
    kernelHeight: 3,
    kernelWidth: 3,
  },
  'padding on one side only': {
    inHeight: 6,
    inWidth: 7,
    kernelHeight: 4,
    kernelWidth: 4,
    padBottom: 3,
    padRight: 3,
    inChannels: 2,
    outChannels: 3,
  },
  'padding as wide as the kernel': {
    inHeight: 4,
    inWidth: 4,
    kernelHeight: 2,
    kernelWidth: 2,
    padTop: 3,
    padLeft: 2,
    outChannels: 2,
  },
  'stride beyond the kernel': {
    inHeight: 11,
    inWidth: 11,
    inChannels: 2,
    strideY: 4,
    strideX: 3,
    kernelHeight: 2,
    kernelWidth: 2,
    outChannels: 2,
  },
  'stride leaves pixels over': {
    inHeight: 10,
    inWidth: 12,
    inChannels: 2,
    strideY: 3,
    strideX: 4,
    kernelHeight: 2,
    kernelWidth: 3,
    padTop: 1,
    outChannels: 9,
  },
  'dilated past half the image': {
    inHeight: 9,
    inWidth: 9,
    kernelHeight: 3,
    kernelWidth: 3,
    dilationY: 4,
    dilationX: 3,
    outChannels: 2,
  },
  'kernel covers the image': {
    batch: 9,
    inHeight: 6,
    inWidth: 5,
    inChannels: 3,
    kernelHeight: 6,
    kernelWidth: 5,
    outChannels: 12,
  },
};

async function withBindingLimit(bytes: number, body: () => Promise<void>): Promise<void> {
  const before = bindingLimit();
  setBindingLimit(bytes);
  try {
    await body();
  } finally {
    setBindingLimit(before);
  }
}

for (const variant of variants) {
  for (const [name, given] of Object.entries(cases)) {
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
