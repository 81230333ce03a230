import { ShapeError, showValue } from '../../errors.js';
import { channelSum } from '../../kernels/channel-sum.js';
import { type ConvSize, conv2dForward, conv2dGradInput, conv2dGradWeight } from '../../kernels/conv2d.js';
import { anything, checkOptions, type Rules } from '../../options.js';
import { type Shape, showShape } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { as, loweredInput, requireParams } from '../autocast.js';
import { record } from '../tape.js';
import { type Pair, pair, requireFloats } from './checks.js';
import { zerosLike } from './create.js';

/** How a convolution's window moves. */
export interface Conv2dOptions {
  /** Pixels from one window to the next, or [vertical, horizontal]. Default 1. */
  stride?: number | Pair;
  /**
   * Zeros around the image, or [vertical, horizontal]. 'same' gives ceil(size / stride) outputs, an odd pixel of
   * padding going to the bottom and right; 'valid' is 0. Default 0.
   */
  padding?: number | Pair | 'same' | 'valid';
  /** Pixels from one tap of the kernel to the next, or [vertical, horizontal]. Default 1. */
  dilation?: number | Pair;
  /** Channels are convolved in this many independent groups. Default 1. */
  groups?: number;
}

/**
 * 2-D cross-correlation. x (batch, inChannels, height, width), weight (outChannels, inChannels / groups,
 * kernel height, kernel width), bias (outChannels) or null; gives (batch, outChannels, out height, out width), where
 * out = floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1. PyTorch: F.conv2d.
 * @throws ShapeError if shapes and options do not fit together.
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv2dOptions = {}): Tensor {
  requireFloats('conv2d', x);
  requireParams('conv2d', x, weight, bias);
  const size = convSize(x.shape, weight.shape, options);
  if (bias && (bias.rank !== 1 || bias.shape[0] !== size.outChannels)) {
    throw new ShapeError(
      `conv2d: bias ${showShape(bias.shape)} for ${size.outChannels} output channels (weight ${showShape(weight.shape)})`,
    );
  }
  return loweredInput((input, dtype) => correlation(input, weight, bias, { size, dtype }), x, [weight, bias]);
}

function correlation(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  { size, dtype }: { size: ConvSize; dtype: 'f32' | 'f16' },
): Tensor {
  const y = empty([size.batch, size.outChannels, size.outHeight, size.outWidth], dtype, 'conv2d');
  const none = size.batch === 0; // nothing to compute: a sum over no images is 0
  const forward = (input: Tensor, w: Tensor, b: Tensor | null) =>
    conv2dForward(input.buffer, w.buffer, b?.buffer ?? null, y.buffer, size);
  if (!none) as(dtype, [x, weight, bias] as const, forward);
  return record('conv2d', y, bias ? [x, weight, bias] : [x, weight], (dy) => [
    () => {
      const dx = empty(x.shape, x.dtype, 'conv2d dx');
      if (!none) as(dtype, [weight] as const, (w) => conv2dGradInput(dy.buffer, w.buffer, dx.buffer, size));
      return dx;
    },
    () => {
      if (none) return zerosLike(weight);
      const dweight = empty(weight.shape, weight.dtype, 'conv2d dweight');
      as(dtype, [x] as const, (input) => conv2dGradWeight(input.buffer, dy.buffer, dweight.buffer, size));
      return dweight;
    },
    () => {
      if (none) return zerosLike(bias!);
      const dbias = empty([size.outChannels], bias!.dtype, 'conv2d dbias');
      const plane = size.outHeight * size.outWidth;
      channelSum(dy.buffer, dbias.buffer, { batch: size.batch, channels: size.outChannels, plane });
      return dbias;
    },
  ]);
}

/** `convSize` looks at the values: it names the shapes that they do not fit. */
const RULES: Rules<Conv2dOptions> = { stride: anything, padding: anything, dilation: anything, groups: anything };

function convSize(x: Shape, weight: Shape, options: Conv2dOptions): ConvSize {
  checkOptions('conv2d', options, RULES);
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const shapes = `(x ${showShape(x)}, weight ${showShape(weight)}, groups ${showValue(groups)})`;
  const fail = (what: string): never => {
    throw new ShapeError(`conv2d: ${what} ${shapes}`);
  };
  if (x.length !== 4) fail('x is (batch, channels, height, width)');
  if (weight.length !== 4) fail('weight is (outChannels, inChannels / groups, height, width)');
  if ([...x.slice(1), ...weight].some((n) => n < 1)) fail('all sizes but the batch are 1 or more');
  const [batch, inChannels, inHeight, inWidth] = x;
  const [outChannels, perGroup, kernelHeight, kernelWidth] = weight;
  if (!Number.isInteger(groups) || groups < 1) fail('groups is a whole number, 1 or more');
  if (inChannels !== perGroup * groups) fail(`weight has ${perGroup * groups} input channels, x has ${inChannels}`);
  if (outChannels % groups !== 0) fail(`${outChannels} output channels do not divide into ${groups} groups`);
  const [strideY, strideX] = pair('conv2d', 'stride', stride, 1);
  const [dilationY, dilationX] = pair('conv2d', 'dilation', dilation, 1);
  const vertical = { size: inHeight, kernel: kernelHeight, stride: strideY, dilation: dilationY };
  const horizontal = { size: inWidth, kernel: kernelWidth, stride: strideX, dilation: dilationX };
  if (typeof padding === 'string' && padding !== 'same' && padding !== 'valid') {
    fail(`padding '${padding}' is not 'same', 'valid' or a number of pixels`);
  }
  const [padY, padX] = typeof padding === 'string' ? [padding, padding] : pair('conv2d', 'padding', padding, 0);
  const [outHeight, padTop] = alongAxis(vertical, padY);
  const [outWidth, padLeft] = alongAxis(horizontal, padX);
  if (outHeight < 1 || outWidth < 1) {
    fail(`the kernel reaches beyond the padded image, padding ${showPadding(padding)}`);
  }
  return {
    ...{ batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernelHeight, kernelWidth },
    ...{ strideY, strideX, padTop, padLeft, dilationY, dilationX, groups },
  };
}

interface Axis {
  size: number;
  kernel: number;
  stride: number;
  dilation: number;
}

/** Output size, and padding before the first pixel. */
function alongAxis({ size, kernel, stride, dilation }: Axis, padding: number | 'same' | 'valid'): [number, number] {
  const span = (kernel - 1) * dilation + 1;
  if (padding === 'same') {
    const out = Math.ceil(size / stride);
    return [out, Math.floor(Math.max((out - 1) * stride + span - size, 0) / 2)];
  }
  const pad = padding === 'valid' ? 0 : padding;
  return [Math.floor((size + 2 * pad - span) / stride) + 1, pad];
}

function showPadding(padding: NonNullable<Conv2dOptions['padding']>): string {
  return typeof padding === 'object' ? showShape(padding) : String(padding);
}
