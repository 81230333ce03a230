/**
 * One program in many processes, on one machine or many, over MPI.
 * @module wgrad/distributed
 */
export type { ReduceOp } from './abi.js';
export type { Span } from './buckets.js';
export { type Distribution, distribute } from './distribute.js';
export { DistributedError } from './errors.js';
export { initDistributed } from './init.js';
export type { Numbers } from './mpi.js';
export type { DistributeOptions } from './options.js';
export { type ReduceOptions, type WaitOptions, World } from './world.js';
