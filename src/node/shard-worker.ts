// A worker thread that decodes samples of shards into batches. shard-loader.ts starts it.
import { workerData } from 'node:worker_threads';
import { assembleShardBatch, type ShardBatchJob, type ShardBatchSetup } from './shard-batch.js';
import { serve } from './worker-service.js';

const setup = workerData as ShardBatchSetup;

serve(
  (job: ShardBatchJob) => assembleShardBatch(setup, job),
  ({ images }) => [images.buffer],
);
