// What a trainer is made of, and how it is asked to train.
import type { RollbackOptions } from '../checkpoint/recovery.js';
import type { Snapshot } from '../checkpoint/snapshot.js';
import type { AnyModule, Module } from '../layers/module.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { Alike, BatchSource } from './batches.js';
import type { Callback } from './callback.js';
import type { TrainerSchedule } from './kept.js';
import type { TrainerPosition } from './record.js';
import type { Task } from './task.js';

/** What a trainer works with. */
// biome-ignore lint/suspicious/noExplicitAny: a task's batches are of any kind
export interface TrainerParts<B extends object = any, M extends AnyModule = any> {
  /** What is trained. */
  model: M;
  /** Of the model's parameters. */
  optimizer: Optimizer;
  /** What a step is: `classification({ classes })`, `regression()`, or a function of your own. */
  task: Task<B, M>;
  /** What is trained on. */
  train: BatchSource<B>;
  /** What is looked at after each epoch. Default: nothing. */
  validation?: BatchSource<Alike<B>>;
  /** Default: the optimizer's rates stay as they are. */
  schedule?: TrainerSchedule;
  /**
   * 'f16': the task runs under `autocast`, in training and in validation, and losses are scaled by a `GradScaler` of the trainer's own, which
   * checkpoints keep (`trainer.keep.scaler`). Where the adapter has no f16 it is said once, and all is as in 'f32'. Default 'f32'.
   */
  precision?: 'f32' | 'f16';
  /** Batches whose gradients are averaged before each update; an epoch's last update may have fewer. Default 1. */
  accumulate?: number;
  /** The gradients' joint norm is scaled down to this before each update, as `clipGradNorm` does. Default: it is not. */
  clipGradNorm?: number;
  /** Gradients are kept within plus and minus this before each update, as `clipGradValue` does. Default: they are not. */
  clipGradValue?: number;
  /** Called before each update, when all gradients are there, in the step's scope; not async. Default: nothing. */
  beforeUpdate?(parts: { model: M; optimizer: Optimizer }): void;
}

/** What counts as divergence, and what a rollback does. */
export interface DivergenceOptions extends RollbackOptions {
  /** The mean of about the last ten losses may be this many times the run's first loss, or 1 if that is more; Infinity: losses may grow. Default 10. */
  factor?: number;
}

/** How far to train, and what to do on the way. */
export interface FitOptions {
  /** Train until this many epochs are done in all. */
  epochs: number;
  /** Called while it trains, in this order. Default: none. */
  callbacks?: readonly Callback[];
  /** Steps between two looks at the epoch's metrics so far, for `Progress.metrics`; 0 reads them at epoch ends only. The loss is always known. Default 0. */
  metricsEvery?: number;
  /**
   * Called every so many steps, at epoch ends and when stopped, with all that the run needs to go on: `writeCheckpoint`
   * makes a file of it. Never with weights that are not finite. What it throws ends `fit`.
   */
  save?(snapshot: Snapshot<TrainerPosition>): Promise<void> | void;
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
}

/** What is looked at, and how. */
export interface EvaluationParts<B extends object, M extends AnyModule = Module> {
  /** It runs in evaluation mode; between batches and afterwards each module's mode is as before. */
  model: M;
  /** What a step is; it is told that it does not train. */
  task: Task<B, M>;
  /** What is looked at: the batches of its epoch 0. */
  data: BatchSource<B>;
  /** 'f16': the task runs under `autocast`. Default 'f32'. */
  precision?: 'f32' | 'f16';
  /** Told how many examples have been looked at, after each batch. */
  onProgress?(examples: number): Promise<void> | void;
  /** Aborting one ends the pass: its reason is thrown. */
  signals?: readonly (AbortSignal | undefined)[];
}
