import { ShapeError, showValue } from '../../errors.js';
import { showShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { composed } from '../tape.js';
import { broadcastTo } from './broadcast.js';
import { requireTensors } from './checks.js';
import { reshape } from './shape.js';

/**
 * Each pixel as a square of scale x scale pixels: (batch, channels, height, width) to (batch, channels, scale * height, scale * width). PyTorch:
 * F.interpolate(x, scale_factor=scale, mode='nearest').
 * @throws ShapeError unless x has four dimensions and the scale is a whole number above 0.
 */
export function upsampleNearest2d(x: Tensor, scale: number): Tensor {
  requireTensors('upsampleNearest2d', x);
  if (x.rank !== 4)
    throw new ShapeError(`upsampleNearest2d: x is (batch, channels, height, width), got ${showShape(x.shape)}`);
  if (!(Number.isSafeInteger(scale) && scale >= 1))
    throw new ShapeError(`upsampleNearest2d: scale is a whole number above 0, got ${showValue(scale)}`);
  const [batch, channels, height, width] = x.shape;
  return composed([x], () => {
    const pixels = reshape(x, [batch, channels, height, 1, width, 1]);
    const squares = broadcastTo(pixels, [batch, channels, height, scale, width, scale]);
    return reshape(squares, [batch, channels, scale * height, scale * width]);
  });
}
