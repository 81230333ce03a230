// Which epoch is the best, by one of its metrics.
import type { Json } from '../../checkpoint/stateful.js';
import { UsageError } from '../../errors.js';
import { notNegative, oneOf, type Rule, type Rules } from '../../options.js';
import type { EpochRecord } from '../record.js';

/** What is watched. */
export interface MonitorOptions {
  /** A metric's name. Default 'val_loss', without validation data 'loss'. */
  monitor?: string;
  /** Whether less or more is better. Default 'auto': more of what is called accuracy, precision, recall, f1, auc, iou, r2 or top..., less of all else. */
  mode?: 'auto' | 'min' | 'max';
  /** What counts as better: a change of more than this. Default 0. */
  minDelta?: number;
}

const name: Rule = {
  be: "a metric's name, such as 'val_loss'",
  holds: (value) => typeof value === 'string' && value !== '',
};

export const MONITOR_RULES: Rules<MonitorOptions> = {
  monitor: name,
  mode: oneOf('auto', 'min', 'max'),
  minDelta: notNegative,
};

/** Whether more of a metric is better, by whole words of its name: 'val_f1', 'rocAuc', 'top5', and not 'error2'. */
export function moreIsBetter(metric: string): boolean {
  const words = metric.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').replaceAll('_', ' ');
  return /accuracy|precision|recall|\b(acc|f1|auc|iou|r2|top ?k?\d*)\b/i.test(words) && !/error|loss/i.test(words);
}

/** Remembers the best value of a metric. */
export class Monitor {
  /** The best so far; null before the first. */
  best: number | null = null;

  constructor(
    private readonly where: string,
    private readonly options: MonitorOptions,
  ) {}

  /** Whether an epoch is better than all before it; NaN is not. @throws UsageError if it has no such metric. */
  improves({ metrics }: EpochRecord): boolean {
    const { monitor = 'val_loss' in metrics ? 'val_loss' : 'loss', mode = 'auto', minDelta = 0 } = this.options;
    if (!Object.hasOwn(metrics, monitor)) {
      const known = Object.keys(metrics).join(', ');
      throw new UsageError(`${this.where}: there is no metric '${monitor}' to watch; there are ${known}`);
    }
    const value = metrics[monitor];
    const more = mode === 'max' || (mode === 'auto' && moreIsBetter(monitor));
    const gain = this.best === null ? Number.POSITIVE_INFINITY : more ? value - this.best : this.best - value;
    if (Number.isNaN(value) || !(gain > minDelta)) return false;
    this.best = value;
    return true;
  }
}

/** Why a saved state holds no best figure, or undefined. */
export function bestMismatch(state: Json): string | undefined {
  const { best } = Object(state) as { best?: unknown };
  return best === null || typeof best === 'number' ? undefined : 'its best figure is no number';
}
