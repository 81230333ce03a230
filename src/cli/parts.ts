// The parts of a run, put together from its options.

import {
  type Augmentation,
  type AugmentOptions,
  type ColourStatistics,
  colorJitter,
  colourShift,
  DataLoader,
  type ImageDataset,
  normalize,
  randomCrop,
  randomHorizontalFlip,
  randomResizedCrop,
  toTensor,
} from '../data/index.js';
import {
  Adam,
  AdamW,
  type AlexNet,
  alexnet,
  OneCycleLR,
  type Optimizer,
  ReduceLROnPlateau,
  RMSprop,
  SGD,
  type Tensor,
} from '../index.js';
import { BatchWorkers } from '../node/index.js';
import type { ParamGroup } from '../optim/params.js';
import { classification, type TrainerParts } from '../train/index.js';
import { freezeStart, loadStart, type Start, startGroups } from './begin.js';
import type { RunFacts } from './facts.js';
import type { RunOptions } from './presets.js';

export function buildModel({ options, classes }: Pick<RunFacts, 'options' | 'classes'>): AlexNet {
  const { variant, width, image: imageSize, dropout, poolDropout, dropoutScaling, initialization } = options;
  const rates = { dropout, poolDropout, dropoutScaling };
  return alexnet({ variant, width, imageSize, ...rates, initialization, numClasses: classes.length });
}

function buildOptimizer(
  params: readonly Tensor[] | readonly ParamGroup<{ lr: number }>[],
  options: RunOptions,
): Optimizer {
  const { lr, momentum, weightDecay, rateInVelocity } = options;
  switch (options.optimizer) {
    case 'adamw':
      return new AdamW(params, { lr, weightDecay });
    case 'adam':
      return new Adam(params, { lr, weightDecay });
    case 'rmsprop':
      return new RMSprop(params, { lr, momentum, weightDecay });
    default:
      return new SGD(params, { lr, momentum, weightDecay, rateInVelocity });
  }
}

/** `checked`: there are validation pictures; without them a plateau watches the training. */
function buildSchedule(
  optimizer: Optimizer,
  steps: number,
  checked: boolean,
  { schedule, watch, warmup: pctStart, lr, from, featuresLr }: RunOptions,
): TrainerParts['schedule'] {
  if (schedule === 'constant') return undefined;
  if (schedule === 'plateau') {
    const [name, mode] = watch === 'error' ? (['accuracy', 'max'] as const) : (['loss', 'min'] as const);
    const rule = new ReduceLROnPlateau(optimizer, { mode, factor: 0.1, patience: 3 });
    return { each: 'epoch', rule, watch: checked ? `val_${name}` : name };
  }
  const maxLr = from ? [lr, featuresLr] : lr;
  return { each: 'step', rule: new OneCycleLR(optimizer, { maxLr, totalSteps: steps + 1, pctStart }) };
}

/** What pictures are brought to, of the training pictures. */
export function coloursOf(train: ImageDataset, { pixels }: RunOptions): ColourStatistics {
  return { ...train.colours(), ...(pixels === 'mean-image' ? { meanImage: train.meanImage() } : {}) };
}

/** How pictures of a run become inputs, in training, validation, test and prediction alike. */
export const lookOf = ({ options: { image: crop, pixels }, colours }: RunFacts) => ({ crop, pixels, colours });

/** How training pictures become inputs: crops of the stored ones, or resized crops and other colours. */
export function randomOf(facts: RunFacts): Augmentation {
  const { image, flip, area, jitter, colourShift: deviation, colourScale: scale, seed } = facts.options;
  if (area === 1 && jitter.every((amount) => amount === 0))
    return { ...lookOf(facts), place: 'random', flip, colourShift: deviation, colourScale: scale, seed };
  const { colours } = facts;
  const [brightness, contrast, saturation] = jitter;
  const transforms = [
    area < 1 ? randomResizedCrop(image, { scale: [area, 1] }) : randomCrop(image),
    ...(flip ? [randomHorizontalFlip()] : []),
    colorJitter({ brightness, contrast, saturation }),
    toTensor(),
    ...(deviation > 0 ? [colourShift(colours, { deviation, scale })] : []),
    normalize(
      colours.mean.map((m) => m / 255),
      colours.std.map((s) => s / 255),
    ),
  ];
  return { transforms, seed };
}

/** A loader whose batches are made by worker threads. */
export function loaderFor(
  dataset: ImageDataset,
  augment: Augmentation,
  { batch, workers, shuffle = false }: { batch: number; workers: number; shuffle?: boolean },
): { loader: DataLoader; close(): Promise<void> } {
  const assembler = workers > 0 ? new BatchWorkers(dataset, augment, workers) : undefined;
  const loader = new DataLoader(dataset, { batchSize: batch, augment, shuffle, dropLast: shuffle, assembler });
  return { loader, close: async () => assembler?.close() };
}

/** Loaders of a run; they outlive a device. */
export interface RunLoaders {
  train: DataLoader;
  validation: DataLoader | undefined;
  /** How many share their batches. */
  processes: number;
  close(): Promise<void>;
}

/** Loaders of training and validation pictures. */
export function buildLoaders(
  facts: RunFacts,
  train: ImageDataset,
  validation: ImageDataset,
  workers: number,
  processes = 1,
): RunLoaders {
  const { batch, seed } = facts.options;
  const look = lookOf(facts);
  const trainLoader = loaderFor(train, randomOf(facts), { batch, workers, shuffle: true });
  const center: AugmentOptions = { ...look, place: 'center', seed };
  const checkLoader =
    validation.length > 0 ? loaderFor(validation, center, { batch, workers: Math.min(workers, 1) }) : undefined;
  return {
    train: trainLoader.loader,
    validation: checkLoader?.loader,
    processes,
    close: async () => {
      await Promise.all([trainLoader.close(), checkLoader?.close()]);
    },
  };
}

/** Model, optimizer and schedule of a run, around its loaders; of one that begins with weights, with these. */
export function buildParts(
  facts: RunFacts,
  { train, validation, processes }: RunLoaders,
  start?: Start,
): TrainerParts & { model: AlexNet } {
  const { options, classes } = facts;
  const model = buildModel(facts);
  if (start) loadStart(start, model, classes);
  if (options.freeze) freezeStart(model, options.freeze);
  const optimizer = buildOptimizer(options.from ? startGroups(model, options) : model.parameters(), options);
  const steps = options.epochs * Math.ceil(train.batches / processes);
  const schedule = buildSchedule(optimizer, steps, validation !== undefined, options);
  const task = classification({ classes, labelSmoothing: options.labelSmoothing });
  return { model, optimizer, schedule, task, train, validation, precision: options.precision };
}
