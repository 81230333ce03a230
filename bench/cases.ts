// The products and convolutions that are timed: square ones, and AlexNet's at batch 8.
import type { ConvSize } from '../src/kernels/conv2d.js';
import type { GemmSize } from '../src/kernels/gemm.js';

export const gemmCases: Record<string, GemmSize> = {
  'gemm 512 NN': { m: 512, n: 512, k: 512 },
  'gemm 512 NT': { m: 512, n: 512, k: 512, transB: true },
  'gemm 512 TN': { m: 512, n: 512, k: 512, transA: true },
  'gemm 1024 NN': { m: 1024, n: 1024, k: 1024 },
  'fc6 forward': { m: 8, n: 4096, k: 9216, transB: true },
  'fc6 dx': { m: 8, n: 9216, k: 4096 },
  'fc6 dweight': { m: 4096, n: 9216, k: 8, transA: true },
};

function conv(
  side: number,
  inChannels: number,
  outChannels: number,
  kernel: number,
  rest: Partial<ConvSize> = {},
): ConvSize {
  const { strideY = 1, padTop = 0 } = rest;
  const out = Math.floor((side + 2 * padTop - kernel) / strideY) + 1;
  return {
    ...{ batch: 8, inChannels, outChannels, inHeight: side, inWidth: side, outHeight: out, outWidth: out },
    ...{ kernelHeight: kernel, kernelWidth: kernel, strideY, strideX: strideY, padTop, padLeft: padTop },
    ...{ dilationY: 1, dilationX: 1, groups: 1 },
    ...rest,
  };
}

export const convCases: Record<string, ConvSize> = {
  conv1: conv(227, 3, 96, 11, { strideY: 4, strideX: 4 }),
  conv2: conv(27, 96, 256, 5, { padTop: 2, padLeft: 2, groups: 2 }),
  conv3: conv(13, 256, 384, 3, { padTop: 1, padLeft: 1 }),
  conv4: conv(13, 384, 384, 3, { padTop: 1, padLeft: 1, groups: 2 }),
  conv5: conv(13, 384, 256, 3, { padTop: 1, padLeft: 1, groups: 2 }),
};
