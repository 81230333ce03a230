import { linear } from '../autograd/ops/linear.js';
import { checkOptions, flag, required, whole } from '../options.js';
import { parameter } from '../tensor/parameter.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { uniformInit } from './initialize.js';
import { Module } from './module.js';
import { showArguments } from './tree.js';

const FEATURES = { inFeatures: required(whole(0)), outFeatures: required(whole(0)) };

/**
 * y = x · weightᵀ + bias (default true) over the last dimension. weight (outFeatures, inFeatures) starts uniform within
 * 1 / sqrt(inFeatures), as in PyTorch's nn.Linear.
 * @throws UsageError for sizes that are no whole numbers.
 */
export class Linear extends Module {
  /** (outFeatures, inFeatures). */
  readonly weight: Tensor;
  /** (outFeatures), uniform at first like the weight; null without. */
  readonly bias: Tensor | null;
  /** Computes it with all processes' batches at once, while they go through one. Set by `distribute`. @internal */
  together: ((x: Tensor) => Tensor) | null = null;

  constructor(
    /** Size of the input's last dimension. */
    readonly inFeatures: number,
    /** Size of the output's last dimension. */
    readonly outFeatures: number,
    options: { bias?: boolean } = {},
  ) {
    super();
    checkOptions('Linear', { inFeatures, outFeatures }, FEATURES);
    checkOptions('Linear', options, { bias: flag });
    const { bias = true } = options;
    const bound = inFeatures > 0 ? 1 / Math.sqrt(inFeatures) : 0;
    this.weight = uniformInit(parameter(empty([outFeatures, inFeatures])), -bound, bound);
    this.bias = bias ? uniformInit(parameter(empty([outFeatures])), -bound, bound) : null;
  }

  forward(x: Tensor): Tensor {
    return this.together?.(x) ?? linear(x, this.weight, this.bias);
  }

  override describe(): string {
    return showArguments([this.inFeatures, this.outFeatures], { bias: this.bias ? undefined : false });
  }
}
