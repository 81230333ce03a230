// Mistakes in what a trainer is given that would otherwise train in silence, to no use.
import { DataError, ShapeError, showValue, UsageError } from '../errors.js';
import { Module } from '../layers/module.js';
import { Optimizer } from '../optim/optimizer.js';
import {
  anything,
  callback,
  checkOptions,
  oneOf,
  positive,
  type Rule,
  type Rules,
  required,
  share,
  whole,
} from '../options.js';
import { isHostTensor } from '../tensor/host-values.js';
import { showShape, sizeOf } from '../tensor/shape.js';
import type { DivergenceOptions } from './divergence.js';
import type { Batch, BatchSource, FitOptions, TrainerParts, TrainerSchedule } from './run.js';
import { WATCHED_FIGURES } from './watched.js';

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isWhole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

const source: Rule = {
  be: 'a source of batches { length, epoch }, such as a DataLoader',
  holds: (value) => isObject(value) && typeof value.epoch === 'function' && isWhole(value.length),
};
const schedule: Rule = {
  be: "a schedule and when to step it, { each: 'step' | 'epoch', rule }",
  holds: (value) => isObject(value) && isObject(value.rule) && typeof value.rule.step === 'function',
};
const names: Rule = {
  be: 'a list of names',
  holds: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
};
const model: Rule = { be: 'a Module', holds: (value) => value instanceof Module };

const PARTS: Rules<TrainerParts> = {
  model: required(model),
  optimizer: required({ be: 'an optimizer, such as an SGD', holds: (value) => value instanceof Optimizer }),
  train: required(source),
  validation: source,
  schedule,
  classes: required(names),
  labelSmoothing: share,
};

const SCHEDULE: Rules<TrainerSchedule> = {
  each: required(oneOf('step', 'epoch')),
  rule: anything,
  watch: oneOf(...WATCHED_FIGURES),
};

const FIT: Rules<FitOptions> = {
  epochs: required({
    be: 'a whole number, 0 or more, or Infinity',
    holds: (value) => isWhole(value) || value === Number.POSITIVE_INFINITY,
  }),
  onProgress: callback,
  onEpoch: callback,
  save: callback,
  saveEvery: whole(0),
  signal: { be: 'an AbortSignal', holds: (value) => value instanceof AbortSignal },
  onDivergence: oneOf('stop', 'rollback'),
  divergence: anything,
  rebuild: callback,
  onRecovery: callback,
};

const DIVERGENCE: Rules<DivergenceOptions> = {
  factor: positive,
  lrFactor: { be: 'a number above 0, at most 1', holds: (value) => share.holds(value) && (value as number) > 0 },
  maxRollbacks: whole(0),
};

/**
 * @throws UsageError if a part is missing or something else, there is nothing to tell apart, or the optimizer is another
 * model's.
 */
export function checkParts(parts: TrainerParts): void {
  checkOptions('trainer', parts, PARTS);
  const { classes, model, optimizer, schedule, validation } = parts;
  if (classes.length < 2) {
    throw new UsageError(
      `trainer: there is ${classes.length === 1 ? `one class ('${classes[0]}')` : 'no class'}; two or more are needed ` +
        '(of pictures in folders: was the folder above meant?)',
    );
  }
  const own = new Set(model.parameters());
  if (!optimizer.groups.some(({ params }) => params.some((param) => own.has(param)))) {
    throw new UsageError("trainer: the optimizer has none of the model's parameters; make it from model.parameters()");
  }
  if (schedule) checkSchedule(schedule, validation);
}

function checkSchedule(schedule: TrainerSchedule, validation: BatchSource | undefined): void {
  checkOptions('trainer: schedule', schedule, SCHEDULE);
  const { each, watch } = schedule;
  if (watch && each === 'step')
    throw new UsageError(`trainer: schedule: watch '${watch}' is of epochs, the schedule is stepped each 'step'`);
  if (watch?.startsWith('validation') && !validation)
    throw new UsageError(`trainer: schedule: watch '${watch}' needs validation data`);
}

/** @throws UsageError if the step would train nothing. */
export function checkGradients(optimizer: Optimizer): void {
  if (optimizer.groups.some(({ params }) => params.some((param) => param.grad))) return;
  throw new UsageError(
    'trainer: no parameter of the optimizer got a gradient: they are frozen (unfreeze trains them), or the model does not use them',
  );
}

/** @throws UsageError for options that `fit` does not know or cannot use. */
export function checkFit(options: FitOptions): void {
  checkOptions('fit', options, FIT);
  if (options.divergence !== undefined) checkOptions('fit: divergence', options.divergence, DIVERGENCE);
}

/** @throws UsageError unless they are a model and a source of batches. */
export function checkEvaluation(given: { model: Module; source: BatchSource; classes: readonly string[] }): void {
  checkOptions('evaluate', given, { model: required(model), source: required(source), classes: required(names) });
}

/** @throws UsageError unless they are a model, numbers, sizes and a number of crops. */
export function checkPrediction(given: {
  model: Module;
  images: Float32Array;
  imageShape: readonly number[];
  crops: number;
}): void {
  const images: Rule = { be: 'a Float32Array', holds: (value) => value instanceof Float32Array };
  const imageShape: Rule = {
    be: 'a list of sizes',
    holds: (value) => Array.isArray(value) && value.every((n) => whole(1).holds(n)),
  };
  checkOptions('predictProbabilities', given, {
    model: required(model),
    images: required(images),
    imageShape: required(imageShape),
    crops: whole(1),
  });
}

/**
 * @throws DataError for a batch of nothing or a label that is no class, ShapeError for a model with another number of outputs
 * than classes.
 */
export function checkAnswers(
  where: string,
  logits: readonly number[],
  { labels }: Batch,
  classes: readonly string[],
): void {
  const count = labels.length;
  const wrong = labels.find((label) => !(label >= 0 && label < classes.length));
  if (wrong !== undefined)
    throw new DataError(`${where}: a label is ${wrong}, the classes are 0 to ${classes.length - 1}`);
  if (logits.length !== 2 || logits[0] !== count || logits[1] !== classes.length) {
    throw new ShapeError(
      `${where}: the model gives ${showShape(logits)} for ${count} images, expected ` +
        `${showShape([count, classes.length])}: a number for each class (${classes.join(', ')})`,
    );
  }
}

/** @throws DataError unless a batch is made of images and their labels. */
export function checkBatch(where: string, batch: Batch): void {
  const { images, labels } = isObject(batch) ? batch : ({} as Partial<Batch>);
  if (!(isHostTensor(images) && images.data instanceof Float32Array && labels instanceof Int32Array)) {
    throw new DataError(
      `${where}: a batch is { images: { data: Float32Array, shape }, labels: Int32Array }, got images ${showValue(images)}, labels ${showValue(labels)}`,
    );
  }
  if (labels.length === 0) throw new DataError(`${where}: a batch has no images`);
  if (images.shape[0] !== labels.length)
    throw new DataError(`${where}: a batch has images ${showShape(images.shape)} and ${labels.length} labels`);
  if (images.data.length !== sizeOf(images.shape)) {
    throw new DataError(
      `${where}: a batch has ${images.data.length} numbers, images ${showShape(images.shape)} are ${sizeOf(images.shape)}`,
    );
  }
}
