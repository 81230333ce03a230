import { ShapeError } from '../../errors.js';
import * as kernels from '../../kernels/pool2d.js';
import { anything, checkOptions, flag, type Rules } from '../../options.js';
import { type Shape, showShape } from '../../tensor/shape.js';
import { empty, type Tensor } from '../../tensor/tensor.js';
import { gradEnabled, record } from '../tape.js';
import { type Pair, pair, requireFloats } from './checks.js';

/** How a pooling window moves. Not every pool reads all of it. */
export interface Pool2dOptions {
  /** Side of the window, or [height, width]. */
  kernelSize: number | Pair;
  /** Default: the kernel's size, so that windows do not overlap. */
  stride?: number | Pair;
  /**
   * Pixels around the image, at most half the kernel. Max pooling pads with minus infinity, average pooling with zeros.
   * Default 0.
   */
  padding?: number | Pair;
  /** Pixels from one tap of a window to the next; max pooling only. Default 1. */
  dilation?: number | Pair;
  /** Rounds the output's size up, so that a last window may hang over the edge. Default false. */
  ceilMode?: boolean;
  /** Average pooling: zeros of the padding count in the mean. Default true. */
  countIncludePad?: boolean;
}

/** kernelSize, stride, padding and dilation are looked at by `pair`, which takes one number or two. */
const WINDOW = { kernelSize: anything, stride: anything, padding: anything, ceilMode: flag };
/** What only the other pool reads would be ignored in silence. */
const MAX: Rules<Omit<Pool2dOptions, 'countIncludePad'>> = { ...WINDOW, dilation: anything };
const AVERAGE: Rules<Omit<Pool2dOptions, 'dilation'>> = { ...WINDOW, countIncludePad: flag };

function poolSize(op: 'maxPool2d' | 'avgPool2d', x: Shape, options: Pool2dOptions): kernels.PoolSize {
  if (op === 'maxPool2d') checkOptions(op, options, MAX);
  else checkOptions(op, options, AVERAGE);
  if (x.length !== 4) throw new ShapeError(`${op}: x is (batch, channels, height, width), got ${showShape(x)}`);
  const [kernelHeight, kernelWidth] = pair(op, 'kernelSize', options.kernelSize, 1);
  const [strideY, strideX] = pair(op, 'stride', options.stride ?? options.kernelSize, 1);
  const [padY, padX] = pair(op, 'padding', options.padding ?? 0, 0);
  const [dilationY, dilationX] = pair(op, 'dilation', options.dilation ?? 1, 1);
  if (padY * 2 > kernelHeight || padX * 2 > kernelWidth) {
    throw new ShapeError(
      `${op}: padding ${padY}x${padX} is more than half the kernel, ${kernelHeight}x${kernelWidth} (x ${showShape(x)})`,
    );
  }
  const [batch, channels, inHeight, inWidth] = x;
  const ceil = options.ceilMode ?? false;
  const outHeight = outputs(inHeight, (kernelHeight - 1) * dilationY + 1, strideY, padY, ceil);
  const outWidth = outputs(inWidth, (kernelWidth - 1) * dilationX + 1, strideX, padX, ceil);
  if (outHeight < 1 || outWidth < 1 || channels < 1) {
    throw new ShapeError(`${op}: a ${kernelHeight}x${kernelWidth} window does not fit x ${showShape(x)}`);
  }
  const window = { kernelHeight, kernelWidth, strideY, strideX, padY, padX };
  return { planes: batch * channels, inHeight, inWidth, outHeight, outWidth, ...window };
}

function outputs(size: number, span: number, stride: number, padding: number, ceil: boolean): number {
  const rest = size + 2 * padding - span;
  if (!ceil) return Math.floor(rest / stride) + 1;
  const out = Math.ceil(rest / stride) + 1;
  return (out - 1) * stride >= size + padding ? out - 1 : out; // the last window starts inside the image
}

/**
 * The largest of each window of x (batch, channels, height, width); the gradient goes to the first of equals. A
 * window that sees no pixel (`dilation` and `ceilMode` can make one) is minus infinity. PyTorch: F.max_pool2d.
 * @throws ShapeError if the window does not fit.
 */
export function maxPool2d(x: Tensor, options: Pool2dOptions): Tensor {
  requireFloats('maxPool2d', x);
  const size = poolSize('maxPool2d', x.shape, options);
  const dilation = pair('maxPool2d', 'dilation', options.dilation ?? 1, 1);
  const y = empty([x.shape[0], x.shape[1], size.outHeight, size.outWidth], x.dtype, 'maxPool2d');
  if (!gradEnabled() || !x.requiresGrad) {
    kernels.maxPool2d(x.buffer, y.buffer, null, size, dilation);
    return record('maxPool2d', y, [x], () => []); // it has no gradient here, but is looked at
  }
  // Which place of its window won, counted: in halves, exactly, where there are no more than they count.
  const small = x.dtype === 'f16' && size.kernelHeight * size.kernelWidth <= 2048;
  const taps = empty(y.shape, small ? 'f16' : 'i32', 'maxPool2d taps');
  kernels.maxPool2d(x.buffer, y.buffer, taps.buffer, size, dilation);
  return record('maxPool2d', y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, x.dtype, 'maxPool2d dx');
      kernels.maxPool2dGrad(taps.buffer, dy.buffer, dx.buffer, size, dilation);
      return dx;
    },
  ]);
}

/**
 * The mean of each window of x (batch, channels, height, width). PyTorch: F.avg_pool2d.
 * @throws ShapeError if the window does not fit.
 */
export function avgPool2d(x: Tensor, options: Pool2dOptions): Tensor {
  requireFloats('avgPool2d', x);
  const size = poolSize('avgPool2d', x.shape, options);
  return average('avgPool2d', x, size, { countPadding: options.countIncludePad ?? true, adaptive: false });
}

/**
 * Means over windows that divide x (batch, channels, height, width) evenly into `outputSize` outputs, a side or
 * [height, width]. PyTorch: F.adaptive_avg_pool2d.
 */
export function adaptiveAvgPool2d(x: Tensor, outputSize: number | Pair): Tensor {
  requireFloats('adaptiveAvgPool2d', x);
  const [outHeight, outWidth] = pair('adaptiveAvgPool2d', 'outputSize', outputSize, 1);
  if (x.rank !== 4) {
    throw new ShapeError(`adaptiveAvgPool2d: x is (batch, channels, height, width), got ${showShape(x.shape)}`);
  }
  const [batch, channels, inHeight, inWidth] = x.shape;
  if (inHeight * inWidth === 0)
    throw new ShapeError(`adaptiveAvgPool2d: an image has no pixels, x is ${showShape(x.shape)}`);
  const unused = { kernelHeight: 1, kernelWidth: 1, strideY: 1, strideX: 1, padY: 0, padX: 0 };
  const size = { planes: batch * channels, inHeight, inWidth, outHeight, outWidth, ...unused };
  return average('adaptiveAvgPool2d', x, size, { countPadding: false, adaptive: true });
}

function average(op: string, x: Tensor, size: kernels.PoolSize, how: kernels.AveragePooling): Tensor {
  const y = empty([x.shape[0], x.shape[1], size.outHeight, size.outWidth], x.dtype, op);
  kernels.avgPool2d(x.buffer, y.buffer, size, how);
  return record(op, y, [x], (dy) => [
    () => {
      const dx = empty(x.shape, x.dtype, `${op} dx`);
      kernels.avgPool2dGrad(dy.buffer, dx.buffer, size, how);
      return dx;
    },
  ]);
}
