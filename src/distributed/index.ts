/**
 * One program in many processes, on one machine or many, over MPI.
 * @module wgrad/distributed
 */
export type { Span } from './buckets.js';
export { type Distribution, distribute } from './distribute.js';
export { DistributedError } from './errors.js';
export { initDistributed } from './init.js';
export type { DistributeOptions } from './options.js';
export { type Numbers, type ReduceOptions, type WaitOptions, World } from './world.js';
