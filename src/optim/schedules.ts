// Learning-rate schedules, as torch.optim.lr_scheduler: made around an optimizer, stepped after each batch or epoch.
import { showValue, UsageError } from '../errors.js';
import { checkOptions, notNegative, type Rule, required, requireFunction, whole } from '../options.js';
import type { Optimizer } from './optimizer.js';
import { Counted } from './schedule.js';

/** Times gamma (default 0.1) every stepSize steps. PyTorch: StepLR. */
export class StepLR extends Counted {
  constructor(
    optimizer: Optimizer,
    private readonly options: { stepSize: number; gamma?: number },
  ) {
    super(optimizer);
    checkOptions('StepLR', options, { stepSize: required(whole(1)), gamma: notNegative });
  }

  protected next(count: number, rate: number): number {
    return count % this.options.stepSize === 0 ? rate * (this.options.gamma ?? 0.1) : rate;
  }
}

const milestoneList: Rule = {
  be: 'a list of whole numbers, 0 or more',
  holds: (value) => Array.isArray(value) && value.every(whole(0).holds),
};

/** Times gamma (default 0.1) at each milestone, counted in steps; one that is there twice counts twice. PyTorch: MultiStepLR. */
export class MultiStepLR extends Counted {
  constructor(
    optimizer: Optimizer,
    private readonly options: { milestones: readonly number[]; gamma?: number },
  ) {
    super(optimizer);
    checkOptions('MultiStepLR', options, { milestones: required(milestoneList), gamma: notNegative });
    this.begin();
  }

  protected override first(rate: number): number {
    return this.next(0, rate);
  }

  protected next(count: number, rate: number): number {
    return rate * (this.options.gamma ?? 0.1) ** this.options.milestones.filter((m) => m === count).length;
  }
}

/** Times gamma every step. PyTorch: ExponentialLR. */
export class ExponentialLR extends Counted {
  constructor(
    optimizer: Optimizer,
    private readonly options: { gamma: number },
  ) {
    super(optimizer);
    checkOptions('ExponentialLR', options, { gamma: required(notNegative) });
  }

  protected next(_count: number, rate: number): number {
    return rate * this.options.gamma;
  }
}

/**
 * Half a cosine from the base rate down to etaMin (default 0) in tMax steps; after them it rises again. Loshchilov and
 * Hutter 2017, without restarts. PyTorch: CosineAnnealingLR.
 */
export class CosineAnnealingLR extends Counted {
  constructor(
    optimizer: Optimizer,
    private readonly options: { tMax: number; etaMin?: number },
  ) {
    super(optimizer);
    checkOptions('CosineAnnealingLR', options, { tMax: required(whole(1)), etaMin: notNegative });
  }

  protected next(count: number, rate: number, base: number): number {
    const { tMax, etaMin = 0 } = this.options;
    const share = (n: number) => 1 + Math.cos((Math.PI * n) / tMax);
    if ((count - 1 - tMax) % (2 * tMax) === 0) return rate + ((base - etaMin) * (2 - share(1))) / 2; // from the lowest point
    return etaMin + (share(count) / share(count - 1)) * (rate - etaMin);
  }
}

/**
 * Half a cosine from the base rate down to etaMin (default 0) in t0 steps, then again from the base rate, each time tMult (default 1)
 * as long. The rate comes from the base rate alone, whatever other schedules do. Loshchilov and Hutter 2017. PyTorch:
 * CosineAnnealingWarmRestarts.
 */
export class CosineAnnealingWarmRestarts extends Counted {
  constructor(
    optimizer: Optimizer,
    private readonly options: { t0: number; tMult?: number; etaMin?: number },
  ) {
    super(optimizer);
    const rules = { t0: required(whole(1)), tMult: whole(1), etaMin: notNegative };
    checkOptions('CosineAnnealingWarmRestarts', options, rules);
    this.begin();
  }

  protected override first(_rate: number, base: number): number {
    return this.next(0, base, base);
  }

  protected next(count: number, _rate: number, base: number): number {
    const { t0, tMult = 1, etaMin = 0 } = this.options;
    let [length, at] = [t0, tMult === 1 ? count % t0 : count];
    for (; at >= length; length *= tMult) at -= length;
    return etaMin + ((base - etaMin) * (1 + Math.cos((Math.PI * at) / length))) / 2;
  }
}

/** The rate before any schedule times `factor(steps so far)`; the first is set at once. PyTorch: LambdaLR. */
export class LambdaLR extends Counted {
  constructor(
    optimizer: Optimizer,
    private readonly factor: (count: number) => number,
  ) {
    super(optimizer);
    requireFunction('LambdaLR', 'factor', factor);
    this.begin();
  }

  protected override first(_rate: number, base: number): number {
    return this.next(0, base, base);
  }

  protected next(count: number, _rate: number, base: number): number {
    const factor = this.factor(count);
    if (!notNegative.holds(factor)) {
      throw new UsageError(`LambdaLR: factor(${count}) is ${notNegative.be}, it gave ${showValue(factor)}`);
    }
    return base * factor;
  }
}
