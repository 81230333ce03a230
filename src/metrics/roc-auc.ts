import { add, div, eq, mul, sub, where } from '../autograd/ops/arithmetic.js';
import { cast } from '../autograd/ops/cast.js';
import { bincount } from '../autograd/ops/count.js';
import { abs, clamp } from '../autograd/ops/pointwise.js';
import { reshape, slice } from '../autograd/ops/shape.js';
import { checkOptions, int32, whole } from '../options.js';
import { type RocCurve, rocOf } from '../report/roc.js';
import type { Tensor } from '../tensor/tensor.js';
import { answers, IGNORED } from './answers.js';
import { Metric } from './metric.js';

/**
 * The area under the receiver operating characteristic of two classes: the share of pairs of a positive and a negative in which
 * the positive has the higher score, a pair of equals counting half. Scores are logits, one a target or (batch, 2, ...), of which
 * the difference counts; targets are 0 and 1 as `Precision` takes them. Scores x are counted in bins (`bins`, default 4096, 1000 at
 * least), of equal width in x / (1 + |x|): narrowest around 0, the last ones from about half of `bins` to infinity. A pair that shares
 * a bin counts half, and `uncertainty` says by how much the area may be off for it; where only equals share one it is exact. A NaN is ranked as wrong as can be: a positive below, a negative above all others. NaN where one class is
 * missing. scikit-learn: roc_auc_score; Keras: AUC, with its num_thresholds.
 */
export class RocAuc extends Metric {
  readonly size: number;
  private readonly bins: number;
  private readonly ignoreIndex: number;

  constructor(options: { bins?: number; ignoreIndex?: number } = {}) {
    super();
    checkOptions('RocAuc', options, { bins: whole(1000), ignoreIndex: int32 });
    this.bins = options.bins ?? 4096;
    this.ignoreIndex = options.ignoreIndex ?? IGNORED;
    this.size = 2 * (this.bins + 2);
  }

  /** Counts of negatives by bin, then of positives; a bin more at both ends, for NaN. */
  protected batch(scores: Tensor, target: Tensor): Tensor {
    const { bins } = this;
    const { actual, counts } = answers('RocAuc', scores, target, this.ignoreIndex, 2);
    const x = clamp(scores.size > actual.size ? against(scores) : scores, -1e30, 1e30);
    const share = reshape(div(x, add(abs(x), 1)), actual.shape);
    const bin = clamp(mul(add(share, 1), bins / 2), 0, bins - 1);
    const place = where(eq(share, share), add(bin, 1), mul(sub(1, actual), bins + 1));
    const whole = cast(cast(place, 'i32'), 'f32');
    const index = where(counts, add(whole, mul(actual, bins + 2)), -1);
    return cast(bincount(cast(index, 'i32'), this.size), 'f32');
  }

  value(sums: Float64Array): number {
    return this.pairs(sums).area;
  }

  /** How far the area may be off, from the sums of all batches: half the share of pairs that have a bin in common. */
  uncertainty(sums: Float64Array): number {
    return this.pairs(sums).tied / 2;
  }

  private pairs(sums: Float64Array): { area: number; tied: number } {
    const width = this.bins + 2;
    let [negatives, positives, won, tied] = [0, 0, 0, 0];
    for (let bin = 0; bin < width; bin++) {
      const [negative, positive] = [sums[bin], sums[width + bin]];
      won += positive * negatives;
      tied += positive * negative;
      negatives += negative;
      positives += positive;
    }
    const all = negatives * positives;
    return { area: (won + tied / 2) / all, tied: tied / all };
  }

  /** The curve, for a report, from the sums of all batches' statistics: `auc.curve(await auc.sums())`. */
  curve(sums: Float64Array, name = 'ROC'): RocCurve {
    const width = this.bins + 2;
    const total = (from: number) => sums.subarray(from, from + width).reduce((a, b) => a + b, 0);
    const [negatives, positives] = [total(0), total(width)];
    const points: [number, number][] = [[0, 0]];
    let [negative, positive] = [0, 0];
    for (let bin = width - 1; bin >= 0; bin--) {
      if (sums[bin] === 0 && sums[width + bin] === 0) continue;
      negative += sums[bin];
      positive += sums[width + bin];
      points.push([negative / negatives, positive / positives]);
    }
    return rocOf(name, points, this.value(sums));
  }
}

/** The logit of class 1 against class 0. */
const against = (scores: Tensor) => sub(slice(scores, null, [1, 2]), slice(scores, null, [0, 1]));
