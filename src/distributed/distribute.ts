import { showValue, UsageError } from '../errors.js';
import { checkOptions } from '../options.js';
import { Trainer } from '../train/trainer.js';
import type { Span } from './buckets.js';
import { initDistributed } from './init.js';
import { Midway } from './midway.js';
import { checkCuttable, ModelParallel } from './model-parallel.js';
import { DISTRIBUTE, type DistributeOptions } from './options.js';
import { checkShardable } from './shards.js';
import { SyncBatchNorm } from './sync-batch-norm.js';
import { DataParallel } from './team.js';
import type { World } from './world.js';

/** How a distributed training goes. */
export interface Distribution {
  /** All processes. */
  readonly world: World;
  /** So far. */
  readonly seconds: {
    /** Seconds of updates, from the first batch of each to its end. */
    readonly steps: number;
    /** Of these those in which gradients were waited for after the backward pass. */
    readonly waited: number;
  };
  /** What happened to the gradients of the last update, and when. */
  readonly spans: readonly Span[];
}

/**
 * Makes a trainer train with those of all other processes: each goes through other batches of its loader's one order, and all make the same
 * update, of the average of their gradients. `fit` begins with the first process' state, which alone saves. N processes with batches of B do
 * what one does that accumulates N batches of B. In a world of one nothing changes. PyTorch: DistributedDataParallel.
 * @throws UsageError for what is no trainer, and options that it does not know.
 */
export async function distribute(trainer: Trainer, options: DistributeOptions = {}): Promise<Distribution> {
  if (!(trainer instanceof Trainer)) throw new UsageError(`distribute: takes a Trainer, got ${showValue(trainer)}`);
  checkOptions('distribute', options, DISTRIBUTE);
  const world = await initDistributed();
  const { syncBatchNorm = false, shardOptimizer = false, modelParallel = [] } = options;
  if (shardOptimizer) checkShardable('shardOptimizer', trainer.parts);
  if (modelParallel.length > 0) checkShardable('modelParallel', trainer.parts);
  checkCuttable(modelParallel, trainer.parts, world.size);
  const team = new DataParallel(world, trainer, options);
  if (world.size === 1) return team;
  if (syncBatchNorm || modelParallel.length > 0) {
    const way = await world.sideway();
    const norms = syncBatchNorm ? new SyncBatchNorm(trainer.model, way) : null;
    const dense = modelParallel.length > 0 ? new ModelParallel(world, modelParallel, way) : null;
    team.midway = new Midway(world, norms, dense);
  }
  trainer.team = team;
  return team;
}
