import { UsageError } from '../errors.js';
import { below1, checkOptions, flag, positive, type Rule, type Rules, required, share, whole } from '../options.js';
import type { Optimizer } from './optimizer.js';
import { settled } from './params.js';
import { beginAt, Counted } from './schedule.js';

/** The shape of a cycle. */
export interface OneCycleOptions {
  /** The highest rate, of all groups, or one for each group. */
  maxLr: number | readonly number[];
  /** Steps of the whole cycle. */
  totalSteps: number;
  /** Share of the steps that rise. Default 0.3. */
  pctStart?: number;
  /** The first rate is maxLr / divFactor. Default 25. */
  divFactor?: number;
  /** The last rate is the first one / finalDivFactor. Default 10,000. */
  finalDivFactor?: number;
  /** Momentum (or Adam's first beta) falls from maxMomentum to baseMomentum while the rate rises. Default true. */
  cycleMomentum?: boolean;
  /** Momentum at the highest rate. Default 0.85. */
  baseMomentum?: number;
  /** Momentum at either end. Default 0.95. */
  maxMomentum?: number;
}

const DEFAULTS = {
  ...{ pctStart: 0.3, divFactor: 25, finalDivFactor: 1e4 },
  ...{ cycleMomentum: true, baseMomentum: 0.85, maxMomentum: 0.95 },
};

const rates: Rule = {
  be: 'a finite number above 0, or one for each group',
  holds: (value) => (Array.isArray(value) ? value.every(positive.holds) : positive.holds(value)),
};

const RULES: Rules<OneCycleOptions> = {
  ...{ maxLr: required(rates), totalSteps: required(whole(1)) },
  ...{ pctStart: share, divFactor: positive, finalDivFactor: positive },
  ...{ cycleMomentum: flag, baseMomentum: below1, maxMomentum: below1 },
};

/**
 * Smith and Topin 2018: a cosine rise to maxLr, then a long cosine fall. The first rate is set at once, and no other schedule
 * counts beside it; stepping on after the cycle throws a UsageError. PyTorch: OneCycleLR with its two phases and its defaults.
 * @throws UsageError if the optimizer has no momentum to cycle, or another number of groups than there are rates.
 */
export class OneCycleLR extends Counted {
  private readonly options: Required<OneCycleOptions>;
  /** The highest rates by the first ones. */
  private readonly highest = new Map<number, number>();

  constructor(optimizer: Optimizer, options: OneCycleOptions) {
    super(optimizer);
    checkOptions('OneCycleLR', options, RULES);
    this.options = settled<Required<OneCycleOptions>>(DEFAULTS, options);
    const { maxLr, divFactor, cycleMomentum } = this.options;
    if (cycleMomentum && !optimizer.groups.every((group) => 'betas' in group || 'momentum' in group)) {
      throw new UsageError('OneCycleLR: the optimizer has no momentum to cycle; pass { cycleMomentum: false }');
    }
    const rates = typeof maxLr === 'number' ? optimizer.groups.map(() => maxLr) : maxLr;
    if (rates.length !== optimizer.groups.length) {
      const groups = `${optimizer.groups.length} ${optimizer.groups.length === 1 ? 'group' : 'groups'}`;
      throw new UsageError(`OneCycleLR: maxLr has ${rates.length} rates, the optimizer ${groups}`);
    }
    for (const [i, group] of optimizer.groups.entries()) {
      this.base[i] = rates[i] / divFactor;
      this.highest.set(this.base[i], rates[i]);
      beginAt(group, this.base[i]);
    }
    this.begin();
    this.setMomentum();
  }

  protected override first(rate: number, base: number): number {
    return this.next(0, rate, base);
  }

  protected next(count: number, _rate: number, base: number): number {
    return this.along(count, base, this.highest.get(base)!, base / this.options.finalDivFactor);
  }

  /** A value that goes from `start` to `top` to `end` over the cycle. */
  private along(count: number, start: number, top: number, end: number): number {
    const { totalSteps, pctStart } = this.options;
    if (count > totalSteps)
      throw new UsageError(`OneCycleLR: stepped ${count} times, the cycle has ${totalSteps} steps`);
    const peak = pctStart * totalSteps - 1;
    const last = totalSteps - 1;
    if (count <= peak && peak > 0) return cosine(start, top, count / peak);
    return last > peak ? cosine(top, end, (count - peak) / (last - peak)) : top;
  }

  override restart(): void {
    super.restart();
    this.setMomentum();
  }

  override step(): void {
    super.step();
    this.setMomentum();
  }

  override restore(...saved: Parameters<Counted['restore']>): void {
    super.restore(...saved);
    this.setMomentum();
  }

  private setMomentum(): void {
    const { cycleMomentum, baseMomentum, maxMomentum } = this.options;
    if (!cycleMomentum) return;
    const momentum = this.along(this.count, maxMomentum, baseMomentum, maxMomentum);
    for (const group of this.optimizer.groups as { momentum?: number; betas?: readonly [number, number] }[]) {
      if (group.betas) group.betas = [momentum, group.betas[1]];
      else group.momentum = momentum;
    }
  }
}

function cosine(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
}
