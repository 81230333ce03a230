// Convolutions and their gradients as float64 loops, and the sizes that every kernel of them is tested with.
import type { ConvSize } from '../../src/kernels/conv2d.js';

/** What a size does not say is one, or nothing. */
export type ConvCase = Partial<ConvSize> & { padBottom?: number; padRight?: number };

/** One 1x1 tap of one channel unless told otherwise; the output follows from the rest and `padBottom`, `padRight`. */
export function convSize(given: ConvCase): ConvSize {
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

/** Forward and all gradients in float64. */
export function convReference(
  s: ConvSize,
  { x, weight, bias, dy }: Record<'x' | 'weight' | 'bias' | 'dy', Float32Array>,
) {
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
  return expected;
}

/** Sizes around everything that a kernel may get wrong. */
export const convCases: Record<string, ConvCase> = {
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
