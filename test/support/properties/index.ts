// Every property, by the name that a soak run and a pasted test call it.
import { conv2dProperty } from './convolution.js';
import { linearProperty, matmulProperty } from './products.js';
import type { AnyProperty } from './property.js';

export const properties: Record<string, AnyProperty> = {
  conv2d: conv2dProperty,
  matmul: matmulProperty,
  linear: linearProperty,
};
