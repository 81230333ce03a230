import { localResponseNorm } from '../autograd/ops/local-response-norm.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { Module } from './module.js';

/** Local response normalization across channels; PyTorch's convention divides alpha by size. */
export class LocalResponseNorm extends Module {
  constructor(
    readonly size: number,
    readonly options: { alpha?: number; beta?: number; k?: number } = {},
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return localResponseNorm(x, { size: this.size, ...this.options });
  }

  override outputShape(input: Shape): Shape {
    return input;
  }

  override describe(): string {
    return `${this.size} channels`;
  }
}
