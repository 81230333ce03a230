// A progress line for terminals, as text: whoever owns the terminal writes it.
import { callback, checkOptions, positive } from '../options.js';
import { isShare } from '../report/numbers.js';

/** What a progress line says. */
export interface ProgressState {
  /** What is under way, such as 'epoch 3/8'. */
  label: string;
  /** Items done. */
  done: number;
  /** Items in all. */
  total: number;
  /** Items a second. */
  rate: number;
  /** What items are, such as 'images'. */
  unit: string;
  /** Seconds to the end, of this bar or of the whole run. */
  remaining: number;
  /** More to say behind; '' for nothing. */
  detail: string;
}

/** Seconds for people: 3 -> '3s', 75 -> '1m15s', 4000 -> '1h06m', NaN -> '?'. */
export function showSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.max(0, Math.round(seconds));
  const pad = (n: number) => String(n).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`;
}

/** A metric's value for people: shares such as an accuracy in percent, all else to three digits. */
export function showMetric(name: string, value: number): string {
  if (Number.isNaN(value)) return '–';
  if (isShare(name)) return `${(100 * value).toFixed(1)} %`;
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e3 ? value.toFixed(3) : value.toPrecision(3);
}

/** { loss: 0.512, accuracy: 0.741, val_loss: 0.6 } -> 'loss 0.512, accuracy 74.1 % · validation loss 0.600'. */
export function showMetrics(metrics: Readonly<Record<string, number>>): string {
  const VALIDATION = 'val_';
  const say = (names: string[], prefix: string) =>
    names.map((name) => `${name.slice(prefix.length)} ${showMetric(name, metrics[name])}`).join(', ');
  const [ofValidation, ofTraining] = [true, false].map((is) =>
    Object.keys(metrics).filter((name) => name.startsWith(VALIDATION) === is),
  );
  const validation = ofValidation.length > 0 ? `validation ${say(ofValidation, VALIDATION)}` : '';
  return [say(ofTraining, ''), validation].filter(Boolean).join(' · ');
}

/**
 * epoch 3/8 ━━━━━━━━╌╌╌╌ 62 % · 71 images/s · 1m20s left · loss 0.512 · accuracy 74.1 %
 *
 * Cut to `columns` characters (default 100).
 */
export function progressLine(state: ProgressState, columns = 100): string {
  const share = state.total === 0 ? 1 : state.done / state.total;
  const rate = state.rate >= 10 ? state.rate.toFixed(0) : state.rate.toFixed(1);
  const facts = [
    `${(100 * share).toFixed(0).padStart(3)} %`,
    `${rate} ${state.unit}/s`,
    `${showSeconds(state.remaining)} left`,
    state.detail,
  ].filter(Boolean);
  const text = facts.join(' · ');
  const room = Math.max(4, Math.min(28, columns - state.label.length - text.length - 4));
  const filled = Math.round(room * Math.min(share, 1));
  const line = `${state.label} ${'━'.repeat(filled)}${'╌'.repeat(room - filled)} ${text}`;
  return line.length > columns ? line.slice(0, Math.max(columns - 1, 1)) + '…' : line;
}

/** Items a second over the last few seconds, so that a slow start is soon forgotten. */
export class RateMeter {
  private marks: { at: number; count: number }[] = [];

  constructor(
    /** How far back it looks. Default 20. */
    private readonly windowSeconds = 20,
    /** The time in seconds. Default: that of `performance.now()`. */
    private readonly now: () => number = () => performance.now() / 1000,
  ) {
    checkOptions('RateMeter', { windowSeconds, now }, { windowSeconds: positive, now: callback });
  }

  /** Notes that `count` items are done in all. */
  mark(count: number): void {
    const at = this.now();
    this.marks.push({ at, count });
    while (this.marks.length > 2 && at - this.marks[0].at > this.windowSeconds) this.marks.shift();
  }

  /** NaN before there are two marks. */
  get perSecond(): number {
    const first = this.marks[0];
    const last = this.marks.at(-1);
    if (!first || !last || last.at === first.at) return Number.NaN;
    return (last.count - first.count) / (last.at - first.at);
  }
}
