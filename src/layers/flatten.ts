import { flatten } from '../autograd/ops/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { Module } from './module.js';

/** (batch, ...) to (batch, features). PyTorch: nn.Flatten. */
export class Flatten extends Module {
  forward(x: Tensor): Tensor {
    return flatten(x, 1);
  }
}
