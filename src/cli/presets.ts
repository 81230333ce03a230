// What a run is made with, and the two sets of it that have names.

export interface RunOptions {
  variant: 'paper' | 'dogcat';
  width: number;
  /** Side of the crops. */
  image: number;
  /** Side of the stored pictures. */
  stored: number;
  dropout: number;
  /** Where dropout makes up for what it drops. */
  dropoutScaling: 'training' | 'evaluation';
  initialization: 'he' | 'paper' | 'uniform';
  batch: number;
  epochs: number;
  optimizer: 'sgd' | 'adamw' | 'adam' | 'rmsprop';
  lr: number;
  momentum: number;
  weightDecay: number;
  /** SGD's velocity holds the learning rate. */
  rateInVelocity: boolean;
  schedule: 'one-cycle' | 'plateau' | 'constant';
  /** What a plateau is one of, in validation. */
  watch: 'loss' | 'error';
  labelSmoothing: number;
  /** What is made of the bytes. */
  pixels: 'standard' | 'mean-colour' | 'mean-image';
  flip: boolean;
  colourShift: number;
  colourScale: 'deviation' | 'eigenvalue';
  validation: number;
  limit: number;
  seed: number;
}

export type PresetName = 'quick' | 'paper';

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
      watch: 'loss',
      labelSmoothing: 0,
      pixels: 'standard',
      flip: true,
      colourShift: 0.1,
      colourScale: 'deviation',
      validation: 0.05,
      limit: Number.POSITIVE_INFINITY,
      seed: 1,
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
      watch: 'error',
      labelSmoothing: 0,
      pixels: 'mean-image',
      flip: true,
      colourShift: 0.1,
      colourScale: 'eigenvalue',
      validation: 0.05,
      limit: Number.POSITIVE_INFINITY,
      seed: 1,
    },
  },
};

/**
 * Of fewer epochs than these the quick preset drops less: there is no time to learn pictures by heart. Four epochs of 6,400
 * pictures came to 70.7 % of 1,600 others with a dropout of 0.5, to 74.2 % with 0.25, to 75.7 % with 0.1.
 */
export const SHORT = { below: 8, dropout: 0.1 };

/** A preset with what was given in its place. */
export function optionsOf(preset: PresetName, given: Partial<RunOptions>): RunOptions {
  const options = { ...presets[preset].options, ...given };
  if (preset === 'quick' && given.dropout === undefined && options.epochs < SHORT.below)
    options.dropout = SHORT.dropout;
  return options;
}

/** What runs of before these options had done; their files still say enough. */
export const BEFORE: Partial<RunOptions> = {
  dropoutScaling: 'training',
  rateInVelocity: false,
  watch: 'loss',
  pixels: 'standard',
  colourScale: 'deviation',
};
