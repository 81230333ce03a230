// What a run says of itself while it trains: a progress line, a line an epoch, and a table for metrics.csv.
import * as train from '../train/index.js';
import type { Terminal } from './terminal.js';

/** For FitOptions.onProgress; `note` is told every step. */
export function progressReporter(terminal: Terminal, epochs: number, note: (step: number) => void) {
  const meter = new train.RateMeter();
  let before = 0;
  let trained = 0;
  return ({ epoch, images, imagesInEpoch, step, loss, accuracy, phase }: train.Progress): void => {
    note(step);
    if (phase === 'validation') {
      terminal.progress(`epoch ${epoch}/${epochs} validating: ${images} of ${imagesInEpoch}`);
      return;
    }
    trained += images >= before ? images - before : images;
    before = images;
    meter.mark(trained);
    if (images === 0) {
      terminal.progress(`epoch ${epoch}/${epochs} first steps`);
      return;
    }
    const left = (epochs - epoch) * imagesInEpoch + imagesInEpoch - images;
    terminal.progress(
      train.progressLine(
        {
          label: `epoch ${epoch}/${epochs}`,
          done: images,
          total: imagesInEpoch,
          rate: meter.perSecond,
          unit: 'images',
          remaining: left / meter.perSecond,
          detail: `loss ${loss.toFixed(3)} · accuracy ${percent(accuracy)}`,
        },
        terminal.columns,
      ),
    );
  };
}

/** 0.5 -> '50.0 %'. */
export const percent = (share: number | null) => (share === null ? '–' : `${(100 * share).toFixed(1)} %`);

/** epoch 3/8 · loss 0.512, accuracy 74.1 % · ... */
export function epochLine(r: train.EpochRecord, epochs: number, isBest: boolean): string {
  const check =
    r.validationLoss === null
      ? ''
      : ` · validation loss ${r.validationLoss.toFixed(3)}, accuracy ${percent(r.validationAccuracy)}`;
  return (
    `epoch ${String(r.epoch).padStart(String(epochs).length)}/${epochs} · loss ${r.trainLoss.toFixed(3)}, accuracy ${percent(r.trainAccuracy)}` +
    `${check} · ${train.showSeconds(r.seconds)}${isBest ? ' · best so far' : ''}`
  );
}

/** All epochs as comma-separated values. */
export function metricsTable(history: readonly train.EpochRecord[]): string {
  const columns = [
    'epoch',
    'step',
    'learningRate',
    'trainLoss',
    'trainAccuracy',
    'validationLoss',
    'validationAccuracy',
    'seconds',
  ] as const;
  const rows = history.map((r) =>
    columns.map((c) => (typeof r[c] === 'number' ? Number(r[c].toPrecision(6)) : '')).join(','),
  );
  return [columns.join(','), ...rows, ''].join('\n');
}
