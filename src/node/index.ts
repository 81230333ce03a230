/**
 * What needs Node's file system and threads.
 * @module wgrad/node
 */
export * from './batch-workers.js';
export * from './checkpoint-files.js';
export * from './compare-runs.js';
export * from './dataset-workers.js';
export * from './decode-image.js';
export * from './encode-jpeg.js';
export * from './image-folder.js';
export * from './run-folder.js';
export * from './run-saver.js';
export * from './shard-loader.js';
export { openShards, ShardDataset, type ShardOptions } from './shards.js';
export * from './tensorboard-file.js';
export * from './training-run.js';
