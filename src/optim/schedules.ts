// Learning-rate schedules, as torch.optim.lr_scheduler: made around an optimizer, stepped after each batch or epoch.
import { UsageError } from '../device/errors.js';
import type { Optimizer } from './optimizer.js';

/** What checkpoints keep of a schedule. */
export type ScheduleState = Record<string, number | number[]>;

/** A rule that sets the optimizer's learning rates. `step` is called after each batch, or each epoch with a metric. */
export interface Schedule {
  /** Sets the rates for what follows. `metric` is for rules that watch one. */
  step(metric?: number): void;
  /** Where it stands, for checkpoints. */
  state(): ScheduleState;
  /** Goes on from where `state()` was taken, and sets the rates again. */
  restore(state: ScheduleState): void;
}

/** Rates that are a function of the number of steps alone. */
abstract class Closed implements Schedule {
  /** Rates when it was made, a group each. @internal */
  protected readonly base: number[];
  /** Steps so far. @internal */
  protected count = 0;

  constructor(
    /** Whose rates it sets. @internal */
    protected readonly optimizer: Optimizer,
  ) {
    this.base = optimizer.groups.map((g) => g.lr);
  }

  /** The rate of a group whose base rate is `base`, after `count` steps. @internal */
  protected abstract rate(count: number, base: number): number;

  /** @internal */
  protected apply(): void {
    this.optimizer.groups.forEach((group, i) => {
      group.lr = this.rate(this.count, this.base[i]);
    });
  }

  step(): void {
    this.count++;
    this.apply();
  }

  state(): ScheduleState {
    return { count: this.count, base: [...this.base] };
  }

  restore(state: ScheduleState): void {
    this.count = state.count as number;
    this.base.splice(0, this.base.length, ...(state.base as number[]));
    this.apply();
  }
}

/** Times gamma (default 0.1) every stepSize steps. PyTorch: StepLR. */
export class StepLR extends Closed {
  constructor(
    optimizer: Optimizer,
    private readonly options: { stepSize: number; gamma?: number },
  ) {
    super(optimizer);
  }

  protected rate(count: number, base: number): number {
    return base * (this.options.gamma ?? 0.1) ** Math.floor(count / this.options.stepSize);
  }
}

/** Times gamma (default 0.1) at each milestone, counted in steps. PyTorch: MultiStepLR. */
export class MultiStepLR extends Closed {
  constructor(
    optimizer: Optimizer,
    private readonly options: { milestones: readonly number[]; gamma?: number },
  ) {
    super(optimizer);
  }

  protected rate(count: number, base: number): number {
    return base * (this.options.gamma ?? 0.1) ** this.options.milestones.filter((m) => m <= count).length;
  }
}

/** Times gamma every step. PyTorch: ExponentialLR. */
export class ExponentialLR extends Closed {
  constructor(
    optimizer: Optimizer,
    private readonly options: { gamma: number },
  ) {
    super(optimizer);
  }

  protected rate(count: number, base: number): number {
    return base * this.options.gamma ** count;
  }
}

/**
 * Half a cosine from the base rate down to etaMin (default 0) in tMax steps; after them it rises again. Loshchilov and
 * Hutter 2017, without restarts. PyTorch: CosineAnnealingLR.
 */
export class CosineAnnealingLR extends Closed {
  constructor(
    optimizer: Optimizer,
    private readonly options: { tMax: number; etaMin?: number },
  ) {
    super(optimizer);
  }

  protected rate(count: number, base: number): number {
    const { tMax, etaMin = 0 } = this.options;
    return etaMin + ((base - etaMin) * (1 + Math.cos((Math.PI * count) / tMax))) / 2;
  }
}

/**
 * Rises linearly from startFactor (default 0) times the base rate, set at once, to the base rate in `steps` steps, then
 * stays. PyTorch: LinearLR, which starts from a third.
 */
