// What a checkpoint keeps besides tensors, and the checks that stand between a file's JSON and a trainer.
import { CheckpointError, showValue } from '../errors.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { ScheduleState } from '../optim/schedule.js';
import type { rngState } from '../tensor/seed.js';
import { type ModelState, unknownPath } from './model-state.js';
import type { BatchOrder, BatchSource, TrainerParts, TrainerPosition } from './run.js';
import { usuallyWatched } from './watched.js';

/** Everything about a run that is not a tensor. */
export interface SavedState {
  /** Where the trainer stood. */
  position: TrainerPosition;
  /** What of the model is frozen, or in evaluation mode. */
  model: ModelState;
  /** Settings of each group, and steps and updates so far. */
  optimizer: ReturnType<Optimizer['settings']>;
  /** Null without a schedule. */
  schedule: ScheduleState | null;
  /** When it is stepped and with what, such as 'each epoch, watching trainLoss'; missing in files of earlier versions. */
  stepped?: string;
  /** The generator of random numbers on the GPU. */
  rng: ReturnType<typeof rngState>;
  /** Of the training data; a run cannot go on with others. */
  data: {
    /** Images in an epoch. */
    length: number;
    /** Null if the source does not say; missing in files of earlier versions. */
    orderedBy?: BatchOrder | null;
  };
}

type Check = (value: unknown, field: string) => void;

/** Keys that would reach an object's prototype instead of the object. */
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/** Reads the JSON of a checkpoint. @throws CheckpointError naming the file and the field that is not as it should be. */
export function parseSavedState(text: string, file: string): SavedState {
  const where = `${file}: state`;
  let value: unknown;
  try {
    value = JSON.parse(text, (key, inner) => {
      if (FORBIDDEN.includes(key)) throw new CheckpointError(`${where} has a field '${key}', which no checkpoint has`);
      return inner;
    });
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(`${where} is not JSON (${(error as Error).message})`, { cause: error });
  }
  savedState(value, where);
  return value as SavedState;
}

function bad(value: unknown, field: string, expected: string): never {
  const shown = JSON.stringify(value) ?? 'missing';
  const got = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
  throw new CheckpointError(`${field} should be ${expected}, it is ${got}`);
}

const number: Check = (value, field) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) bad(value, field, 'a number');
};

const whole: Check = (value, field) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) bad(value, field, 'a whole number, 0 or more');
};

const text: Check = (value, field) => {
  if (typeof value !== 'string') bad(value, field, 'a text');
};

const orNull =
  (check: Check): Check =>
  (value, field) => {
    if (value !== null) check(value, field);
  };

const maybe =
  (check: Check): Check =>
  (value, field) => {
    if (value !== undefined) check(value, field);
  };

const plainValues: Check = (value, field) => {
  anyObject(value, field);
  for (const [key, item] of Object.entries(value as object))
    if (!['string', 'number', 'boolean'].includes(typeof item))
      bad(item, `${field}.${key}`, 'a text, a number or a flag');
};

const list =
  (check: Check): Check =>
  (value, field) => {
    if (!Array.isArray(value)) bad(value, field, 'a list');
    for (const [i, item] of (value as unknown[]).entries()) check(item, `${field}[${i}]`);
  };

const record =
  (checks: Record<string, Check>): Check =>
  (value, field) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) bad(value, field, 'an object');
    for (const [key, check] of Object.entries(checks))
      check((value as Record<string, unknown>)[key], `${field}.${key}`);
  };

const anyObject = record({});

const savedState = record({
  position: record({
    ...{ epoch: whole, batch: whole, step: whole, seconds: number, bestLoss: orNull(number), correct: whole },
    loss: record({ sum: number, weight: number }),
    watch: record({ count: whole, start: number, recent: number }),
    ...{ lrScale: number, rollbacks: whole },
    history: list(
      record({
        ...{ epoch: whole, step: whole, learningRate: number, trainLoss: number, trainAccuracy: number },
        ...{ validationLoss: orNull(number), validationAccuracy: orNull(number), seconds: number },
      }),
    ),
  }),
  model: record({ frozen: list(text), evaluating: list(text) }),
  optimizer: record({ steps: whole, updates: list(whole), groups: list(anyObject) }),
  schedule: orNull(anyObject),
  stepped: maybe(text),
  rng: record({ seed: whole, stream: whole }),
  data: record({ length: whole, orderedBy: maybe(orNull(plainValues)) }),
});

