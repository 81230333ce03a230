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
    `trainer: ${what} at step ${step}, with a learning rate of ${Number(rate.toPrecision(4))}: training has diverged. ` +
      "A smaller learning rate helps most; then clipping gradients, a warmup, a look at the data. onDivergence: 'rollback' " +
      'goes back and on with a smaller one by itself',
    step,
    loss,
    rate,
  );
}

/** What counts as divergence and what a rollback changes. */
export interface DivergenceOptions {
  /** The mean of about the last ten losses may be this many times the run's first loss, or 1 if that is more. Default 10. */
  factor?: number;
  /** A rollback multiplies all learning rates by this, for good. Default 0.5. */
  lrFactor?: number;
  /** After so many rollbacks in a run the next divergence stops it. Default 3. */
  maxRollbacks?: number;
}

const WINDOW = 10;

/** What is known of the losses of a run's steps. */
export interface LossTrend {
  /** Losses seen. */
  count: number;
  /** The first. */
  start: number;
  /** Exponential mean over about ten. */
  recent: number;
}

/** Follows the losses of a run's steps. */
export class LossWatch implements LossTrend {
  constructor(
    public count = 0,
    public start = 0,
    public recent = 0,
  ) {}

  /** Takes a finite loss; whether losses are now `factor` times what they were at the start (at least 1). */
  exploded(loss: number, factor: number): boolean {
    this.count++;
    const share = 1 / Math.min(this.count, WINDOW);
    this.recent += (loss - this.recent) * share;
    if (this.count === 1) this.start = loss;
    return this.recent > factor * Math.max(this.start, 1); // a first loss near 0 says nothing: a batch, or fine-tuning
  }

  state(): LossTrend {
    const { count, start, recent } = this;
    return { count, start, recent };
  }
}
