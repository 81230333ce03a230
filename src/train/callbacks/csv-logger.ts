import { requireFunction } from '../../options.js';
import { writeMetricsCsv } from '../../report/metrics-csv.js';
import type { Callback, Training } from '../callback.js';
import type { EpochRecord } from '../record.js';

/** Writes the table of epochs anew after each of them, as `writeMetricsCsv` has it. Keras: CSVLogger. */
export class CSVLogger implements Callback {
  /** `write` takes the whole table: `(text) => writeFileSync('metrics.csv', text)`. @throws UsageError for what is no function. */
  constructor(private readonly write: (table: string) => Promise<void> | void) {
    requireFunction('CSVLogger', 'write', write);
  }

  /** Writes the table. */
  onEpochEnd(_record: EpochRecord, { history }: Training): Promise<void> | void {
    return this.write(writeMetricsCsv(history));
  }
}
