// What a run says of itself while it trains: a progress line, a line an epoch, and a table for metrics.csv.
import * as train from '../train/index.js';
import type { Terminal } from './terminal.js';

/** Shows progress on a terminal; `note` is told every step. */
export function progressReporter(terminal: Terminal, epochs: number, note: (step: number) => void): train.Callback {
  const meter = new train.RateMeter();
  let before = 0;
  let trained = 0;
  return {
    onBatchEnd({ epoch, examples, examplesInEpoch, step, metrics }) {
      note(step);
      trained += examples >= before ? examples - before : examples;
      before = examples;
      meter.mark(trained);
      if (examples === 0) {
        terminal.progress(`epoch ${epoch}/${epochs} first steps`);
        return;
      }
      const left = (epochs - epoch) * examplesInEpoch + examplesInEpoch - examples;
      terminal.progress(
        train.progressLine(
          {
            label: `epoch ${epoch}/${epochs}`,
            done: examples,
            total: examplesInEpoch,
            rate: meter.perSecond,
            unit: 'images',
            remaining: left / meter.perSecond,
            detail: train.showMetrics(metrics).replaceAll(', ', ' · '),
          },
          terminal.columns,
        ),
      );
    },
    onValidationBatchEnd({ epoch, examples, examplesInEpoch, step }) {
      note(step);
      terminal.progress(`epoch ${epoch}/${epochs} validating: ${examples} of ${examplesInEpoch}`);
    },
  };
}

/** 0.5 -> '50.0 %'. */
export const percent = (share: number | null) => (share === null ? '–' : `${(100 * share).toFixed(1)} %`);

/** epoch 3/8 · loss 0.512, accuracy 74.1 % · ... */
export function epochLine({ epoch, metrics, seconds }: train.EpochRecord, epochs: number, isBest: boolean): string {
  const number = String(epoch).padStart(String(epochs).length);
  return `epoch ${number}/${epochs} · ${train.showMetrics(metrics)} · ${train.showSeconds(seconds)}${isBest ? ' · best so far' : ''}`;
}
