// A training run from outside: what it is made of, what it reports, and where it stands.
import type { WgradError } from '../errors.js';
import type { Module } from '../layers/module.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { Schedule } from '../optim/schedule.js';
import type { HostTensor } from '../tensor/dtype.js';
import type { DivergenceOptions, LossTrend } from './divergence.js';
import type { Mean } from './metrics.js';
import type { Snapshot } from './snapshot.js';

/** Images (batch, channels, height, width) and their classes, on the host. */
export interface Batch {
  /** (batch, channels, height, width). */
  images: HostTensor<Float32Array>;
  /** One class an image. */
  labels: Int32Array;
}

/**
 * What decides which images come in which batch. `pictures`, where it is there, tells the images themselves from others;
 * the rest may be any names.
 */
export type BatchOrder = Readonly<Record<string, string | number | boolean>>;

/** Where batches come from; `DataLoader` is one. Epochs must depend on their number alone, so that runs can resume. */
export interface BatchSource {
  /** Images in an epoch. */
  readonly length: number;
  /**
   * Kept in checkpoints: a run resumes only with the same `pictures`, and in the middle of an epoch only with all the
   * rest the same, too. Default: nothing is compared.
   */
  readonly orderedBy?: BatchOrder;
  /** The batches of an epoch, from 0, beginning with `startBatch` (default 0); at least one, none of them empty. */
  epoch(number: number, from?: { startBatch?: number }): AsyncIterable<Batch>;
}

/** What an epoch came to. Losses are mean cross entropies, accuracies shares from 0 to 1. */
export interface EpochRecord {
  /** From 1. */
  epoch: number;
  /** Optimizer steps so far. */
  step: number;
  /** At its end, before a schedule of epochs is stepped. */
  learningRate: number;
  /** In training mode, while the weights change; with label smoothing where that is on. */
  trainLoss: number;
  /** In training mode, as its loss. */
  trainAccuracy: number;
  /** In evaluation mode, after the epoch; null without validation data. */
  validationLoss: number | null;
  /** As its loss. */
  validationAccuracy: number | null;
  /** Seconds of training so far, resumed parts included. */
  seconds: number;
}

/** What a trainer works with. */
export interface TrainerParts {
  /** Takes images (batch, channels, height, width), gives logits (batch, classes). */
  model: Module;
  /** Of the model's parameters. */
  optimizer: Optimizer;
  /** What is trained on. */
  train: BatchSource;
  /** What is checked after each epoch, without label smoothing. Default: nothing. */
  validation?: BatchSource;
  /** Default: the optimizer's rates stay as they are. */
  schedule?: TrainerSchedule;
  /** Names of the classes, in the order of the logits. */
  classes: readonly string[];
  /** As in `crossEntropy`, for training only. Default 0. */
  labelSmoothing?: number;
}

/** A figure of an epoch: a mean loss, or an error rate, which is 1 - accuracy. */
export type WatchedFigure = 'trainLoss' | 'trainError' | 'validationLoss' | 'validationError';

/** A learning-rate schedule and when to step it. */
export interface TrainerSchedule {
  /** After every batch, or after every epoch with the figure that is watched. */
  each: 'step' | 'epoch';
  /** Made around the same optimizer. */
  rule: Schedule;
  /**
   * What a rule of epochs is stepped with, as ReduceLROnPlateau needs it. The AlexNet paper watches 'validationError'. Default
   * 'validationLoss', without validation data 'trainLoss'.
   */
  watch?: WatchedFigure;
}

/** What a step left behind, for progress lines. Loss and accuracy are means over the epoch so far. */
export interface Progress {
  /** From 1. */
  epoch: number;
  /** Images whose losses have come back, of this epoch or of the validation pass. */
  images: number;
  /** Images in this epoch, or in the validation pass. */
  imagesInEpoch: number;
  /** Optimizer steps so far. */
  step: number;
  /** Of training, in validation too; NaN before the epoch's first batch has come back. */
  loss: number;
  /** Of training, 0 to 1; NaN as `loss`. */
  accuracy: number;
  /** Mean loss and accuracy of the latest batch that has come back, a step or two old; NaN before there is one. */
  batchLoss: number;
  /** See `batchLoss`. */
  batchAccuracy: number;
  /** What is under way. */
  phase: 'train' | 'validation';
}

/** How far to train, and what to do on the way. */
export interface FitOptions {
  /** Train until this many epochs are done in all. */
  epochs: number;
  /** Called after every batch. */
  onProgress?(progress: Progress): void;
  /** Called after every epoch and awaited; `isBest`: its loss (validation's, if there is one) is the lowest so far. */
  onEpoch?(record: EpochRecord, isBest: boolean): Promise<void> | void;
  /**
   * Called every so many steps, at epoch ends and when stopped, with all that the run needs to go on: `writeCheckpoint`
   * makes a file of it. Never with weights that are not finite. What it throws ends `fit`.
   */
  save?(snapshot: Snapshot): Promise<void> | void;
  /** Steps between saves inside an epoch; 0 for epoch ends only. Default 0. */
  saveEvery?: number;
  /** Stops after the step or the batch of validation under way; `fit` then saves and returns 'stopped'. */
  signal?: AbortSignal;
  /**
   * When losses or weights are not finite, or losses explode: 'stop' throws DivergenceError; 'rollback' goes back to
   * where it saved last (or began) and on from there with lower learning rates. Default 'stop'.
   */
  onDivergence?: 'stop' | 'rollback';
  /** What counts as divergence, and what a rollback does. */
  divergence?: DivergenceOptions;
  /**
   * Makes the parts anew after the device was lost: calls `init`, then builds model, optimizer and schedule as at first
   * (data sources may be the old ones). Training then goes on from where it saved last (or began), to the same bits. A
   * second loss before it is past the first one ends `fit`. Default: DeviceLostError.
   */
  rebuild?(): Promise<TrainerParts> | TrainerParts;
  /** Called after a rollback, and when training goes on after the device was lost. */
  onRecovery?(recovery: Recovery): void;
}

/** What happened and how training goes on. */
export interface Recovery {
  /** DivergenceError or DeviceLostError. */
  error: WgradError;
  /** The optimizer step from which training goes on. */
  step: number;
  /** All learning rates are multiplied by this from now on; below 1 after rollbacks. */
  lrScale: number;
}

/** Everything about a run that is not a tensor; with the tensors it makes a checkpoint. */
export interface TrainerPosition {
  /** Epochs done. */
  epoch: number;
  /** Batches done of the epoch under way. */
  batch: number;
  /** Optimizer steps done. */
  step: number;
  /** Seconds of training so far. */
  seconds: number;
  /** The lowest loss of an epoch so far; null before the first. */
  bestLoss: number | null;
  /** The epoch's mean loss so far. */
  loss: Pick<Mean, 'sum' | 'weight'>;
  /** Right answers in the epoch so far. */
  correct: number;
  /** What is known of the losses so far, to tell when they explode. */
  watch: LossTrend;
  /** What learning rates are multiplied by: 1, and less after rollbacks. */
  lrScale: number;
  /** Rollbacks so far. */
  rollbacks: number;
  /** The epochs done. */
  history: EpochRecord[];
}
