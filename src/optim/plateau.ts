import { showValue, UsageError } from '../errors.js';
import { below1, checkOptions, notNegative, oneOf, type Rules, whole } from '../options.js';
import type { Optimizer } from './optimizer.js';
import { settled } from './params.js';
import {
  putRate,
  rateOf,
  requireOptimizer,
  requireState,
  restoreRates,
  type Schedule,
  type ScheduleState,
  savedRates,
} from './schedule.js';

/** When the metric has stopped improving, and what follows. */
export interface PlateauOptions {
  /** 'min' waits for the metric to fall, 'max' for it to rise. Default 'min'. */
  mode?: 'min' | 'max';
  /** What the rates are multiplied by. Default 0.1. */
  factor?: number;
  /** Steps without improvement that are let pass. Default 10. */
  patience?: number;
  /** Relative improvement that counts. Default 1e-4. */
  threshold?: number;
  /** Steps after a change in which nothing is counted. Default 0. */
  cooldown?: number;
  /** Rates do not fall below. Default 0. */
  minLr?: number;
  /** A rate that would change by no more than this stays. Default 1e-8. */
  eps?: number;
}

const RULES: Rules<PlateauOptions> = {
  ...{ mode: oneOf('min', 'max'), factor: below1, patience: whole(0), threshold: notNegative },
  ...{ cooldown: whole(0), minLr: notNegative, eps: notNegative },
};

const DEFAULTS = { mode: 'min', factor: 0.1, patience: 10, threshold: 1e-4, cooldown: 0, minLr: 0, eps: 1e-8 } as const;

/**
 * Times `factor` when the metric stops improving: the AlexNet paper's rule, done by hand there. `step` takes the metric.
 * PyTorch: ReduceLROnPlateau.
 */
export class ReduceLROnPlateau implements Schedule {
  private best: number;
  private bad = 0;
  private cooling = 0;
  private readonly options: Required<PlateauOptions>;

  constructor(
    private readonly optimizer: Optimizer,
    options: PlateauOptions = {},
  ) {
    requireOptimizer('ReduceLROnPlateau', optimizer);
    checkOptions('ReduceLROnPlateau', options, RULES);
    this.options = settled<Required<PlateauOptions>>(DEFAULTS, options);
    this.best = this.options.mode === 'min' ? Number.MAX_VALUE : -Number.MAX_VALUE;
  }

  /** Whether it waits for the metric to fall or to rise. */
  get mode(): 'min' | 'max' {
    return this.options.mode;
  }

  /** Takes the metric in; NaN is no improvement. @throws UsageError without one. */
  step(metric?: number): void {
    if (typeof metric !== 'number') {
      throw new UsageError(`ReduceLROnPlateau: step(metric) needs the metric to watch, got ${showValue(metric)}`);
    }
    const { mode, factor, patience, threshold, cooldown, minLr, eps } = this.options;
    const better = mode === 'min' ? metric < this.best * (1 - threshold) : metric > this.best * (1 + threshold);
    if (better) this.best = Math.min(Math.max(metric, -Number.MAX_VALUE), Number.MAX_VALUE); // JSON knows no infinity
    this.bad = better ? 0 : this.bad + 1;
    if (this.cooling > 0) {
      this.cooling--;
      this.bad = 0;
    }
    if (this.bad <= patience) return;
    for (const group of this.optimizer.groups) {
      const [rate, next] = [rateOf(group), Math.max(rateOf(group) * factor, minLr)];
      if (rate - next > eps) putRate(group, next);
    }
    this.cooling = cooldown;
    this.bad = 0;
  }

  /** The best metric, how long it is ago, the cooldown left, and the rates. */
  state(): ScheduleState {
    const { best, bad, cooling } = this;
    return { best, bad, cooling, ...savedRates(this.optimizer) };
  }

  /** Goes on from there; sets the rates. @throws UsageError for another schedule's state. */
  restore(state: ScheduleState): void {
    requireState(this.constructor.name, state, this.state());
    this.best = state.best as number;
    this.bad = state.bad as number;
    this.cooling = state.cooling as number;
    restoreRates(this.optimizer, state);
  }
}
