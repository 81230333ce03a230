// Several schedules on one optimizer, as one: what a trainer takes.
import { showValue, UsageError } from '../errors.js';
import { checkOptions, type Rule, required, share, whole } from '../options.js';
import type { Optimizer } from './optimizer.js';
import { LinearWarmup } from './scaled.js';
import { Counted, requireOptimizer, requireState, type Schedule, type ScheduleState } from './schedule.js';

/** Each schedule's state under its place. */
function statesOf(schedules: readonly Schedule[]): ScheduleState {
  return Object.fromEntries(schedules.map((schedule, i) => [i, schedule.state()]));
}

function restoreAll(schedules: readonly Schedule[], states: ScheduleState): void {
  for (const [i, schedule] of schedules.entries()) schedule.restore(states[i] as ScheduleState);
}

function isSchedule(value: unknown): boolean {
  const { step, state, restore } = (value ?? {}) as Schedule;
  return [step, state, restore].every((method) => typeof method === 'function');
}

/**
 * Several schedules stepped together: each contributes its change, as when each is stepped by itself. PyTorch: ChainedScheduler.
 * @throws UsageError unless they are schedules.
 */
export class ChainedScheduler implements Schedule {
  constructor(private readonly schedules: readonly Schedule[]) {
    if (!Array.isArray(schedules) || schedules.length === 0 || !schedules.every(isSchedule)) {
      throw new UsageError(`ChainedScheduler: takes a list of schedules, got ${showValue(schedules)}`);
    }
  }

  /** Steps each, in order. `metric` is for those that watch one. */
  step(metric?: number): void {
    for (const schedule of this.schedules) schedule.step(metric);
  }

  /** Each one's state. */
  state(): ScheduleState {
    return statesOf(this.schedules);
  }

  /** Goes on from there; sets the rates. @throws UsageError for another schedule's state. */
  restore(state: ScheduleState): void {
    requireState(this.constructor.name, state, this.state());
    restoreAll(this.schedules, state);
  }
}

const counted: Rule = {
  be: 'a list of two or more schedules that count steps',
  holds: (value) =>
    Array.isArray(value) && value.length > 1 && Array.from(value).every((item) => item instanceof Counted),
};

const rising: Rule = {
  be: 'a list of rising whole numbers, 1 or more',
  holds: (value) =>
    Array.isArray(value) &&
    Array.from(value).every((n, i) => whole(1).holds(n) && (i === 0 || n > (value as number[])[i - 1])),
};

/**
 * One schedule after the other: the next takes over, from the rates before any schedule, when so many steps are done. A rate that
 * stays for 100 steps, then a cosine, then a last rate:
 *
 *     const constant = new ConstantLR(optimizer, { factor: 1 });
 *     const cosine = new CosineAnnealingLR(optimizer, { tMax: 900 });
 *     const last = new ConstantLR(optimizer, { factor: 0.01, totalIters: 500 });
 *     const schedule = new SequentialLR(optimizer, { schedules: [constant, cosine, last], milestones: [100, 1000] });
 *
 * A schedule that watches a metric counts no steps: chain it instead. PyTorch: SequentialLR.
 * @throws UsageError unless there is a milestone between each two.
 */
export class SequentialLR implements Schedule {
  private count = 0;
  private readonly schedules: readonly Counted[];
  private readonly milestones: readonly number[];

  constructor(optimizer: Optimizer, options: { schedules: readonly Schedule[]; milestones: readonly number[] }) {
    requireOptimizer('SequentialLR', optimizer);
    checkOptions('SequentialLR', options, { schedules: required(counted), milestones: required(rising) });
    this.schedules = options.schedules as readonly Counted[];
    this.milestones = options.milestones;
    if (this.milestones.length !== this.schedules.length - 1) {
      throw new UsageError(
        `SequentialLR: ${this.schedules.length} schedules need ${this.schedules.length - 1} milestones, got ${this.milestones.length}`,
      );
    }
    if (this.schedules.some((schedule) => schedule.optimizer !== optimizer)) {
      throw new UsageError('SequentialLR: a schedule was made around another optimizer');
    }
    this.schedules[0].restart();
  }

  /** Steps the one whose turn it is. */
  step(): void {
    this.count++;
    const current = this.schedules[this.milestones.filter((m) => m <= this.count).length];
    if (this.milestones.includes(this.count)) current.restart();
    else current.step();
  }

  /** Steps so far, and each one's state. */
  state(): ScheduleState {
    return { count: this.count, schedules: statesOf(this.schedules) };
  }

  /** Goes on from there; sets the rates. @throws UsageError for another schedule's state. */
  restore(state: ScheduleState): void {
    requireState(this.constructor.name, state, this.state());
    this.count = state.count as number;
    restoreAll(this.schedules, state.schedules as ScheduleState);
  }
}

/**
 * A warmup, then the schedule from its beginning: `withWarmup(new CosineAnnealingLR(optimizer, { tMax: 900 }), { steps: 100 })`. The
 * rate rises from startFactor (default 0) times its own, in `steps` steps. PyTorch: SequentialLR of LinearLR and the other.
 * @throws UsageError for a schedule that counts no steps, such as ReduceLROnPlateau; chain it with a LinearWarmup.
 */
export function withWarmup(schedule: Schedule, options: { steps: number; startFactor?: number }): SequentialLR {
  if (!(schedule instanceof Counted)) {
    const fix = isSchedule(schedule) ? '; put others into new ChainedScheduler([new LinearWarmup(...), schedule])' : '';
    throw new UsageError(`withWarmup: takes a schedule that counts steps, got ${showValue(schedule)}${fix}`);
  }
  checkOptions('withWarmup', options, { steps: required(whole(1)), startFactor: share });
  const schedules = [new LinearWarmup(schedule.optimizer, options), schedule];
  return new SequentialLR(schedule.optimizer, { schedules, milestones: [options.steps] });
}
