// Figures made of three counts a class: how often it was called rightly, called at all, and was the target.
import { eq, where } from '../autograd/ops/arithmetic.js';
import { cast } from '../autograd/ops/cast.js';
import { bincount } from '../autograd/ops/count.js';
import { concat } from '../autograd/ops/shape.js';
import { checkOptions, int32, oneOf, whole } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { answers, IGNORED } from './answers.js';
import { Metric } from './metric.js';

/**
 * What becomes of the figures of single classes: 'binary', that of class 1; 'macro', their mean, over classes that are called or
 * occur; 'weighted', the same weighted by how often each occurs; 'micro', the figure of all counts added up. As in scikit-learn.
 */
export type Average = 'binary' | 'macro' | 'micro' | 'weighted';

/** How `Precision`, `Recall`, `F1` and `IoU` count. */
export interface ClassFigureOptions {
  /** How many classes there are. Default 2. */
  classes?: number;
  /** Default 'binary' of two classes, 'macro' of more. */
  average?: Average;
  /** Rows with this target count nothing. Default -100. */
  ignoreIndex?: number;
}

/**
 * The base of `Precision`, `Recall`, `F1` and `IoU`. Scores are (batch, classes, ...) and targets class numbers, i32 or u8
 * (batch, ...), or probabilities in the scores' shape; of two classes, scores may be one logit for each target, 0 or 1 in any
 * dtype. A row with a NaN calls no class, and is wrong. Where nothing is to be divided, a class's figure is 0, as in
 * scikit-learn; without any row it is NaN.
 */
export abstract class ClassFigure extends Metric {
  readonly size: number;
  /** How many classes there are. */
  readonly classes: number;
  /** What becomes of the figures of single classes. */
  readonly average: Average;
  private readonly ignoreIndex: number;

  /** @throws UsageError for 'binary' of other than two classes. */
  constructor(options: ClassFigureOptions = {}) {
    super();
    const binary = (options.classes ?? 2) === 2 ? ['binary'] : [];
    checkOptions(new.target.name, options, {
      classes: whole(2),
      average: oneOf(...binary, 'macro', 'micro', 'weighted'),
      ignoreIndex: int32,
    });
    const { classes = 2, average = classes === 2 ? 'binary' : 'macro', ignoreIndex = IGNORED } = options;
    this.size = 3 * classes;
    this.classes = classes;
    this.average = average;
    this.ignoreIndex = ignoreIndex;
  }

  /** The figure of a class as numerator and denominator. */
  protected abstract ratio(right: number, called: number, actual: number): [number, number];

  protected batch(scores: Tensor, target: Tensor): Tensor {
    const { called, actual, counts } = answers(this.constructor.name, scores, target, this.ignoreIndex, this.classes);
    const right = where(eq(called, actual), actual, -1);
    const each = [right, where(counts, called, -1), actual];
    return concat(each.map((numbers) => cast(bincount(cast(numbers, 'i32'), this.classes), 'f32')));
  }

  value(sums: Float64Array): number {
    const { classes, average } = this;
    const counts = Array.from({ length: classes }, (_, c) => [sums[c], sums[classes + c], sums[2 * classes + c]]);
    const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
    const rows = sum(counts.map(([, , actual]) => actual));
    if (rows === 0) return Number.NaN;
    const each = this.perClass(sums);
    if (average === 'binary') return each[1];
    if (average === 'micro') {
      const ratios = counts.map(([right, called, actual]) => this.ratio(right, called, actual));
      return share(sum(ratios.map(([part]) => part)), sum(ratios.map(([, whole]) => whole)));
    }
    const weights = counts.map(([, called, actual]) => (average === 'weighted' ? actual : Number(called + actual > 0)));
    return sum(weights.map((weight, c) => weight * each[c])) / sum(weights);
  }

  /** The figure of each class, from the sums of all batches' statistics: `figure.perClass(await figure.sums())`. */
  perClass(sums: Float64Array): number[] {
    const { classes } = this;
    return Array.from({ length: classes }, (_, c) =>
      share(...this.ratio(sums[c], sums[classes + c], sums[2 * classes + c])),
    );
  }
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/** Of the rows that were called a class, the share that is of it. scikit-learn: precision_score; Keras: Precision. */
export class Precision extends ClassFigure {
  protected ratio(right: number, called: number): [number, number] {
    return [right, called];
  }
}

/** Of the rows that are of a class, the share that was called so. scikit-learn: recall_score; Keras: Recall. */
export class Recall extends ClassFigure {
  protected ratio(right: number, _called: number, actual: number): [number, number] {
    return [right, actual];
  }
}

/** The harmonic mean of precision and recall. scikit-learn: f1_score; Keras: F1Score; of pictures also called Dice. */
export class F1 extends ClassFigure {
  protected ratio(right: number, called: number, actual: number): [number, number] {
    return [2 * right, called + actual];
  }
}

/**
 * Intersection over union: of the places that are of a class or were called so, the share that is both. For segmentation,
 * scores (batch, classes, height, width) with labels (batch, height, width), or one logit a place. scikit-learn: jaccard_score;
 * Keras: MeanIoU, which averages two classes too: `average: 'macro'`.
 */
export class IoU extends ClassFigure {
  protected ratio(right: number, called: number, actual: number): [number, number] {
    return [right, called + actual - right];
  }
}
