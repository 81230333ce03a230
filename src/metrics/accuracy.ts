import { eq, ge, gt, lt, mul, where } from '../autograd/ops/arithmetic.js';
import { arange, full } from '../autograd/ops/create.js';
import { sum } from '../autograd/ops/reduce.js';
import { reshape, stack } from '../autograd/ops/shape.js';
import { ShapeError } from '../errors.js';
import { checkOptions, int32, whole } from '../options.js';
import { showShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { answers, IGNORED } from './answers.js';
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
 * The share of rows whose largest score is that of their class, 0 to 1. Scores (batch, classes, ...); targets are classes, i32 or
 * u8 (batch, ...), or probabilities in the scores' shape, of which the largest counts. One logit a target, (batch) or
 * (batch, 1, ...), calls class 1 above 0. A row of scores with NaN is wrong; `ignoreIndex` (default -100) counts nothing. Keras:
 * CategoricalAccuracy, BinaryAccuracy; torchmetrics: MulticlassAccuracy with average 'micro'.
 */
export class Accuracy extends Metric {
  readonly size = 2;
  private readonly ignoreIndex: number;

  constructor(options: { ignoreIndex?: number } = {}) {
    super();
    checkOptions('Accuracy', options, { ignoreIndex: int32 });
    this.ignoreIndex = options.ignoreIndex ?? IGNORED;
  }

  protected batch(scores: Tensor, target: Tensor): Tensor {
    const { called, actual, counts } = answers('Accuracy', scores, target, this.ignoreIndex);
    return stack([sum(mul(eq(called, actual), counts)), sum(counts)]);
  }

  value([right, all]: Float64Array): number {
    return right / all;
  }
}

/**
 * The share of rows whose class is among the k of the largest scores, 0 to 1; of equal scores the first ones come first, so that
 * TopK of k = 1 is Accuracy. Scores (batch, classes, ...), and targets as Accuracy takes them. A row of scores with NaN is wrong.
 * Keras: TopKCategoricalAccuracy; torchmetrics: MulticlassAccuracy with top_k.
 */
export class TopK extends Metric {
  readonly size = 2;
  /** How many scores are looked at. */
  readonly k: number;
  private readonly ignoreIndex: number;

  constructor(options: { k?: number; ignoreIndex?: number } = {}) {
    super();
    checkOptions('TopK', options, { k: whole(1), ignoreIndex: int32 });
    this.k = options.k ?? 5;
    this.ignoreIndex = options.ignoreIndex ?? IGNORED;
  }

  protected batch(scores: Tensor, target: Tensor): Tensor {
    const { called, actual, counts } = answers('TopK', scores, target, this.ignoreIndex);
    const [batch, classes, ...inner] = scores.shape;
    if (!(classes >= Math.max(2, this.k)))
      throw new ShapeError(`TopK: of k = ${this.k}, scores ${showShape(scores.shape)} have too few classes`);
    const numbers = reshape(arange(classes), [classes, ...inner.map(() => 1)]);
    const own = reshape(actual, [batch, 1, ...inner]);
    const score = sum(where(eq(own, numbers), scores, 0), 1, true);
    const ahead = sum(where(lt(numbers, own), ge(scores, score), gt(scores, score)), 1);
    const right = mul(lt(reshape(ahead, called.shape), this.k), ge(called, 0));
    return stack([sum(mul(right, counts)), sum(counts)]);
  }

  value([right, all]: Float64Array): number {
    return right / all;
  }
}
