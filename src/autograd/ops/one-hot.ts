import { DtypeError, ShapeError, showValue } from '../../errors.js';
import { isFloat } from '../../tensor/dtype.js';
import { showShape } from '../../tensor/shape.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { composed } from '../tape.js';
import { eq } from './arithmetic.js';
import { cast } from './cast.js';
import { requireTensors } from './checks.js';
import { requireClasses } from './classes.js';
import { unsqueeze } from './shape.js';

/** What f32 tells apart. */
const MOST_CLASSES = 2 ** 24;

/**
 * Classes (...) as i32 or u8 to rows (..., classes) of f32 with a single 1. A label that is no class makes the next read
 * of any tensor throw a UsageError. PyTorch: F.one_hot, which gives whole numbers.
 * @throws DtypeError if labels are floats, ShapeError unless `classes` is whole.
 */
export function oneHot(labels: Tensor, classes: number): Tensor {
  requireTensors('oneHot', labels);
  if (isFloat(labels.dtype)) {
    throw new DtypeError(
      `oneHot: labels are i32 or u8 class numbers, got ${labels.dtype} ${showShape(labels.shape)}; cast them first`,
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
