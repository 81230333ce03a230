// What a report is made of: plain values, so that a run of any task can be told, and kept as JSON.
import { showValue, UsageError } from '../errors.js';
import { checkOptions, type Rule, type Rules, required } from '../options.js';

/** Named values of a run's configuration or environment, such as { batch: 32, optimizer: { name: 'SGD', lr: 0.01 } }. */
export interface Values {
  readonly [name: string]: Value;
}

/** What a named value may be. */
export type Value = string | number | boolean | null | undefined | readonly Value[] | Values;

/** Figures of one epoch; a trainer's `EpochRecord` is one. */
export interface EpochFigures {
  /** From 1. */
  epoch: number;
  /** Optimizer steps so far. */
  step: number;
  /** At its end. */
  learningRate: number;
  /** Seconds of training so far. */
  seconds: number;
  /** Of these, seconds in which the next batch was waited for. Default: not known. */
  waited?: number;
  /** By name, as Keras has them: 'loss', 'accuracy', validation's as 'val_loss'. NaN is shown as such; what is missing was not measured. */
  metrics: Readonly<Record<string, number>>;
}

/** Figures of one step, such as a batch's loss. */
export interface StepFigures {
  /** Optimizer steps so far. */
  step: number;
  /** By name. */
  metrics: Readonly<Record<string, number>>;
}

/** How many examples a set has. */
export interface SetCounts {
  /** Such as 'training'. */
  name: string;
  /** Examples in all. */
  count: number;
  /** By class, where there are classes. */
  classes?: Readonly<Record<string, number>>;
}

/** What a run was, beside its figures: what `run.json` keeps, for its report and for comparisons. */
export interface RunFacts {
  /** Such as 'AlexNet on pictures/animals'. */
  title: string;
  /** A sentence or two below the title. */
  summary?: string;
  /** When it began: ISO 8601, such as '2026-11-26T21:00:00Z'. */
  started?: string;
  /** Every setting that the run was given. */
  configuration?: Values;
  /** Adapter, driver, versions. */
  environment?: Values;
  /** The sets it used. */
  data?: readonly SetCounts[];
  /** What a test found after training, by name, such as { accuracy: 0.84 }. */
  results?: Readonly<Record<string, number>>;
}

const text: Rule = { be: 'a text', holds: (value) => typeof value === 'string' };
/** A list, whatever it holds. */
export const list: Rule = { be: 'a list', holds: Array.isArray };
const names: Rule = { be: 'an object of named values', holds: isObject };

const isText = (value: unknown) => typeof value === 'string';
const isNumber = (value: unknown) => typeof value === 'number';

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFigures(value: unknown): boolean {
  if (!isObject(value) || !isObject(value.metrics)) return false;
  const { epoch, step, learningRate, seconds, waited = 0, metrics } = value;
  return [epoch, step, learningRate, seconds, waited, ...Object.values(metrics)].every(isNumber);
}

function isSet(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { name, count, classes = {} } = value;
  return isText(name) && isNumber(count) && isObject(classes) && Object.values(classes).every(isNumber);
}

/** A list of what `each` accepts. */
export const listOf = (be: string, each: (value: unknown) => boolean): Rule => ({
  be: `a list of ${be}`,
  holds: (value) => Array.isArray(value) && value.every(each),
});

/** The rules of RunFacts' options. */
export const FACTS: Rules<RunFacts> = {
  title: required(text),
  summary: text,
  started: {
    be: "a date such as '2026-11-26T21:00:00Z'",
    holds: (value) => isText(value) && !Number.isNaN(Date.parse(value as string)),
  },
  configuration: names,
  environment: names,
  data: listOf('sets, { name, count, classes }', isSet),
  results: { be: 'an object of numbers', holds: (value) => isObject(value) && Object.values(value).every(isNumber) },
};

/** An epoch's figures each. */
export const HISTORY: Rule = required(
  listOf("epochs' figures, { epoch, step, learningRate, seconds, metrics }", isFigures),
);

/** The figures of steps, each. */
export const STEPS: Rule = listOf(
  "steps' figures, { step, metrics }",
  (value) => isObject(value) && isNumber(value.step) && isObject(value.metrics),
);

/**
 * The text of `run.json`. Numbers that JSON does not have (NaN, infinities) are kept as texts.
 * @throws UsageError for facts that it does not know.
 */
export function writeRunFacts(facts: RunFacts): string {
  checkOptions('writeRunFacts', facts, FACTS);
  const plain = (_: string, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  return `${JSON.stringify(facts, plain, 2)}\n`;
}

/**
 * Reads what `writeRunFacts` wrote. `name` is the file's, for messages.
 * @throws UsageError if it is something else.
 */
export function readRunFacts(json: string, name: string): RunFacts {
  let facts: RunFacts;
  try {
    facts = JSON.parse(json);
  } catch (error) {
    throw new UsageError(`${name}: is not JSON (${(error as Error).message})`, { cause: error });
  }
  if (!isObject(facts))
    throw new UsageError(`${name}: should be an object of facts of a run, it is ${showValue(facts)}`);
  const results = isObject(facts.results) && Object.entries(facts.results).map(([key, v]) => [key, numberOf(v)]);
  const read = results ? { ...facts, results: Object.fromEntries(results) } : facts;
  checkOptions(name, read, FACTS);
  return read;
}

const numberOf = (value: unknown) => (/^(NaN|-?Infinity)$/.test(String(value)) ? Number(value) : value);

/** Nested values as rows: ['optimizer.lr', '0.01']. */
export function flatten(values: Values, path = ''): [name: string, value: string][] {
  return Object.entries(values).flatMap(([key, value]): [string, string][] => {
    if (value === undefined) return [];
    const at = path ? `${path}.${key}` : key;
    return isObject(value) && Object.keys(value).length > 0 ? flatten(value as Values, at) : [[at, showSetting(value)]];
  });
}

function showSetting(value: Value): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.map(showSetting).join(', ');
  if (isObject(value)) return JSON.stringify(value);
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}
