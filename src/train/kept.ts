// What a trainer's checkpoints keep of its data and schedule, to tell whether a run goes on with the same.
import { formMismatch } from '../checkpoint/json.js';
import type { Json, Stateful } from '../checkpoint/stateful.js';
import { showValue, UsageError } from '../errors.js';
import type { Schedule, ScheduleState } from '../optim/schedule.js';
import type { BatchOrder, BatchSource } from './batches.js';
import type { TrainerPosition } from './record.js';

/** A learning-rate schedule and when to step it. */
export interface TrainerSchedule {
  /** After every step of the optimizer, or after every epoch with the metric that is watched. */
  each: 'step' | 'epoch';
  /** Made around the same optimizer. */
  rule: Schedule;
  /** The metric that a rule of epochs is stepped with, as ReduceLROnPlateau needs it. Default 'val_loss', without validation data 'loss'. */
  watch?: string;
}

/** The metric that a schedule of epochs is stepped with. @throws UsageError if the epoch has no such metric. */
export function watchedMetric(watch: string | undefined, metrics: Record<string, number>): number {
  const name = watch ?? usuallyWatched('val_loss' in metrics);
  if (Object.hasOwn(metrics, name)) return metrics[name];
  const known = Object.keys(metrics).join(', ');
  throw new UsageError(`trainer: schedule: there is no metric '${name}' to watch; there are ${known}`);
}

/** What is watched by default. */
export const usuallyWatched = (validated: boolean): string => (validated ? 'val_loss' : 'loss');

/** A schedule with when it is stepped: a plateau's best figure is of one kind. */
export class KeptSchedule implements Stateful {
  constructor(
    private readonly schedule: TrainerSchedule,
    private readonly validated: boolean,
  ) {}

  /** The metric that it is stepped with, also where none is named; rules that count take none. */
  private get watch(): string | null {
    const { each, rule, watch } = this.schedule;
    const usual = each === 'epoch' && rule.step.length > 0 ? usuallyWatched(this.validated) : null;
    return watch ?? usual;
  }

  state(): Json {
    const { each, rule } = this.schedule;
    return { each, watch: this.watch, rule: rule.state() as Json };
  }

  restore(state: Json): void {
    this.schedule.rule.restore((state as { rule: ScheduleState }).rule);
  }

  mismatch(state: Json): string | undefined {
    const { each, rule } = this.schedule;
    const { watch } = this;
    const saved = Object(state) as { each?: string; watch?: string | null; rule?: Json };
    const say = (when?: string, what?: string | null) => `each ${when}${what ? `, watching ${what}` : ''}`;
    if (saved.each !== each || (saved.watch ?? null) !== watch)
      return `it was stepped ${say(saved.each, saved.watch)}, this run's is stepped ${say(each, watch)}`;
    return formMismatch(saved.rule, rule.state() as Json);
  }
}

interface SavedData {
  length: number;
  orderedBy: BatchOrder | null;
  /** Where the epoch under way stood. */
  epoch: number;
  batch: number;
}

/**
 * The training data: a resumed epoch goes on behind its first batches. What orders them must be as it was, or some examples come twice
 * and some never.
 */
export class KeptData implements Stateful {
  constructor(
    private readonly source: BatchSource,
    private readonly position: () => Pick<TrainerPosition, 'epoch' | 'batch'>,
  ) {}

  state(): Json {
    const { epoch, batch } = this.position();
    return { length: this.source.length, orderedBy: this.source.orderedBy ?? null, epoch, batch };
  }

  restore(): void {}

  mismatch(state: Json): string | undefined {
    const { length, orderedBy: then, epoch, batch } = Object(state) as SavedData;
    const ends = 'a run goes on with the data it began with';
    if (length !== this.source.length)
      return `an epoch had ${showValue(length)} examples, it has ${this.source.length} now; ${ends}`;
    const { orderedBy: now } = this.source;
    if (!then || !now) return undefined;
    const names = batch > 0 ? [...new Set([...Object.keys(then), ...Object.keys(now)])] : ['fingerprint'];
    const differing = names.filter((name) => then[name] !== now[name]);
    if (differing.length === 0) return undefined;
    const changes = differing.map((name) => `${name} was ${showValue(then[name])}, it is ${showValue(now[name])} now`);
    const where = batch > 0 ? `in the middle of epoch ${epoch + 1}, after ${batch} batches` : 'with other examples';
    return `saved ${where}: ${changes.join('; ')}; ${ends}, in the same order`;
  }
}
