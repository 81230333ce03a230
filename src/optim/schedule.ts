// What schedules have in common: the rates of an optimizer, and rules that go from one step's rate to the next one's.
import { showValue, UsageError } from '../errors.js';
import { Optimizer } from './optimizer.js';

/** What checkpoints keep of a schedule. */
export type ScheduleState = { [name: string]: number | number[] | ScheduleState };

/** A rule that sets the optimizer's learning rates. `step` is called after each batch, or each epoch with a metric. */
export interface Schedule {
  /** Sets the rates for what follows. `metric` is for rules that watch one. */
  step(metric?: number): void;
  /** Where it stands, for checkpoints. */
  state(): ScheduleState;
  /** Goes on from where `state()` was taken, and sets the rates again. */
  restore(state: ScheduleState): void;
}

/** A group of parameters with its settings. */
export type Group = Optimizer['groups'][number];

/** The rates of groups before any schedule: PyTorch's initial_lr. */
const initial = new WeakMap<Group, number>();

/** What the rates of groups would be without a warmup that begins at 0 and is there now. */
const heldBack = new WeakMap<Group, number>();

/** The rate that a schedule goes on from. */
export function rateOf(group: Group): number {
  return (group.lr === 0 ? heldBack.get(group) : undefined) ?? group.lr;
}

/** Sets a group's rate, or, while a warmup holds it at 0, what it will go on from. */
export function putRate(group: Group, rate: number): void {
  if (group.lr === 0 && heldBack.has(group)) heldBack.set(group, rate);
  else group.lr = rate;
}

/** Sets a group's rate to 0, for now. */
export function holdRate(group: Group, rate: number): void {
  heldBack.set(group, rate);
  group.lr = 0;
}

/** Sets a group's rate, held back or not. */
export function forceRate(group: Group, rate: number): void {
  heldBack.delete(group);
  group.lr = rate;
}

/** Has a group's schedules begin at another rate than its own. */
export function beginAt(group: Group, rate: number): void {
  initial.set(group, rate);
}

/** The rates of all groups, for `restoreRates`. */
export function savedRates({ groups }: Optimizer): { rates: number[]; behind: number[] } {
  return { rates: groups.map((group) => group.lr), behind: groups.map(rateOf) };
}

/** Puts rates back that `savedRates` gave. */
export function restoreRates({ groups }: Optimizer, state: ScheduleState): void {
  const { rates, behind } = state as ReturnType<typeof savedRates>;
  for (const [i, group] of groups.entries()) {
    if (rates[i] === behind[i]) forceRate(group, rates[i]);
    else holdRate(group, behind[i]);
  }
}

/** @throws UsageError unless a state has the form of a schedule's own: the same names, finite numbers, lists as long. */
export function requireState(where: string, state: unknown, own: ScheduleState): void {
  const refuse = (what: string): never => {
    throw new UsageError(`${where}: restore takes what state() gave; ${what}`);
  };
  const check = (value: unknown, like: unknown, path: string): void => {
    if (typeof like === 'number') {
      if (!Number.isFinite(value)) refuse(`${path} is a finite number, got ${showValue(value)}`);
      return;
    }
    const names = Object.keys(like as object).sort();
    const fits = typeof value === 'object' && value !== null && String(Object.keys(value).sort()) === String(names);
    if (!fits) refuse(`${path || 'a state'} has ${names.join(', ')}, got ${showValue(value)}`);
    for (const name of names) {
      const [inner, its] = [value, like].map((owner) => (owner as Record<string, unknown>)[name]);
      check(inner, its, path ? `${path}.${name}` : name);
    }
  };
  check(state, own, '');
}

/** @throws UsageError unless it is an optimizer. */
export function requireOptimizer(where: string, optimizer: unknown): void {
  if (!(optimizer instanceof Optimizer)) {
    throw new UsageError(`${where}: takes an optimizer, such as an SGD, got ${showValue(optimizer)}`);
  }
}

/**
 * A schedule that counts its steps. As in PyTorch each step goes on from the rate that it finds, so that several on one
 * optimizer each contribute their change.
 */
export abstract class Counted implements Schedule {
  /** The groups' rates before any schedule. @internal */
  protected base: number[];
  /** Steps so far. @internal */
  protected count = 0;

  constructor(
    /** Whose rates it sets. @internal */
    readonly optimizer: Optimizer,
  ) {
    requireOptimizer(new.target.name, optimizer);
    for (const group of optimizer.groups) if (!initial.has(group)) initial.set(group, group.lr);
    this.base = optimizer.groups.map((group) => initial.get(group)!);
  }

  /** The rate after `count` steps, from the one after `count - 1`; `base` is the one before any schedule. @internal */
  protected abstract next(count: number, rate: number, base: number): number;

  /** The rate before the first step, from the one that it finds. @internal */
  protected first(rate: number, _base: number): number {
    return rate;
  }

  /** Begins anew, from the groups' rates before any schedule. @internal */
  restart(): void {
    this.count = 0;
    this.optimizer.groups.forEach((group, i) => {
      forceRate(group, this.base[i]);
    });
    this.begin();
  }

  /** Sets the first rates. @internal */
  protected begin(): void {
    this.change((rate, base) => this.first(rate, base));
  }

  /** Sets the rates for what follows; called after each batch, or each epoch. */
  step(): void {
    this.count++;
    this.change((rate, base) => this.next(this.count, rate, base));
  }

  private change(to: (rate: number, base: number) => number): void {
    const rates = this.optimizer.groups.map((group, i) => to(rateOf(group), this.base[i])); // all, before one is set
    this.optimizer.groups.forEach((group, i) => {
      this.put(group, rates[i], rateOf(group));
    });
  }

  /** Sets a group's rate; `found` is the one before. @internal */
  protected put(group: Group, rate: number, _found: number): void {
    putRate(group, rate);
  }

  /** Steps so far, the rates before any schedule, and those now. */
  state(): ScheduleState {
    return { count: this.count, base: [...this.base], ...savedRates(this.optimizer) };
  }

  /** Goes on from there; sets the rates. @throws UsageError for another schedule's state. */
  restore(state: ScheduleState): void {
    requireState(this.constructor.name, state, this.state());
    this.count = state.count as number;
    this.base = [...(state.base as number[])];
    restoreRates(this.optimizer, state);
  }
}
