import { adaptiveAvgPool2d, avgPool2d, maxPool2d, type Pool2dOptions } from '../autograd/ops/pool.js';
import { checkOptions, flag, type Rules, required } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { Module } from './module.js';
import { sizes } from './rules.js';
import { showArguments } from './tree.js';

type WindowOptions = Omit<Pool2dOptions, 'kernelSize'>;

const WINDOW = { stride: sizes(1), padding: sizes(0), ceilMode: flag };

/** A pooling layer over (batch, channels, height, width). */
abstract class Pool2d extends Module {
  /** Window and stride; see `maxPool2d`. */
  protected readonly options: Pool2dOptions;

  constructor(
    name: string,
    rules: Partial<Rules<WindowOptions>>,
    kernelSize: Pool2dOptions['kernelSize'],
    options: WindowOptions,
  ) {
    super();
    checkOptions(name, { kernelSize }, { kernelSize: required(sizes(1)) });
    checkOptions(name, options, { ...WINDOW, ...rules } as Rules<WindowOptions>);
    this.options = { kernelSize, ...options };
  }

  override describe(): string {
    const { kernelSize, stride = kernelSize, ...others } = this.options;
    return showArguments([], { kernelSize, stride, ...others });
  }
}

/**
 * The largest of each window. `kernelSize` is the side of a square window, or [height, width]; options as `maxPool2d`:
 * stride defaults to the window's size. PyTorch: nn.MaxPool2d.
 */
export class MaxPool2d extends Pool2d {
  constructor(
    kernelSize: Pool2dOptions['kernelSize'],
    options: Omit<Pool2dOptions, 'kernelSize' | 'countIncludePad'> = {},
  ) {
    super('MaxPool2d', { dilation: sizes(1) }, kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options);
  }
}

/**
 * The mean of each window. `kernelSize` is the side of a square window, or [height, width]; options as `avgPool2d`:
 * stride defaults to the window's size. PyTorch: nn.AvgPool2d.
 */
export class AvgPool2d extends Pool2d {
  constructor(kernelSize: Pool2dOptions['kernelSize'], options: Omit<Pool2dOptions, 'kernelSize' | 'dilation'> = {}) {
    super('AvgPool2d', { countIncludePad: flag }, kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    return avgPool2d(x, this.options);
  }
}

/** Means over windows that divide the image evenly into outputSize places. PyTorch: nn.AdaptiveAvgPool2d. */
export class AdaptiveAvgPool2d extends Module {
  constructor(
    /** The output's side, or [height, width]. */
    readonly outputSize: number | readonly [number, number],
  ) {
    super();
    checkOptions('AdaptiveAvgPool2d', { outputSize }, { outputSize: required(sizes(1)) });
  }

  forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }

  override describe(): string {
    return showArguments([], { outputSize: this.outputSize });
  }
}
