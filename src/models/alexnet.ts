// AlexNet: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012.
import { ShapeError } from '../errors.js';
import { ReLU } from '../layers/activation.js';
import { BatchNorm1d, BatchNorm2d } from '../layers/batch-norm.js';
import { Conv2d } from '../layers/conv2d.js';
import { Dropout } from '../layers/dropout.js';
import { Flatten } from '../layers/flatten.js';
import { constantInit, heNormalInit, normalInit } from '../layers/initialize.js';
import { Linear } from '../layers/linear.js';
import { LocalResponseNorm } from '../layers/local-response-norm.js';
import type { Module } from '../layers/module.js';
import { MaxPool2d } from '../layers/pool.js';
import { Sequential } from '../layers/sequential.js';
import { outputShape } from '../layers/summary.js';
import { below1, checkOptions, oneOf, positive, type Rule, type Rules, whole } from '../options.js';
import type { Shape } from '../tensor/shape.js';
import { UnscaledDropout } from './unscaled-dropout.js';

/** Which AlexNet. The defaults give the paper's network, but for its first weights. */
export interface AlexNetOptions {
  /**
   * 'paper': valid 11x11 convolution, local response normalization, two groups in conv2, 4 and 5, dropout in the
   * dense layers. 'dogcat': the network of a well-known Dogs-vs-Cats tutorial: 'same' padding, batch normalization
   * and dropout after every pool. Default 'paper'.
   */
  variant?: 'paper' | 'dogcat';
  /** Outputs of the last layer. Default 1000 for 'paper', 2 for 'dogcat'. */
  numClasses?: number;
  /** Scales the channels and the dense layers, to multiples of 8. Default 1. */
  width?: number;
  /** Units of the two hidden dense layers. Default 4096, scaled by `width`. */
  hidden?: number;
  /** Side of the square input. Default 227. */
  imageSize?: number;
  /** Drop probability of the dense layers; default 0.5. 0 leaves all dropout out. */
  dropout?: number;
  /**
   * Where the dropout of the dense layers makes up for what it drops. 'training': what is kept is divided by 1 - p, as in PyTorch.
   * 'evaluation': all is multiplied by 1 - p there, as in the paper (section 4.2), so that training sees smaller values. Default
   * 'training'.
   */
  dropoutScaling?: 'training' | 'evaluation';
  /** Drop probability after the pools in 'dogcat', or one for each of the three; default half of `dropout`. 0 leaves it out. */
  poolDropout?: number | readonly number[];
  /** Convolution groups of conv2, 4 and 5. Default 2 for 'paper', 1 for 'dogcat'. */
  groups?: number;
  /**
   * Behind ReLUs: 'local-response' after conv1 and conv2, 'batch' after every convolution and hidden dense layer. Default
   * 'local-response' for 'paper', 'batch' for 'dogcat'.
   */
  normalization?: 'local-response' | 'batch';
  /**
   * 'he': normal weights of variance 2 / fan-in, zero biases, and in 'dogcat' a zero last layer (the first
   * predictions are then undecided, which helps small budgets). 'paper': standard deviation 0.01, and biases of 1
   * in conv2, 4, 5 and the hidden dense layers. 'uniform': within 1 / sqrt(fan-in), the layers' own and PyTorch's default, and
   * the same zero last layer. Default 'he'.
   */
  initialization?: 'he' | 'paper' | 'uniform';
}

const poolDropoutRule: Rule = {
  be: `${below1.be}, or three of them`,
  holds: (value) => (Array.isArray(value) ? value.length === 3 && value.every(below1.holds) : below1.holds(value)),
};

const RULES: Rules<AlexNetOptions> = {
  variant: oneOf('paper', 'dogcat'),
  numClasses: whole(1),
  width: positive,
  hidden: whole(1),
  imageSize: whole(1),
  dropout: below1,
  dropoutScaling: oneOf('training', 'evaluation'),
  poolDropout: poolDropoutRule,
  groups: whole(1),
  normalization: oneOf('local-response', 'batch'),
  initialization: oneOf('he', 'paper', 'uniform'),
};

/** The layers of an AlexNet by name. Which normalizations and dropouts there are is a matter of its options. */
export type AlexNetLayers = Record<'conv1' | 'conv2' | 'conv3' | 'conv4' | 'conv5', Conv2d> &
  Record<'fc6' | 'fc7' | 'fc8', Linear> &
  Record<'relu1' | 'relu2' | 'relu3' | 'relu4' | 'relu5' | 'relu6' | 'relu7', ReLU> &
  Record<'pool1' | 'pool2' | 'pool5', MaxPool2d> &
  Record<'flatten', Flatten> &
  Partial<Record<'norm1' | 'norm2' | 'norm3' | 'norm4' | 'norm5' | 'norm6' | 'norm7', Module>> &
  Partial<Record<'dropout1' | 'dropout2' | 'dropout5' | 'dropout6' | 'dropout7', Dropout>>;

/** The model `alexnet` returns: a Sequential that remembers its input's shape (channels, height, width). */
export class AlexNet extends Sequential<[AlexNetLayers]> {
  /** Called by `alexnet`. @internal */
  constructor(
    layers: AlexNetLayers,
    /** (channels, height, width). */
    readonly inputShape: Shape,
    /** What it was made with, defaults filled in. */
    readonly options: Readonly<Required<AlexNetOptions>>,
  ) {
    super(layers);
  }
}

