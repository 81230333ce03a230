// Every property, by the name that a soak run and a pasted test call it.
import { arithmetic } from './arithmetic.js';
import { conv2dProperty } from './convolution.js';
import { creation } from './creation.js';
import { losses } from './losses.js';
import { batchNormProperty, localResponseNormProperty, logSoftmaxProperty, softmaxProperty } from './norms.js';
import { pointwise } from './pointwise.js';
import {
  adaptiveAvgPool2dProperty,
  avgPool2dProperty,
  maxPool2dProperty,
  upsampleNearest2dProperty,
} from './pooling.js';
import { linearProperty, matmulProperty } from './products.js';
import type { AnyProperty } from './property.js';
import { reductions } from './reductions.js';
import { shapes } from './shapes.js';

export const properties: Record<string, AnyProperty> = {
  conv2d: conv2dProperty,
  matmul: matmulProperty,
  linear: linearProperty,
  maxPool2d: maxPool2dProperty,
  avgPool2d: avgPool2dProperty,
  adaptiveAvgPool2d: adaptiveAvgPool2dProperty,
  upsampleNearest2d: upsampleNearest2dProperty,
  batchNorm: batchNormProperty,
  localResponseNorm: localResponseNormProperty,
  softmax: softmaxProperty,
  logSoftmax: logSoftmaxProperty,
  ...reductions,
  ...losses,
  ...shapes,
  ...arithmetic,
  ...pointwise,
  ...creation,
};
