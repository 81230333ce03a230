import { flatten } from '../autograd/ops/shape.js';
import { checkOptions, type Rule } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { Module } from './module.js';
import { showArguments } from './tree.js';

const dimension: Rule = { be: 'a whole number', holds: Number.isSafeInteger };

/** Joins dimensions: (batch, ...) to (batch, features), unless told otherwise. PyTorch: nn.Flatten. */
export class Flatten extends Module {
  constructor(
    /** The first to be joined; negative ones count from the end. Default 1. */
    readonly startDim = 1,
    /** The last to be joined. Default -1. */
    readonly endDim = -1,
  ) {
    super();
    checkOptions('Flatten', { startDim, endDim }, { startDim: dimension, endDim: dimension });
  }

  forward(x: Tensor): Tensor {
    return flatten(x, this.startDim, this.endDim);
  }

  override describe(): string {
    return showArguments([], { startDim: this.startDim, endDim: this.endDim });
  }
}