/**
 * Builds AlexNet for images (batch, 3, imageSize, imageSize); it returns logits (batch, numClasses).
 * The paper's 1000 classes have exactly 60,965,224 parameters.
 * @throws ShapeError if the image is too small for the three pools, UsageError for an option that it does not know.
 */
export function alexnet(given: AlexNetOptions = {}): AlexNet {
  checkOptions('alexnet', given, RULES);
  const options = withDefaults(given);
  const { numClasses, imageSize, hidden, dropout, poolDropout, groups } = options;
  const same = options.variant === 'dogcat';
  const batch = options.normalization === 'batch';
  const [c1, c2, c3, c4, c5] = [96, 256, 384, 384, 256].map((n) => scaled(n, options.width));

  const DenseDropout = options.dropoutScaling === 'evaluation' ? UnscaledDropout : Dropout;
  const norm = <I extends number>(i: I, channels: number): Partial<Record<`norm${I}`, Module>> =>
    batch
      ? named(`norm${i}`, new BatchNorm2d(channels))
      : i <= 2
        ? named(`norm${i}`, new LocalResponseNorm(5, { alpha: 5e-4, beta: 0.75, k: 2 })) // the paper's 1e-4, times size
        : {};
  const drop = <I extends number>(i: I, layer: () => Dropout, p: number): Partial<Record<`dropout${I}`, Dropout>> =>
    p > 0 ? named(`dropout${i}`, layer()) : {};
  const poolDrops = typeof poolDropout === 'number' ? [poolDropout, poolDropout, poolDropout] : poolDropout;
  const pool = <I extends number>(i: I, p: number) => ({
    ...named(`pool${i}`, new MaxPool2d(3, { stride: 2 })),
    ...drop(i, () => new Dropout(p), same ? p : 0),
  });
  const dense = <I extends number>(i: I, inFeatures: number) => ({
    ...named(`fc${i}`, new Linear(inFeatures, hidden)),
    ...named(`relu${i}`, new ReLU()),
    ...(batch ? named(`norm${i}`, new BatchNorm1d(hidden)) : {}),
    ...drop(i, () => new DenseDropout(dropout), dropout),
  });
  const features = {
    conv1: new Conv2d(3, c1, 11, { stride: 4, padding: same ? 'same' : 0 }),
    relu1: new ReLU(),
    ...norm(1, c1),
    ...pool(1, poolDrops[0]),
    conv2: new Conv2d(c1, c2, 5, { padding: 2, groups }),
    relu2: new ReLU(),
    ...norm(2, c2),
    ...pool(2, poolDrops[1]),
    conv3: new Conv2d(c2, c3, 3, { padding: 1 }),
    relu3: new ReLU(),
    ...norm(3, c3),
    conv4: new Conv2d(c3, c4, 3, { padding: 1, groups }),
    relu4: new ReLU(),
    ...norm(4, c4),
    conv5: new Conv2d(c4, c5, 3, { padding: 1, groups }),
    relu5: new ReLU(),
    ...norm(5, c5),
    ...pool(5, poolDrops[2]),
    flatten: new Flatten(),
  };
  const inputShape = [3, imageSize, imageSize];
  const flat = featureCount(features, inputShape);
  const layers = { ...features, ...dense(6, flat), ...dense(7, hidden), fc8: new Linear(hidden, numClasses) };
  initialize(layers, options);
  return new AlexNet(layers, inputShape, options);
}

/** An object of one layer, typed by the layer's name. */
function named<Name extends string, Layer extends Module>(name: Name, layer: Layer): Record<Name, Layer> {
  return { [name]: layer } as Record<Name, Layer>;
}

function withDefaults(given: AlexNetOptions): Required<AlexNetOptions> {
  const variant = given.variant ?? 'paper';
  const paper = variant === 'paper';
  const { width = 1, dropout = 0.5 } = given;
  return {
    variant,
    numClasses: given.numClasses ?? (paper ? 1000 : 2),
    width,
    hidden: given.hidden ?? scaled(4096, width),
    imageSize: given.imageSize ?? 227,
    dropout,
    dropoutScaling: given.dropoutScaling ?? 'training',
    poolDropout: given.poolDropout ?? dropout / 2,
    groups: given.groups ?? (paper ? 2 : 1),
    normalization: given.normalization ?? (paper ? 'local-response' : 'batch'),
    initialization: given.initialization ?? 'he',
  };
}

/** Channels at a width: a multiple of 8, at least 8. */
function scaled(channels: number, width: number): number {
  return Math.max(8, Math.round((channels * width) / 8) * 8);
}

function featureCount(features: Record<string, Module>, inputShape: Shape): number {
  try {
    return outputShape(new Sequential(features), [1, ...inputShape])[1];
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(`alexnet: imageSize ${inputShape[1]} is too small (${error.message})`, { cause: error });
  }
}

const BIAS_ONE = new Set(['conv2', 'conv4', 'conv5', 'fc6', 'fc7']);

function initialize(layers: Record<string, Module>, { initialization, variant }: Required<AlexNetOptions>): void {
  for (const [name, layer] of Object.entries(layers)) {
    if (!(layer instanceof Conv2d || layer instanceof Linear)) continue;
    const paper = initialization === 'paper';
    const undecided = name === 'fc8' && variant === 'dogcat' && !paper;
    if (undecided) constantInit(layer.weight, 0);
    else if (initialization === 'uniform') continue;
    else if (paper) normalInit(layer.weight, 0, 0.01);
    else heNormalInit(layer.weight);
    if (layer.bias) constantInit(layer.bias, paper && BIAS_ONE.has(name) ? 1 : 0);
  }
}
