import { type LocalResponseNormOptions, localResponseNorm } from '../autograd/ops/local-response-norm.js';
import { checkOptions, finite, type Rule, required, whole } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { Module } from './module.js';
import { showArguments } from './tree.js';

const window: Rule = {
  be: 'a whole number from 1 to 64',
  holds: (value) => whole(1).holds(value) && (value as number) <= 64,
};

/** Local response normalization across channels; alpha is divided by size, as in PyTorch's nn.LocalResponseNorm. */
export class LocalResponseNorm extends Module {
  constructor(
    /** Neighbouring channels that count, the channel itself included; 1 to 64. */
    readonly size: number,
    /** Alpha (default 1e-4), beta (0.75) and k (1). */
    readonly options: Omit<LocalResponseNormOptions, 'size'> = {},
  ) {
    super();
    checkOptions('LocalResponseNorm', { size }, { size: required(window) });
    checkOptions('LocalResponseNorm', options, { alpha: finite, beta: finite, k: finite });
  }

  forward(x: Tensor): Tensor {
    return localResponseNorm(x, { size: this.size, ...this.options });
  }

  override describe(): string {
    return showArguments([this.size], { alpha: 1e-4, beta: 0.75, k: 1, ...this.options });
  }
}
