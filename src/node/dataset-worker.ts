// A worker thread that makes batches of examples of a module's data set. dataset-workers.ts starts it.
import { type TransferListItem, workerData } from 'node:worker_threads';
import { assembleExamples, type BatchJob } from '../data/batches.js';
import { collate } from '../data/collate.js';
import { hasGet } from '../data/datasets.js';
import { DataError } from '../errors.js';
import { isHostTensor } from '../tensor/host-values.js';
import { serve } from './worker-service.js';

/** What the worker is given. */
export interface DatasetSetup {
  module: string;
  /** Of the data set that the loader has. */
  length: number;
}

const { module, length } = workerData as DatasetSetup;
const { dataset, collate: own } = await import(module);

serve(
  (job: BatchJob): Promise<unknown> => {
    if (!hasGet(dataset)) throw new DataError(`DatasetWorkers: ${module} exports no dataset { length, get(i) }`);
    if (dataset.length !== length) {
      throw new DataError(
        `DatasetWorkers: the data set of ${module} has ${dataset.length} examples in a worker and ${length} outside`,
      );
    }
    return assembleExamples(dataset, own ?? collate, job);
  },
  (batch) => (own ? [] : [...buffersOf(batch)]), // a collate of the user's may give views of what it keeps
);

/** The memory of a collated batch, which nobody else has. */
function* buffersOf(batch: unknown): Generator<TransferListItem> {
  if (isHostTensor(batch)) yield batch.data.buffer as ArrayBuffer;
  else if (typeof batch === 'object' && batch !== null && !Array.isArray(batch))
    for (const value of Object.values(batch)) yield* buffersOf(value);
}