export class LinearWarmup extends Closed {
  constructor(
    optimizer: Optimizer,
    private readonly options: { steps: number; startFactor?: number },
  ) {
    super(optimizer);
    this.apply();
  }

  protected rate(count: number, base: number): number {
    const { steps, startFactor = 0 } = this.options;
    return base * (startFactor + (1 - startFactor) * Math.min(count / steps, 1));
  }
}

/** The shape of a cycle. */
export interface OneCycleOptions {
  /** The highest rate, of all groups. */
  maxLr: number;
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

/**
 * Smith and Topin 2018: a cosine rise to maxLr, then a long cosine fall. The first rate is set at once; stepping on after
 * the cycle throws a UsageError. PyTorch: OneCycleLR with its two phases and its defaults.
 */
export class OneCycleLR extends Closed {
  private readonly options: Required<OneCycleOptions>;

  constructor(optimizer: Optimizer, options: OneCycleOptions) {
    super(optimizer);
    this.options = {
      pctStart: 0.3,
      divFactor: 25,
      finalDivFactor: 1e4,
      cycleMomentum: true,
      baseMomentum: 0.85,
      maxMomentum: 0.95,
      ...options,
    };
    this.apply();
  }

  protected rate(count: number): number {
    const { maxLr, divFactor, finalDivFactor } = this.options;
    const initial = maxLr / divFactor;
    return this.along(count, initial, maxLr, initial / finalDivFactor);
  }

  /** A value that goes from `start` to `top` to `end` over the cycle. */
  private along(count: number, start: number, top: number, end: number): number {
    const { totalSteps, pctStart } = this.options;
    if (count >= totalSteps)
      throw new UsageError(`OneCycleLR: stepped ${count} times, the cycle has ${totalSteps} steps`);
    const peak = pctStart * totalSteps - 1;
    if (count <= peak) return cosine(start, top, count / peak);
    return cosine(top, end, (count - peak) / (totalSteps - 1 - peak));
  }

  protected override apply(): void {
    super.apply();
    const { cycleMomentum, baseMomentum, maxMomentum } = this.options;
    if (!cycleMomentum) return;
    const momentum = this.along(this.count, maxMomentum, baseMomentum, maxMomentum);
    for (const group of this.optimizer.groups as { momentum?: number; betas?: readonly [number, number] }[]) {
      if (group.betas) group.betas = [momentum, group.betas[1]];
      else if (group.momentum !== undefined) group.momentum = momentum;
    }
  }
}

function cosine(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
}

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
}

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
    this.options = { mode: 'min', factor: 0.1, patience: 10, threshold: 1e-4, cooldown: 0, minLr: 0, ...options };
    this.best = this.options.mode === 'min' ? Number.MAX_VALUE : -Number.MAX_VALUE;
  }

  step(metric?: number): void {
    if (metric === undefined) throw new UsageError('ReduceLROnPlateau: step(metric) needs the metric to watch');
    const { mode, factor, patience, threshold, cooldown, minLr } = this.options;
    const better = mode === 'min' ? metric < this.best * (1 - threshold) : metric > this.best * (1 + threshold);
    if (better) this.best = metric;
    this.bad = better ? 0 : this.bad + 1;
    if (this.cooling > 0) {
      this.cooling--;
      this.bad = 0;
    }
    if (this.bad <= patience) return;
    for (const group of this.optimizer.groups) group.lr = Math.max(group.lr * factor, minLr);
    this.cooling = cooldown;
    this.bad = 0;
  }

  state(): ScheduleState {
    const { best, bad, cooling } = this;
    return { best, bad, cooling, rates: this.optimizer.groups.map((g) => g.lr) };
  }

  restore(state: ScheduleState): void {
    this.best = state.best as number;
    this.bad = state.bad as number;
    this.cooling = state.cooling as number;
    this.optimizer.groups.forEach((group, i) => {
      group.lr = (state.rates as number[])[i];
    });
  }
}
