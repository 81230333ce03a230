/**
 * Data on the host: data sets, pictures, and batches of them. Nothing here touches the GPU.
 * @module wgrad/data
 */
export * from './augment.js';
export type { Assembler, BatchDraw, BatchJob, BatchOf } from './batches.js';
export { classFolder, classOf } from './class-of.js';
export { type Collated, collate } from './collate.js';
export type { ColourStatistics } from './colours.js';
export * from './dataset.js';
export {
  type AnyDataset,
  type DataOf,
  type Dataset,
  type Epochs,
  type ExampleDraw,
  type ItemOf,
  type IterableDataset,
  randomSplit,
  scalar,
  subset,
  TensorDataset,
} from './datasets.js';
export * from './image.js';
export { type ImageBatch, type PictureInputOptions, type PictureJob, pictureInputs } from './image-batches.js';
export type { Augmentation, TransformOptions } from './inputs.js';
export * from './loader.js';
export { cutmix, type Mix, type Mixable, type Mixed, type MixOptions, mixup } from './mix.js';
export * from './orientation.js';
export * from './picture-files.js';
export * from './pixel-store.js';
export * from './random.js';
export {
  DistributedSampler,
  type DistributedSamplerOptions,
  type Sampler,
  type SamplerLike,
  WeightedRandomSampler,
  type WeightedRandomSamplerOptions,
} from './samplers.js';
export * from './standins.js';
export * from './transforms/index.js';
