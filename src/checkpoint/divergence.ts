// When training has gone wrong beyond mending by more of the same: losses that are no numbers, or that have exploded.
import { WgradError } from '../errors.js';

/** Training has diverged. */
export class DivergenceError extends WgradError {
  constructor(
    message: string,
    /** The optimizer step at which it showed. */
    readonly step: number,
    /** The loss there. */
    readonly loss: number,
    /** The learning rate there. */
    readonly learningRate: number,
  ) {
    super(message);
  }
}

/** Says what was seen, where, and what helps. */
export function divergence(what: string, step: number, loss: number, rate: number): DivergenceError {
  return new DivergenceError(
    `training: ${what} at step ${step}, with a learning rate of ${Number(rate.toPrecision(4))}: training has diverged. ` +
      "A smaller learning rate helps most; then clipping gradients, a warmup, a look at the data. onDivergence: 'rollback' " +
      'goes back and on with a smaller one by itself',
    step,
    loss,
    rate,
  );
}

/** What is known of the losses of a run's steps; a plain value. */
export interface LossTrend {
  /** Losses seen. */
  count: number;
  /** The first. */
  start: number;
  /** Exponential mean over about ten. */
  recent: number;
}

const WINDOW = 10;

/** Takes a finite loss into a trend, and says whether losses are now `factor` times what they were at the start (at least 1). */
export function lossExploded(trend: LossTrend, loss: number, factor: number): boolean {
  trend.count++;
  trend.recent += (loss - trend.recent) / Math.min(trend.count, WINDOW);
  if (trend.count === 1) trend.start = loss;
  return trend.recent > factor * Math.max(trend.start, 1); // a first loss near 0 says nothing: a batch, or fine-tuning
}
