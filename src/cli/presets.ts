// What a run is made with, and the two sets of it that have names.

export interface RunOptions {
  variant: 'paper' | 'dogcat';
  width: number;
  /** Side of the crops. */
  image: number;
  /** Side of the stored pictures. */
  stored: number;
  dropout: number;
  /** After the three pools. */
  poolDropout: readonly number[];
  /** Where dropout makes up for what it drops. */
  dropoutScaling: 'training' | 'evaluation';
  initialization: 'he' | 'paper' | 'uniform';
  precision: 'f32' | 'f16';
  batch: number;
  epochs: number;
  optimizer: 'sgd' | 'adamw' | 'adam' | 'rmsprop';
  lr: number;
  momentum: number;
  weightDecay: number;
  /** SGD's velocity holds the learning rate. */
  rateInVelocity: boolean;
  schedule: 'one-cycle' | 'plateau' | 'constant';
  /** Share of the steps in which one-cycle rises. */
  warmup: number;
  /** What a plateau is one of, in validation. */
  watch: 'loss' | 'error';
  labelSmoothing: number;
  /** Decay of the averaged weights; 0: none are kept. */
  ema: number;
  /** What is made of the bytes. */
  pixels: 'standard' | 'mean-colour' | 'mean-image';
  flip: boolean;
  /** Least share of a picture that a crop of chance takes, in any shape near a square; 1: crops of the stored pictures as they are. */
  area: number;
  /** How far brightness, contrast and saturation change. */
  jitter: readonly number[];
  colourShift: number;
  colourScale: 'deviation' | 'eigenvalue';
  validation: number;
  limit: number;
  seed: number;
  /** The weights that it begins with: a file, a run, or the library's own; '': new ones. */
  from: string;
  /** What is frozen of them, patterns of `freeze` with commas between; '': nothing. */
  freeze: string;
  /** Epochs after which it is trained, too; 0: never. */
  thaw: number;
  /** The rate of all that is not the last layer, where it begins with weights. */
  featuresLr: number;
}

export type PresetName = 'quick' | 'best' | 'paper';

/** Pools drop half as often as dense layers, unless that is given. */
export const halfOf = (dropout: number): number[] => [dropout / 2, dropout / 2, dropout / 2];

/** In f32, with weights of its own from the beginning. */
const NEW = { precision: 'f32' as const, from: '', freeze: '', thaw: 0, featuresLr: 0 };

/** A network and a budget. */
export const presets: Record<PresetName, { about: string; options: RunOptions }> = {
  quick: {
    about: 'a quarter of the width on crops of 115 pixels: minutes on a machine without a GPU',
    options: {
      variant: 'dogcat',
      width: 0.25,
      image: 115,
      stored: 129,
      dropout: 0.5,
      poolDropout: halfOf(0.5),
      dropoutScaling: 'training',
      initialization: 'uniform', // learns much faster than 'he' here: relative to the weights, Adam's steps are larger
      batch: 32,
      epochs: 10,
      optimizer: 'adamw',
      lr: 1e-3,
      momentum: 0.9,
      weightDecay: 0.01,
      rateInVelocity: false,
      schedule: 'one-cycle',
      warmup: 0.3,
      watch: 'loss',
      labelSmoothing: 0,
      ema: 0,
      pixels: 'standard',
      flip: true,
      area: 1,
      jitter: [0, 0, 0],
      colourShift: 0.1,
      colourScale: 'deviation',
      validation: 0.05,
      limit: Number.POSITIVE_INFINITY,
      seed: 1,
      ...NEW,
    },
  },
  best: {
    about: 'the recipe of the network that comes along: hours on a machine without a GPU, minutes on one',
    options: {
      variant: 'dogcat',
      width: 0.375,
      image: 115,
      stored: 136,
      dropout: 0.4,
      poolDropout: [0.05, 0.1, 0.2],
      dropoutScaling: 'training',
      initialization: 'uniform',
      batch: 64,
      epochs: 28,
      optimizer: 'adamw',
      lr: 2e-3,
      momentum: 0.9,
      weightDecay: 0.05,
      rateInVelocity: false,
      schedule: 'one-cycle',
      warmup: 0.15,
      watch: 'loss',
      labelSmoothing: 0.1,
      ema: 0.999,
      pixels: 'standard',
      flip: true,
      area: 0.4,
      jitter: [0.25, 0.25, 0.3],
      colourShift: 0,
      colourScale: 'deviation',
      validation: 0,
      limit: Number.POSITIVE_INFINITY,
      seed: 1,
      ...NEW,
    },
  },
  paper: {
    about: 'the network and the training of Krizhevsky et al. 2012 at full size: for a GPU',
    options: {
      variant: 'paper',
      width: 1,
      image: 227,
      stored: 256,
      dropout: 0.5,
      poolDropout: halfOf(0.5),
      dropoutScaling: 'evaluation',
      initialization: 'paper',
      batch: 128,
      epochs: 90,
      optimizer: 'sgd',
      lr: 0.01,
      momentum: 0.9,
      weightDecay: 5e-4,
      rateInVelocity: true,
      schedule: 'plateau',
      warmup: 0.3,
      watch: 'error',
      labelSmoothing: 0,
      ema: 0,
      pixels: 'mean-image',
      flip: true,
      area: 1,
      jitter: [0, 0, 0],
      colourShift: 0.1,
      colourScale: 'eigenvalue',
      validation: 0.05,
      limit: Number.POSITIVE_INFINITY,
      seed: 1,
      ...NEW,
    },
  },
};

/**
 * Of fewer epochs than these the quick preset drops less: there is no time to learn pictures by heart. Four epochs of 6,400
 * pictures came to 70.7 % of 1,600 others with a dropout of 0.5, to 74.2 % with 0.25, to 75.7 % with 0.1.
 */
export const SHORT = { below: 8, dropout: 0.1 };

/** What suits some dozens of pictures and weights that know something. */
export const TUNING: Partial<RunOptions> = {
  batch: 16,
  epochs: 30,
  lr: 3e-3,
  featuresLr: 1e-3,
  warmup: 0.15,
  colourShift: 0,
  area: 0.6,
  jitter: [0.25, 0.25, 0.25],
  validation: 0.2,
};

/** A preset with what was given in its place. */
export function optionsOf(preset: PresetName, given: Partial<RunOptions>): RunOptions {
  const usual = presets[preset].options;
  const options = { ...usual, ...given };
  if (preset === 'quick' && given.dropout === undefined && options.epochs < SHORT.below)
    options.dropout = SHORT.dropout;
  if (given.poolDropout === undefined && options.dropout !== usual.dropout)
    options.poolDropout = halfOf(options.dropout);
  return options;
}

/** What runs of before these options had done; their files still say enough. */
export const BEFORE: Partial<RunOptions> = {
  dropoutScaling: 'training',
  rateInVelocity: false,
  watch: 'loss',
  pixels: 'standard',
  colourScale: 'deviation',
  warmup: 0.3,
  ema: 0,
  area: 1,
  jitter: [0, 0, 0],
  ...NEW,
};
