/**
 * Tensors, automatic differentiation, layers, optimizers and models on hand-written WGSL kernels.
 * @module wgrad
 */

export { type AnomalyOptions, detectAnomaly, setDetectAnomaly } from './autograd/anomaly.js';
export { autocast } from './autograd/autocast.js';
export { checkpoint } from './autograd/checkpoint.js';
export { type GradcheckOptions, gradcheck } from './autograd/gradcheck.js';
export { type Kernel, kernel } from './autograd/kernel.js';
export type { Pair } from './autograd/ops/checks.js';
export * from './autograd/ops/index.js';
export { backward, gradEnabled, noGrad, record } from './autograd/tape.js';
export type { Groups, LaunchOptions, RecorderStats } from './device/batch.js';
export { within } from './device/call-site.js';
export { flush, sync } from './device/commands.js';
export type { DeviceInfo } from './device/device-info.js';
export type { Family } from './device/families.js';
export type { GpuOptions } from './device/gpu-options.js';
export type { MatrixShape } from './device/matrices.js';
export type { Slots } from './device/pipeline.js';
export type { Holder, PoolStats } from './device/pool.js';
export {
  type Profile,
  type ProfileRow,
  profile,
  profileRows,
  profileTable,
  profileTrace,
  type Span,
} from './device/profile.js';
export {
  type Activity,
  activity,
  deviceInfo,
  deviceLost,
  features,
  init,
  limits,
  type MemoryReport,
  memory,
  ready,
  shutdown,
} from './device/runtime.js';
export * from './errors.js';
export { measurePeaks, type Peaks } from './kernels/roofline.js';
export * from './layers/index.js';
export * from './models/index.js';
export * from './optim/index.js';
export type { Rule, Rules } from './options.js';
export type {
  AnyDType,
  ArrayOf,
  DataOf,
  DType,
  DTypeFrom,
  DTypesOf,
  HostArray,
  HostTensor,
  TypedArray,
} from './tensor/dtype.js';
export type { Computed } from './tensor/gradient.js';
export { parameter } from './tensor/parameter.js';
export { keep, type Owned, type Scope, scope } from './tensor/scope.js';
export { manualSeed, type RngState, rngState, setRngState } from './tensor/seed.js';
export { type InputShape, type Shape, showShape, sizeOf } from './tensor/shape.js';
export { empty, type GradNode, type Nested, Tensor, type TensorOptions, tensor } from './tensor/tensor.js';
