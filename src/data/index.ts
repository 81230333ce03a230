/**
 * Pictures on the host. Nothing here touches the GPU.
 * @module wgrad/data
 */
export * from './augment.js';
export { classFolder, classOf } from './class-of.js';
export type { ColourStatistics } from './colours.js';
export * from './dataset.js';
export * from './image.js';
export type { Augmentation, TransformOptions } from './inputs.js';
export * from './loader.js';
export * from './orientation.js';
export * from './picture-files.js';
export * from './pixel-store.js';
export * from './random.js';
export * from './standins.js';
export * from './transforms/index.js';
