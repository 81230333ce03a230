// Every op, one line a family.
export * from './arithmetic.js';
export { type BatchNormOptions, batchNorm } from './batch-norm.js';
export * from './broadcast.js';
export * from './cast.js';
export { type Conv2dOptions, conv2d } from './conv2d.js';
export * from './count.js';
export * from './create.js';
export * from './dropout.js';
export * from './linear.js';
export { type LocalResponseNormOptions, localResponseNorm } from './local-response-norm.js';
export * from './losses.js';
export * from './matmul.js';
export {
  abs,
  clamp,
  cos,
  elu,
  exp,
  gelu,
  leakyRelu,
  log,
  neg,
  pow,
  reciprocal,
  relu,
  sigmoid,
  silu,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from './pointwise.js';
export { adaptiveAvgPool2d, avgPool2d, maxPool2d, type Pool2dOptions } from './pool.js';
export * from './random.js';
export * from './reduce.js';
export * from './shape.js';
export * from './softmax.js';
