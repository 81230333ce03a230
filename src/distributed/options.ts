import type { Linear } from '../layers/linear.js';
import { flag, oneOf, positive, type Rules } from '../options.js';

/** How several processes train one model. */
export interface DistributeOptions {
  /** Bytes of gradients that travel together, at least one parameter's. Smaller ones leave earlier, larger ones travel better. Default 25 MB. */
  bucketBytes?: number;
  /**
   * What gradients travel as; 'f16' halves the traffic, and rounds each rank's gradients, and their sum, to 11 bits: below 2^-25 to 0, from 65520
   * on to infinity. Default 'f32'.
   */
  transport?: 'f32' | 'f16';
  /** Each process keeps the optimizer's state of its share of the parameters, updates that and gets the rest from the others: ZeRO's stage 1. Default false. */
  shardOptimizer?: boolean;
  /**
   * In training batch normalization takes mean and variance of the batches of all processes, forward and backward, as one process with all of them
   * would: what networks with few examples a process need. Each such layer waits for the others twice a batch. PyTorch: SyncBatchNorm. Default false.
   */
  syncBatchNorm?: boolean;
  /**
   * Dense layers of the model of which each process computes, and trains, an equal share of the outputs, for the batches of all: their gradients, most
   * of AlexNet's, do not travel, activations do. Their `weight` and `bias` are whole at epochs' ends and saves, and old in between. Krizhevsky 2014,
   * "One weird trick for parallelizing convolutional neural networks". Default: none.
   */
  modelParallel?: readonly Linear[];
}

/** What each may be. */
export const DISTRIBUTE: Rules<DistributeOptions> = {
  bucketBytes: positive,
  transport: oneOf('f32', 'f16'),
  shardOptimizer: flag,
  syncBatchNorm: flag,
  modelParallel: { be: "a list of Linear layers of the trainer's model", holds: Array.isArray },
};
