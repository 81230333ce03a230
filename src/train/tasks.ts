// The tasks that come with the library.
import { requireClasses } from '../autograd/ops/classes.js';
import { crossEntropy, l1Loss, mseLoss } from '../autograd/ops/losses.js';
import { ShapeError, UsageError } from '../errors.js';
import type { Module } from '../layers/module.js';
import { Accuracy } from '../metrics/accuracy.js';
import { MeanAbsoluteError, R2 } from '../metrics/regression.js';
import { checkOptions, notNegative, oneOf, type Rule, type Rules, required, share } from '../options.js';
import { sameShape, showShape } from '../tensor/shape.js';
import { Tensor, tensor } from '../tensor/tensor.js';
import type { StepResult, TaskMode } from './task.js';

/** How pictures, or anything else, are told apart. */
export interface ClassificationOptions {
  /** Names of the classes, in the order of the model's outputs. */
  classes: readonly string[];
  /** As in `crossEntropy`, for training only. Default 0. */
  labelSmoothing?: number;
  /** What each class's examples weigh in the loss, as `crossEntropy`'s `weight`, for training only; more for rare ones. Default: all alike. */
  classWeights?: readonly number[];
}

/** A batch of a classifier on the device. Labels are classes, i32 (batch), or probabilities (batch, classes). */
export interface LabelledBatch {
  /** What the model takes. */
  images: Tensor;
  /** What it is to say. */
  labels: Tensor;
}

const names: Rule = {
  be: 'a list of names',
  holds: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
};

const weights: Rule = {
  be: 'a list of numbers, 0 or more',
  holds: (value) => Array.isArray(value) && value.every(notNegative.holds),
};

const CLASSIFICATION: Rules<ClassificationOptions> = {
  classes: required(names),
  labelSmoothing: share,
  classWeights: weights,
};

/**
 * Tells `images` apart by `labels`: softmax cross entropy and accuracy of a model that gives (batch, classes).
 * @throws UsageError for fewer than two classes or other options; in a step ShapeError if the model gives anything else.
 */
export function classification(
  options: ClassificationOptions,
): (model: Module, batch: LabelledBatch, mode: TaskMode) => StepResult {
  checkOptions('classification', options, CLASSIFICATION);
  const { classes, labelSmoothing = 0, classWeights } = options;
  if (classes.length < 2) {
    throw new UsageError(
      `classification: there is ${classes.length === 1 ? `one class ('${classes[0]}')` : 'no class'}; two or more are needed ` +
        '(of pictures in folders: was the folder above meant?)',
    );
  }
  if (classWeights && classWeights.length !== classes.length)
    throw new UsageError(`classification: ${classWeights.length} classWeights for ${classes.length} classes`);
  const accuracy = new Accuracy();
  return (model, batch, { training }) => {
    const { images, labels } = batch;
    if (!(images instanceof Tensor && labels instanceof Tensor))
      throw new UsageError(`classification: a batch is { images, labels }, arrays or tensors; got ${namesOf(batch)}`);
    const logits = model.forward(images);
    const [size] = images.shape;
    if (!sameShape(logits.shape, [size, classes.length])) {
      throw new ShapeError(
        `classification: the model gives ${showShape(logits.shape)} for ${size} images, expected ` +
          `${showShape([size, classes.length])}: a number for each class (${classes.join(', ')})`,
      );
    }
    if (labels.dtype === 'i32') requireClasses('classification', labels, classes.length); // none is ignored: all count
    const weight = training && classWeights ? tensor([...classWeights]) : undefined;
    const loss = crossEntropy(logits, labels, { labelSmoothing: training ? labelSmoothing : 0, weight });
    return { loss, size, metrics: { accuracy: accuracy.of(logits, labels) } };
  };
}

const namesOf = (batch: object) => `{ ${Object.keys(batch).join(', ')} }`;

/** How numbers are predicted. */
export interface RegressionOptions {
  /** Mean squared error, or mean absolute error. Default 'mse'. */
  loss?: 'mse' | 'mae';
}

/** A batch of a regression on the device: inputs and targets, of which the first dimension is the batch's. */
export interface PairedBatch {
  /** What the model takes. */
  x: Tensor;
  /** What it is to say, in the shape of what it says. */
  y: Tensor;
}

const LOSSES = { mse: mseLoss, mae: l1Loss };

/**
 * Predicts `y` from `x`: mean squared or absolute error, with the metrics `mae` and `r2`.
 * @throws UsageError for other options; in a step ShapeError if the model gives another shape than y's.
 */
export function regression(
  options: RegressionOptions = {},
): (model: Module, batch: PairedBatch, mode: TaskMode) => StepResult {
  checkOptions('regression', options, { loss: oneOf('mse', 'mae') });
  const { loss: kind = 'mse' } = options;
  const [mae, r2] = [new MeanAbsoluteError(), new R2()];
  return (model, batch) => {
    const { x, y } = batch;
    if (!(x instanceof Tensor && y instanceof Tensor))
      throw new UsageError(`regression: a batch is { x, y }, arrays or tensors; got ${namesOf(batch)}`);
    const prediction = model.forward(x);
    if (!sameShape(prediction.shape, y.shape)) {
      throw new ShapeError(
        `regression: the model gives ${showShape(prediction.shape)}, the targets are ${showShape(y.shape)}; they are to be the same`,
      );
    }
    const metrics = { mae: mae.of(prediction, y), r2: r2.of(prediction, y) };
    return { loss: LOSSES[kind](prediction, y), size: x.shape[0], metrics };
  };
}
