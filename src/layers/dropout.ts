import { dropout } from '../autograd/ops/dropout.js';
import { checkOptions, share } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { Module } from './module.js';
import { showArguments } from './tree.js';

/** Zeroes each element with probability `p` in training and scales the rest by 1 / (1 - p). PyTorch: nn.Dropout. */
export class Dropout extends Module {
  constructor(
    /** From 0 to 1. Default 0.5. */
    readonly p = 0.5,
  ) {
    super();
    checkOptions('Dropout', { p }, { p: share });
  }

  forward(x: Tensor): Tensor {
    return dropout(x, this.p, { training: this.training });
  }

  override describe(): string {
    return showArguments([], { p: this.p });
  }
}
