import { requireFunction } from '../../options.js';
import type { Callback, Training } from '../callback.js';
import type { EpochRecord } from '../record.js';

/** All epochs as comma-separated values: what every record has, then each metric; empty where an epoch has none, or NaN. */
export function metricsCsv(history: readonly EpochRecord[]): string {
  const facts = ['epoch', 'step', 'learningRate', 'seconds', 'waited'] as const;
  const metrics = [...new Set(history.flatMap((record) => Object.keys(record.metrics)))];
  const cell = (value: number | undefined) =>
    value === undefined || Number.isNaN(value) ? '' : String(Number(value.toPrecision(6)));
  const rows = history.map((record) =>
    [...facts.map((name) => record[name]), ...metrics.map((name) => record.metrics[name])].map(cell).join(','),
  );
  const quoted = metrics.map((name) => (/[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name));
  return [[...facts, ...quoted].join(','), ...rows, ''].join('\n');
}

/** Writes the table of epochs anew after each of them. Keras: CSVLogger. */
export class CSVLogger implements Callback {
  /** `write` takes the whole table: `(text) => writeFileSync('metrics.csv', text)`. @throws UsageError for what is no function. */
  constructor(private readonly write: (table: string) => Promise<void> | void) {
    requireFunction('CSVLogger', 'write', write);
  }

  /** Writes the table. */
  onEpochEnd(_record: EpochRecord, { history }: Training): Promise<void> | void {
    return this.write(metricsCsv(history));
  }
}
