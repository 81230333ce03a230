import { callback, checkOptions, positive, type Rules, required } from '../../options.js';
import type { Callback, Training } from '../callback.js';
import { progressLine, RateMeter, showMetrics, showSeconds } from '../progress.js';
import type { EpochRecord, Progress } from '../record.js';

/** Where progress is shown. */
export interface ProgressBarOptions {
  /** Takes a line that replaces the one before, without its end: `(line) => process.stdout.write('\r\x1b[K' + line)`. */
  show(line: string): void;
  /** Takes a line that stays: `console.log`. Default: epochs leave no line. */
  say?(line: string): void;
  /** Characters in a line. Default 100. */
  columns?: number;
  /** What is counted. Default 'examples'. */
  unit?: string;
}

const RULES: Rules<ProgressBarOptions> = {
  show: required(callback),
  say: callback,
  columns: positive,
  unit: { be: 'a word', holds: (value) => typeof value === 'string' },
};

/** Shows how far the epoch is, how fast, and what is left of the run; then a line an epoch. Keras: ProgbarLogger. */
export class ProgressBar implements Callback {
  private readonly rate = new RateMeter();
  private before = 0;
  private done = 0;

  /** @throws UsageError for options that it does not know. */
  constructor(private readonly options: ProgressBarOptions) {
    checkOptions('ProgressBar', options, RULES);
  }

  /** Shows the epoch under way. */
  onBatchEnd({ epoch, examples, examplesInEpoch, metrics }: Progress, { epochs }: Training): void {
    const { show, unit = 'examples', columns } = this.options;
    this.done += examples >= this.before ? examples - this.before : examples;
    this.before = examples;
    this.rate.mark(this.done);
    const label = epochLabel(epoch, epochs);
    if (examples === 0) {
      show(`${label} first steps`);
      return;
    }
    const left = (Number.isFinite(epochs) ? epochs - epoch + 1 : 1) * examplesInEpoch - examples;
    const detail = showMetrics(metrics).replaceAll(', ', ' · ');
    const [rate, total] = [this.rate.perSecond, examplesInEpoch];
    show(progressLine({ label, done: examples, total, rate, unit, remaining: left / rate, detail }, columns));
  }

  /** Shows the validation under way. */
  onValidationBatchEnd({ epoch, examples, examplesInEpoch }: Progress, { epochs }: Training): void {
    this.options.show(`${epochLabel(epoch, epochs)} validating: ${examples} of ${examplesInEpoch}`);
  }

  /** Says what the epoch came to. */
  onEpochEnd(record: EpochRecord, { epochs }: Training): void {
    this.options.say?.(epochLine(record, epochs));
  }
}

const epochLabel = (epoch: number, epochs: number) => `epoch ${epoch}${Number.isFinite(epochs) ? `/${epochs}` : ''}`;

/** Share of the time from which on it is worth saying that training waited for its data. */
const WORTH_SAYING = 0.05;

/** epoch 3/8 · loss 0.512, accuracy 74.1 % · validation loss 0.600 · 1m02s, and, where that is so, · 12 % of it waiting for data */
export function epochLine({ epoch, metrics, seconds, waited }: EpochRecord, epochs: number): string {
  const number = String(epoch).padStart(Number.isFinite(epochs) ? String(epochs).length : 1);
  const of = Number.isFinite(epochs) ? `/${epochs}` : '';
  const wait =
    waited > WORTH_SAYING * seconds ? ` · ${((100 * waited) / seconds).toFixed(0)} % of it waiting for data` : '';
  return `epoch ${number}${of} · ${showMetrics(metrics)} · ${showSeconds(seconds)}${wait}`;
}
