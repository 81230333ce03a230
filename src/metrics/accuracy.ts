import { eq, mul } from '../autograd/ops/arithmetic.js';
import { cast } from '../autograd/ops/cast.js';
import { full } from '../autograd/ops/create.js';
import { amax, argmax, sum } from '../autograd/ops/reduce.js';
import { stack } from '../autograd/ops/shape.js';
import { ShapeError } from '../errors.js';
import { sameShape, showShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { Metric } from './metric.js';

/** The mean of scalars, each a mean over so many examples. Keras: Mean. */
export class Mean extends Metric<[value: Tensor, examples?: number]> {
  readonly size = 2;

  protected batch(value: Tensor, examples = 1): Tensor {
    if (value.size !== 1) throw new ShapeError(`Mean: takes a scalar, got ${showShape(value.shape)}`);
    return stack([mul(sum(value), examples), full([], examples)]);
  }

  value([total, weight]: Float64Array): number {
    return total / weight;
  }
}

/**
 * The share of rows whose largest score is that of their class, 0 to 1. Scores (batch, classes, ...); targets are classes, i32
 * (batch, ...), or probabilities in the scores' shape, of which the largest counts. A row of scores with NaN is wrong. Keras:
 * CategoricalAccuracy; torchmetrics: MulticlassAccuracy with average 'micro'.
 */
export class Accuracy extends Metric {
  readonly size = 2;

  protected batch(scores: Tensor, target: Tensor): Tensor {
    const soft = target.dtype === 'f32' && sameShape(target.shape, scores.shape);
    const [batch, , ...inner] = scores.shape;
    if (scores.rank < 2 || !(soft || sameShape(target.shape, [batch, ...inner])))
      throw new ShapeError(
        `Accuracy: scores ${showShape(scores.shape)} and target ${showShape(target.shape)} do not fit`,
      );
    const top = amax(scores, 1);
    const right = eq(cast(argmax(scores, 1), 'f32'), cast(soft ? argmax(target, 1) : target, 'f32'));
    const hits = mul(right, eq(top, top)); // NaN is not equal to itself
    return stack([sum(hits), full([], hits.size)]);
  }

  value([right, all]: Float64Array): number {
    return right / all;
  }
}