/** Whether `value` has the form of `own`: the same fields, of the same types, lists as long. */
function alike(value: unknown, own: unknown, field: string): void {
  if (typeof own === 'number') number(value, field);
  else if (Array.isArray(own)) {
    if (!Array.isArray(value) || value.length !== own.length) bad(value, field, `a list of ${own.length}`);
    for (const [i, item] of own.entries()) alike((value as unknown[])[i], item, `${field}[${i}]`);
  } else if (typeof own === 'object' && own !== null) {
    anyObject(value, field);
    for (const [key, item] of Object.entries(own))
      alike((value as Record<string, unknown>)[key], item, `${field}.${key}`);
    const extra = Object.keys(value as object).find((key) => !Object.hasOwn(own, key));
    if (extra !== undefined) throw new CheckpointError(`${field} has '${extra}', which this run's has not`);
  } else if (typeof value !== typeof own) bad(value, field, `a ${typeof own}`);
}

/** When a schedule is stepped, and with what: a plateau's best figure is of one kind. Rules that count take no figure. */
export function steppedBy({ schedule, validation }: TrainerParts): string | undefined {
  if (schedule === undefined) return undefined;
  const { each, rule } = schedule;
  const usual = each === 'epoch' && rule.step.length > 0 ? usuallyWatched(validation !== undefined) : undefined;
  const { watch = usual } = schedule;
  return `each ${each}${watch ? `, watching ${watch}` : ''}`;
}

/**
 * Checks that a saved state is of a run made from parts of this kind.
 * @throws CheckpointError naming the file and the first field that does not fit.
 */
export function checkFits(saved: SavedState, parts: TrainerParts, file: string): void {
  const { model, optimizer, schedule, train } = parts;
  const unknown = unknownPath(model, saved.model);
  if (unknown !== undefined)
    throw new CheckpointError(`${file}: state.model has '${unknown}', which the model has not`);
  alike({ lrScale: 1, ...saved.optimizer }, optimizer.settings(), `${file}: state.optimizer`);
  if ((saved.schedule === null) !== (schedule === undefined)) {
    const [then, now] = saved.schedule ? ['with', 'without'] : ['without', 'with'];
    throw new CheckpointError(`${file}: saved ${then} a learning-rate schedule, this run is ${now} one`);
  }
  if (schedule) alike(saved.schedule, schedule.rule.state(), `${file}: state.schedule`);
  const now = steppedBy(parts);
  if (saved.stepped !== undefined && saved.stepped !== now)
    throw new CheckpointError(
      `${file}: saved with a schedule that is stepped ${saved.stepped}, this run's is stepped ${now}`,
    );
  const { length } = saved.data;
  if (length !== train.length) {
    throw new CheckpointError(
      `${file}: saved while an epoch had ${length} images, it has ${train.length} now; ` +
        'a run goes on with the data it began with',
    );
  }
  checkOrder(saved, train, file);
}

/** A resumed epoch goes on behind its first batches: what orders it must be as it was, or some images come twice and some never. */
function checkOrder({ data, position }: SavedState, { orderedBy: now }: BatchSource, file: string): void {
  const { orderedBy: then } = data;
  if (!then || !now) return;
  const names = position.batch > 0 ? [...new Set([...Object.keys(then), ...Object.keys(now)])] : ['pictures'];
  const differing = names.filter((name) => then[name] !== now[name]);
  if (differing.length === 0) return;
  const changes = differing.map((name) => `${name} was ${showValue(then[name])}, it is ${showValue(now[name])} now`);
  const where =
    position.batch > 0
      ? `in the middle of epoch ${position.epoch + 1}, after ${position.batch} batches`
      : 'with other images';
  throw new CheckpointError(
    `${file}: saved ${where}: ${changes.join('; ')}; a run goes on with the data it began with, in the same order`,
  );
}
