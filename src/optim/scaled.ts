// Schedules that multiply the rate by a factor of the steps so far: LinearLR, LinearWarmup, ConstantLR, PolynomialLR.
import { checkOptions, notNegative, type Rules, required, share, whole } from '../options.js';
import type { Optimizer } from './optimizer.js';
import { settled } from './params.js';
import { Counted, forceRate, type Group, holdRate, requireOptimizer } from './schedule.js';

/** Goes from one factor to the next, so that other schedules' changes stay. Behind a first factor of 0 is the rate that was held back. */
abstract class Scaled extends Counted {
  /** What the rate is multiplied by after `count` steps. @internal */
  protected abstract factor(count: number): number;

  /** @internal */
  protected override first(rate: number): number {
    return rate * this.factor(0);
  }

  /** @internal */
  protected next(count: number, rate: number): number {
    return rate * (this.factor(count) / (this.factor(count - 1) || 1));
  }

  /** @internal */
  protected override put(group: Group, rate: number, found: number): void {
    const factor = this.factor(this.count);
    if (this.count > 0 && factor === this.factor(this.count - 1)) return; // rates may be set by hand
    if (factor === 0 && this.factor(0) === 0) holdRate(group, found);
    else forceRate(group, rate);
  }
}

/** Where a line of factors begins and ends. */
export interface LinearOptions {
  /** The first factor, set at once. Default 1/3. */
  startFactor?: number;
  /** The last factor. Default 1. */
  endFactor?: number;
  /** Steps from the first to the last. Default 5. */
  totalIters?: number;
}

const LINEAR: Rules<LinearOptions> = { startFactor: share, endFactor: share, totalIters: whole(1) };

/** Times a factor that goes linearly from startFactor to endFactor in totalIters steps, then stays. PyTorch: LinearLR. */
export class LinearLR extends Scaled {
  private readonly options: Required<LinearOptions>;

  constructor(optimizer: Optimizer, options: LinearOptions = {}) {
    super(optimizer);
    checkOptions('LinearLR', options, LINEAR);
    this.options = settled<Required<LinearOptions>>({ startFactor: 1 / 3, endFactor: 1, totalIters: 5 }, options);
    this.begin();
  }

  protected factor(count: number): number {
    const { startFactor, endFactor, totalIters } = this.options;
    return startFactor + (endFactor - startFactor) * Math.min(count / totalIters, 1);
  }
}

/**
 * Rises linearly from startFactor (default 0) times the rate, set at once, to the rate in `steps` steps, then stays. PyTorch:
 * LinearLR, which starts from a third and takes no 0.
 */
export class LinearWarmup extends LinearLR {
  constructor(optimizer: Optimizer, options: { steps: number; startFactor?: number }) {
    requireOptimizer('LinearWarmup', optimizer);
    checkOptions('LinearWarmup', options, { steps: required(whole(1)), startFactor: share });
    super(optimizer, { startFactor: options.startFactor ?? 0, totalIters: options.steps });
  }
}

/** Times factor (default 1/3), set at once, for totalIters (default 5) steps; then the rate is its own again. PyTorch: ConstantLR. */
export class ConstantLR extends Scaled {
  constructor(
    optimizer: Optimizer,
    private readonly options: { factor?: number; totalIters?: number } = {},
  ) {
    super(optimizer);
    checkOptions('ConstantLR', options, { factor: share, totalIters: whole(1) });
    this.begin();
  }

  protected factor(count: number): number {
    const { factor = 1 / 3, totalIters = 5 } = this.options;
    return count < totalIters ? factor : 1;
  }
}

/**
 * Times (1 - steps so far / totalIters) ** power: down to 0 in totalIters (default 5) steps. power defaults to 1, a line; LARS' paper
 * has 2. PyTorch: PolynomialLR.
 */
export class PolynomialLR extends Scaled {
  constructor(
    optimizer: Optimizer,
    private readonly options: { totalIters?: number; power?: number } = {},
  ) {
    super(optimizer);
    checkOptions('PolynomialLR', options, { totalIters: whole(1), power: notNegative });
  }

  protected factor(count: number): number {
    const { totalIters = 5, power = 1 } = this.options;
    return (1 - Math.min(count / totalIters, 1)) ** power;
  }
}
