import { type Conv2dOptions, conv2d } from '../autograd/ops/conv2d.js';
import { ShapeError } from '../errors.js';
import { checkOptions, flag, type Rules, required, whole } from '../options.js';
import { parameter } from '../tensor/parameter.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { uniformInit } from './initialize.js';
import { Module } from './module.js';
import { orOneOf, sizes } from './rules.js';
import { showArguments } from './tree.js';

const ARGUMENTS = {
  inChannels: required(whole(1)),
  outChannels: required(whole(1)),
  kernelSize: required(sizes(1)),
};

const OPTIONS: Rules<Conv2dOptions & { bias?: boolean }> = {
  ...{ stride: sizes(1), dilation: sizes(1), groups: whole(1), bias: flag },
  padding: orOneOf(sizes(0), 'same', 'valid'),
};

/**
 * 2-D convolution over (batch, inChannels, height, width). `kernelSize` is the side of a square kernel, or [height, width];
 * options as `conv2d`, and `bias` (default true).
 * Weights (outChannels, inChannels / groups, kernel height, kernel width) start uniform within 1 / sqrt(fan-in),
 * as in PyTorch's nn.Conv2d.
 * @throws UsageError for arguments or options that cannot be, ShapeError if `groups` does not divide the channels.
 */
export class Conv2d extends Module {
  /** (outChannels, inChannels / groups, kernel height, kernel width). */
  readonly weight: Tensor;
  /** (outChannels), uniform at first like the weight; null without. */
  readonly bias: Tensor | null;
  /** Stride, padding, dilation and groups, where they were given. */
  readonly options: Readonly<Conv2dOptions>;

  constructor(
    /** Channels of the input. */
    readonly inChannels: number,
    /** Channels of the output: filters. */
    readonly outChannels: number,
    kernelSize: number | readonly [number, number],
    options: Conv2dOptions & { bias?: boolean } = {},
  ) {
    super();
    checkOptions('Conv2d', { inChannels, outChannels, kernelSize }, ARGUMENTS);
    checkOptions('Conv2d', options, OPTIONS);
    const { bias = true, ...window } = options;
    const { groups = 1 } = window;
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ShapeError(
        `Conv2d: ${inChannels} and ${outChannels} channels cannot be divided into ${groups} groups; both are multiples of it`,
      );
    }
    this.options = window;
    const [height, width] = typeof kernelSize === 'number' ? [kernelSize, kernelSize] : kernelSize;
    const perGroup = inChannels / groups;
    const bound = 1 / Math.sqrt(perGroup * height * width);
    this.weight = uniformInit(parameter(empty([outChannels, perGroup, height, width])), -bound, bound);
    this.bias = bias ? uniformInit(parameter(empty([outChannels])), -bound, bound) : null;
  }

  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this.options);
  }

  override describe(): string {
    const [, , height, width] = this.weight.shape;
    const kernelSize = height === width ? height : [height, width];
    const bias = this.bias ? undefined : false;
    return showArguments([this.inChannels, this.outChannels], { kernelSize, stride: 1, ...this.options, bias });
  }
}
