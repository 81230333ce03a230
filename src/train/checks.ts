// Mistakes in what a trainer is given that would otherwise train in silence, to no use.
import { DataError, ShapeError, showValue, UsageError } from '../errors.js';
import { type AnyModule, Module } from '../layers/module.js';
import { Optimizer } from '../optim/optimizer.js';
import { ReduceLROnPlateau } from '../optim/plateau.js';
import { anything, callback, checkOptions, oneOf, type Rule, type Rules, required, share, whole } from '../options.js';
import { showShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import type { BatchSource } from './batches.js';
import { moreIsBetter } from './callbacks/monitor.js';
import type { DivergenceOptions, EvaluationParts, FitOptions, TrainerParts } from './fit.js';
import type { TrainerSchedule } from './kept.js';
import type { StepResult } from './task.js';

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
const model: Rule = { be: 'a Module', holds: (value) => value instanceof Module };
const task: Rule = {
  be: 'a function (model, batch) => { loss, size, metrics }, such as classification(...)',
  holds: callback.holds,
};
const signal: Rule = { be: 'an AbortSignal', holds: (value) => value instanceof AbortSignal };
const list: Rule = { be: 'a list', holds: Array.isArray };
const limit: Rule = { be: 'a number above 0, or Infinity', holds: (value) => typeof value === 'number' && value > 0 };

const PARTS: Rules<TrainerParts> = {
  model: required(model),
  optimizer: required({ be: 'an optimizer, such as an SGD', holds: (value) => value instanceof Optimizer }),
  task: required(task),
  train: required(source),
  validation: source,
  schedule,
  precision: oneOf('f32', 'f16'),
  accumulate: whole(1),
  clipGradNorm: limit,
  clipGradValue: limit,
  beforeUpdate: callback,
};

const SCHEDULE: Rules<TrainerSchedule> = {
  each: required(oneOf('step', 'epoch')),
  rule: anything,
  watch: { be: "a metric's name, such as 'val_loss'", holds: (value) => typeof value === 'string' && value !== '' },
};

const FIT: Rules<FitOptions> = {
  epochs: required({
    be: 'a whole number, 0 or more, or Infinity',
    holds: (value) => isWhole(value) || value === Number.POSITIVE_INFINITY,
  }),
  callbacks: list,
  metricsEvery: whole(0),
  save: callback,
  saveEvery: whole(0),
  signal,
  onDivergence: oneOf('stop', 'rollback'),
  divergence: anything,
  rebuild: callback,
};

const DIVERGENCE: Rules<DivergenceOptions> = {
  factor: limit,
  lrFactor: { be: 'a number above 0, at most 1', holds: (value) => share.holds(value) && (value as number) > 0 },
  maxRollbacks: whole(0),
};

/** @throws UsageError if a part is missing or something else, or the optimizer is another model's. */
export function checkParts(parts: TrainerParts): void {
  checkOptions('trainer', parts, PARTS);
  const { model, optimizer, schedule, validation } = parts;
  const own = new Set(model.parameters());
  if (!optimizer.groups.some(({ params }) => params.some((param) => own.has(param)))) {
    throw new UsageError("trainer: the optimizer has none of the model's parameters; make it from model.parameters()");
  }
  if (schedule) checkSchedule(schedule, optimizer, validation);
}

/** @throws DataError if there is nothing to train on, or nothing to validate on. */
export function checkData({ train, validation }: TrainerParts): void {
  if (train.length === 0) throw new DataError('trainer: the training data are empty, or less than one batch');
  if (validation?.length === 0)
    throw new DataError('trainer: the validation data are empty; leave them out, or split off more');
}

/** @throws DataError if an epoch gave nothing, or fewer examples (by the task's `size`) than its source promised. */
export function checkWhole(
  where: string,
  empty: string,
  { length, mayGiveFewer = false }: Pick<BatchSource, 'length' | 'mayGiveFewer'>,
  seen: number,
): void {
  if (seen === 0) throw new DataError(`${where}: ${empty}`);
  if (seen >= length || mayGiveFewer) return;
  throw new DataError(`${where}: an epoch gave ${seen} examples, its source's length promises ${length}`);
}

function checkSchedule(schedule: TrainerSchedule, optimizer: Optimizer, validation: object | undefined): void {
  checkOptions('trainer: schedule', schedule, SCHEDULE);
  const { each, rule, watch } = schedule;
  if (watch && each === 'step')
    throw new UsageError(`trainer: schedule: watch '${watch}' is of epochs, the schedule is stepped each 'step'`);
  if (watch?.startsWith('val_') && !validation)
    throw new UsageError(`trainer: schedule: watch '${watch}' needs validation data`);
  if (watch && rule instanceof ReduceLROnPlateau && rule.mode === 'min' && moreIsBetter(watch))
    throw new UsageError(
      `trainer: schedule: more of '${watch}' is better, and ReduceLROnPlateau waits for it to fall; give it { mode: 'max' }`,
    );
  const { optimizer: own = optimizer } = rule as { optimizer?: Optimizer };
  if (own !== optimizer)
    throw new UsageError('trainer: schedule: its rule was made around another optimizer than the trainer has');
}

/** @throws UsageError if the step would train nothing. */
export function checkGradients(params: readonly Tensor[]): void {
  if (params.some((param) => param.grad)) return;
  throw new UsageError(
    'trainer: no parameter of the optimizer got a gradient: they are frozen (unfreeze trains them), or the model does not use them',
  );
}

/** @throws UsageError for options that `fit` does not know or cannot use. */
export function checkFit(options: FitOptions): void {
  checkOptions('fit', options, FIT);
  if (options.divergence !== undefined) checkOptions('fit: divergence', options.divergence, DIVERGENCE);
}

/** @throws UsageError unless they are a model, a task and a source of batches. */
export function checkEvaluation<B extends object, M extends AnyModule>(parts: EvaluationParts<B, M>): void {
  const rules = {
    model: required(model),
    task: required(task),
    data: required(source),
    precision: oneOf('f32', 'f16'),
    onProgress: callback,
    signals: list,
  };
  checkOptions('evaluate', parts, rules);
}

/** @throws UsageError, ShapeError or DataError unless a task gave a scalar loss and a number of examples. */
export function checkStep(where: string, result: StepResult): void {
  const { loss, size } = Object(result) as Partial<StepResult>;
  if (!(loss instanceof Tensor)) {
    const hint = result instanceof Promise ? ' (a task is not async: what it reads is read by the trainer)' : '';
    throw new UsageError(
      `${where}: a task gives { loss, size, metrics }, with a tensor as its loss; got ${showValue(result)}${hint}`,
    );
  }
  if (loss.size !== 1) throw new ShapeError(`${where}: a loss is a scalar, the task gives ${showShape(loss.shape)}`);
  if (!isWhole(size))
    throw new UsageError(`${where}: a task says how many examples its batch has, size is ${showValue(size)}`);
  if (size === 0) throw new DataError(`${where}: a batch has no examples`);
}

/** @throws UsageError unless they are a model, numbers, sizes and a number of crops. */
export function checkPrediction(given: {
  model: Module;
  images: Float32Array;
  imageShape: readonly number[];
  crops: number;
  precision: 'f32' | 'f16';
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
    precision: oneOf('f32', 'f16'),
  });
}
