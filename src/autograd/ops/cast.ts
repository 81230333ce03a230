// Ops that turn one dtype into another.
import { DtypeError, ShapeError, showValue } from '../../errors.js';
import { cast as castKernel, castU8 } from '../../kernels/elementwise.js';
import type { DType } from '../../tensor/dtype.js';
import { showShape } from '../../tensor/shape.js';
import { empty, type Tensor, tensor } from '../../tensor/tensor.js';
import { composed, record } from '../tape.js';
import { eq } from './arithmetic.js';
import { requireTensors } from './checks.js';
import { requireClasses } from './classes.js';
import { unsqueeze } from './shape.js';

/** What f32 tells apart. */
const MOST_CLASSES = 2 ** 24;

/**
 * Classes (...) as i32 or u8 to rows (..., classes) of f32 with a single 1. A label that is no class makes the next read
 * of any tensor throw a UsageError. PyTorch: F.one_hot, which gives whole numbers.
 * @throws DtypeError if labels are f32, ShapeError unless `classes` is whole.
 */
export function oneHot(labels: Tensor, classes: number): Tensor {
  requireTensors('oneHot', labels);
  if (labels.dtype === 'f32') {
    throw new DtypeError(
      `oneHot: labels are i32 or u8 class numbers, got f32 ${showShape(labels.shape)}; cast them first`,
    );
  }
  if (!Number.isInteger(classes) || classes < 1 || classes > MOST_CLASSES) {
    throw new ShapeError(`oneHot: classes is a whole number from 1 to ${MOST_CLASSES}, got ${showValue(classes)}`);
  }
  return composed([labels], () => {
    const range = tensor(Float32Array.from({ length: classes }, (_, i) => i));
    const numbers = cast(labels, 'f32');
    requireClasses('oneHot', labels.dtype === 'u8' ? numbers : labels, classes);
    return eq(unsqueeze(numbers, -1), range);
  });
}

/**
 * The values in another dtype. f32 to i32 rounds towards zero. Only f32 to f32 has a gradient.
 * @throws DtypeError for anything to u8, and u8 to i32.
 */
export function cast<D extends DType>(x: Tensor, dtype: D): Tensor<D>;
export function cast(x: Tensor, dtype: DType): Tensor {
  requireTensors('cast', x);
  if (x.dtype === dtype) return x;
  if ((dtype !== 'f32' && dtype !== 'i32') || (x.dtype === 'u8' && dtype === 'i32')) {
    throw new DtypeError(
      `cast: ${x.dtype} to ${typeof dtype === 'string' ? dtype : showValue(dtype)} is not offered; go by way of the host`,
    );
  }
  const y = empty(x.shape, dtype, 'cast');
  if (x.dtype === 'u8') castU8(x.buffer, y.buffer, x.size);
  else castKernel(x.buffer, y.buffer, x.size, dtype);
  return record('cast', y, [x], () => [null]);
}
