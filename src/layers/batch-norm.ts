import { add, div, mul, sub } from '../autograd/ops/arithmetic.js';
import { type BatchNormOptions, type JointStatistics, normalize } from '../autograd/ops/batch-norm.js';
import { requireTensors } from '../autograd/ops/checks.js';
import { full, zeros } from '../autograd/ops/create.js';
import { sqrt } from '../autograd/ops/pointwise.js';
import { noGrad } from '../autograd/tape.js';
import { ShapeError } from '../errors.js';
import { checkOptions, notNegative, type Rules, required, share, whole } from '../options.js';
import { parameter } from '../tensor/parameter.js';
import { unscoped } from '../tensor/scope.js';
import { showShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { Module } from './module.js';
import { showArguments } from './tree.js';

const OPTIONS: Rules<BatchNormOptions> = { eps: notNegative, momentum: share };

/** Ioffe and Szegedy 2015: each channel to mean 0 and variance 1 over the batch, then weight * x + bias. */
export abstract class BatchNorm extends Module {
  /** Scales each channel after it was normalized: (channels), ones at first. */
  readonly weight: Tensor;
  /** Added to each channel: (channels), zeros at first. */
  readonly bias: Tensor;
  /** The mean that evaluation mode uses: (channels), zeros at first. Moved by each forward pass in training. */
  readonly runningMean: Tensor;
  /** The variance that evaluation mode uses: (channels), ones at first. */
  readonly runningVar: Tensor;
  /** Whose statistics training takes where it is not the batch's own. Set by `distribute`. @internal */
  joint: JointStatistics | null = null;
  private readonly options: Required<BatchNormOptions>;

  constructor(
    /** Channels of the input. */
    readonly channels: number,
    options: BatchNormOptions = {},
  ) {
    super();
    checkOptions(new.target.name, { channels }, { channels: required(whole(1)) });
    checkOptions(new.target.name, options, OPTIONS);
    const { eps = 1e-5, momentum = 0.1 } = options;
    this.options = { eps, momentum };
    this.weight = parameter(full([channels], 1));
    this.bias = parameter(zeros([channels]));
    this.runningMean = this.registerBuffer(
      'runningMean',
      unscoped(() => zeros([channels])),
    );
    this.runningVar = this.registerBuffer(
      'runningVar',
      unscoped(() => full([channels], 1)),
    );
  }

  /** x normalized, in its shape. @throws ShapeError if it has other channels or dimensions. */
  forward(x: Tensor): Tensor {
    requireTensors(this.constructor.name, x);
    if (!this.ranks.includes(x.rank) || x.shape[1] !== this.channels) {
      throw new ShapeError(`${this.constructor.name}: takes ${this.takes}, the input is ${showShape(x.shape)}`);
    }
    const { runningMean, runningVar, weight, bias, options, training } = this;
    return normalize(x, runningMean, runningVar, weight, bias, { ...options, training }, this.joint);
  }

  override describe(): string {
    return showArguments([this.channels], this.options);
  }

  /** What evaluation mode does, as scale * x + shift for each channel. @internal */
  affine(): { scale: Tensor; shift: Tensor } {
    return noGrad(() => {
      const scale = div(this.weight, sqrt(add(this.runningVar, this.options.eps)));
      return { scale, shift: sub(this.bias, mul(this.runningMean, scale)) };
    });
  }

  /** Numbers of dimensions that an input may have. @internal */
  protected abstract readonly ranks: readonly number[];
  /** The inputs it takes, for messages. @internal */
  protected abstract readonly takes: string;
}

/** Batch normalization of (batch, channels, height, width). Ioffe and Szegedy 2015. PyTorch: nn.BatchNorm2d. */
export class BatchNorm2d extends BatchNorm {
  protected readonly ranks = [4];
  protected readonly takes = `(batch, ${this.channels}, height, width)`;
}

/** Batch normalization of (batch, channels) or (batch, channels, length). PyTorch: nn.BatchNorm1d. */
export class BatchNorm1d extends BatchNorm {
  protected readonly ranks = [2, 3];
  protected readonly takes = `(batch, ${this.channels}) or (batch, ${this.channels}, length)`;
}
