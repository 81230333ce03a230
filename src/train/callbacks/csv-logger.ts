import { requireFunction } from '../../options.js';
import { metricsCsv } from '../../report/index.js';
import type { Callback, Training } from '../callback.js';
import type { EpochRecord } from '../record.js';

/** Writes the table of epochs, `metricsCsv` of `wgrad/report`, anew after each of them. Keras: CSVLogger. */
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
