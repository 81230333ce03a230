// How far predicted numbers are from what they were to be.
import { sub } from '../autograd/ops/arithmetic.js';
import { requireF32 } from '../autograd/ops/checks.js';
import { full } from '../autograd/ops/create.js';
import { abs, square } from '../autograd/ops/pointwise.js';
import { sum } from '../autograd/ops/reduce.js';
import { concat, reshape, stack } from '../autograd/ops/shape.js';
import { ShapeError } from '../errors.js';
import { checkOptions, finite, whole } from '../options.js';
import { sameShape, showShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { Metric } from './metric.js';

/** prediction - target; broadcasting (n, 1) with (n) would give n * n differences. */
function difference(op: string, prediction: Tensor, target: Tensor): Tensor {
  requireF32(op, prediction, target);
  if (sameShape(prediction.shape, target.shape)) return sub(prediction, target);
  const shapes = `prediction ${showShape(prediction.shape)} and target ${showShape(target.shape)}`;
  throw new ShapeError(`${op}: ${shapes} differ; reshape one of them`);
}

const sumAndCount = (x: Tensor) => stack([sum(x), full([], x.size)]);

/** The mean over all elements of (prediction - target)², tensors of one shape. Keras: MeanSquaredError. */
export class MeanSquaredError extends Metric {
  readonly size = 2;

  protected batch(prediction: Tensor, target: Tensor): Tensor {
    return sumAndCount(square(difference('MeanSquaredError', prediction, target)));
  }

  value([total, count]: Float64Array): number {
    return total / count;
  }
}

/** The mean over all elements of |prediction - target|, tensors of one shape. Keras: MeanAbsoluteError. */
export class MeanAbsoluteError extends Metric {
  readonly size = 2;

  protected batch(prediction: Tensor, target: Tensor): Tensor {
    return sumAndCount(abs(difference('MeanAbsoluteError', prediction, target)));
  }

  value([total, count]: Float64Array): number {
    return total / count;
  }
}

/** How `R2` counts. */
export interface R2Options {
  /** How many numbers are predicted at once, the last dimension: R2 is the mean of theirs. Default 1, whatever the shape. */
  outputs?: number;
  /**
   * A number near the targets. The spread of targets is a difference of sums of squares in f32: targets that lie around 1,000
   * times their spread lose all of it unless their middle is told here. Default 0.
   */
  center?: number;
}

/** Of the sum of squares, what f32 rounds: targets that spread less are all the same. */
const SAME = 1e-6;

/**
 * The coefficient of determination: 1 less the squared errors' share of the targets' spread, at most 1; a mean predicted
 * throughout has 0. Tensors of one shape. Where all targets are the same it is 1 if all predictions are right, else 0; of fewer
 * than two examples it is NaN. scikit-learn: r2_score; Keras: R2Score.
 */
export class R2 extends Metric {
  readonly size: number;
  private readonly outputs: number;
  private readonly center: number;

  constructor(options: R2Options = {}) {
    super();
    checkOptions('R2', options, { outputs: whole(1), center: finite });
    this.outputs = options.outputs ?? 1;
    this.center = options.center ?? 0;
    this.size = 3 * this.outputs + 1;
  }

  protected batch(prediction: Tensor, target: Tensor): Tensor {
    const { outputs, center } = this;
    const off = difference('R2', prediction, target);
    if (outputs > 1 && target.shape.at(-1) !== outputs)
      throw new ShapeError(`R2: of ${outputs} outputs, got targets ${showShape(target.shape)}`);
    const [errors, centered] = [off, sub(target, center)].map((x) => reshape(x, [x.size / outputs, outputs]));
    const sums = [square(errors), centered, square(centered)].map((x) => sum(x, 0));
    return concat([...sums, full([1], target.size / outputs)]);
  }

  value(sums: Float64Array): number {
    const { outputs } = this;
    const rows = sums[3 * outputs];
    if (rows < 2) return Number.NaN;
    let total = 0;
    for (let i = 0; i < outputs; i++) {
      const [errors, all, squares] = [sums[i], sums[outputs + i], sums[2 * outputs + i]];
      const spread = squares - all ** 2 / rows;
      total += spread > SAME * squares ? 1 - errors / spread : Number(errors === 0);
    }
    return total / outputs;
  }
}
