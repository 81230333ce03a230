// What one step of training or validation is.
import type { AnyModule, Module } from '../layers/module.js';
import type { Measured } from '../metrics/metric.js';
import type { Tensor } from '../tensor/tensor.js';
import type { OnDevice } from './batches.js';

/** What a step came to. */
export interface StepResult {
  /** A scalar, the mean over the batch: backward starts from it. */
  loss: Tensor;
  /** Examples in the batch: what the loss weighs in the epoch's mean. */
  size: number;
  /**
   * By name, any but 'loss' and 'val_...': a metric's `of(...)`, or a scalar, of which the epoch's mean is taken, weighted as the loss.
   * An undefined one is left out. Default: none.
   */
  metrics?: Record<string, Measured | Tensor | undefined>;
}

/**
 * What is trained, as a function: from a batch to its loss and metrics. It runs in a scope, in training with gradients and in
 * validation without; it is not async. `classification` and `regression` make one; yours may be ten lines:
 *
 *     const task = (model, { x, y }) => {
 *       const prediction = model.forward(x);
 *       return { loss: mseLoss(prediction, y), size: y.shape[0], metrics: { r2: r2.of(prediction, y) } };
 *     };
 */
export type Task<B extends object = object, M extends AnyModule = Module> = (
  model: M,
  batch: OnDevice<B>,
  mode: TaskMode,
) => StepResult;

/** What a step is for. */
export interface TaskMode {
  /** False in validation: no label smoothing, for example. */
  readonly training: boolean;
}
