// What a run reports of itself, and where it stands.

import type { LossTrend } from '../checkpoint/divergence.js';
import { dictionary, list, number, record, whole } from '../checkpoint/json.js';
import type { Json } from '../checkpoint/stateful.js';
import { UsageError } from '../errors.js';

/** What an epoch came to. */
export interface EpochRecord {
  /** From 1. */
  epoch: number;
  /** Optimizer steps so far. */
  step: number;
  /** At its end, before a schedule of epochs is stepped. */
  learningRate: number;
  /** Seconds of training so far, resumed parts included. */
  seconds: number;
  /** Of these, seconds in which the next batch was waited for. */
  waited: number;
  /**
   * By name: 'loss' and what the task names, means over the epoch while the weights changed; those of validation, after the epoch, as 'val_loss'
   * and so on. Keras: the logs of on_epoch_end.
   */
  metrics: Record<string, number>;
}

/** What a step left behind, for progress lines. */
export interface Progress {
  /** From 1. */
  epoch: number;
  /** Optimizer steps so far. */
  step: number;
  /** Examples whose losses have come back, of this epoch or of the validation pass. */
  examples: number;
  /** Examples in this epoch, or in the validation pass. */
  examplesInEpoch: number;
  /** What is under way. */
  phase: 'train' | 'validation';
  /** Means over the epoch so far: 'loss' (NaN before the first has come back), and the rest as often as `metricsEvery` says. Of training, in validation too. */
  metrics: Readonly<Record<string, number>>;
  /** The latest loss that has come back, a step or two old; NaN before there is one. */
  batchLoss: number;
}

/** Where a trainer stands: one plain value. */
export interface TrainerPosition {
  /** Epochs done. */
  epoch: number;
  /** Batches done of the epoch under way. */
  batch: number;
  /** Examples of the epoch under way so far. */
  examples: number;
  /** Optimizer steps done. */
  step: number;
  /** Seconds of training so far. */
  seconds: number;
  /** Of these, seconds in which the next batch was waited for. */
  waited: number;
  /** The epoch's mean loss so far. */
  loss: {
    /** Of losses times their examples. */
    sum: number;
    /** Examples. */
    weight: number;
  };
  /** What is known of the losses so far, to tell when they explode. */
  trend: LossTrend;
  /** The epochs done. */
  history: EpochRecord[];
}

/** A run's beginning. */
export const START: TrainerPosition = {
  ...{ epoch: 0, batch: 0, examples: 0, step: 0, seconds: 0, waited: 0 },
  loss: { sum: 0, weight: 0 },
  trend: { count: 0, start: 0, recent: 0 },
  history: [],
};

const position = record({
  ...{ epoch: whole, batch: whole, examples: whole, step: whole, seconds: number, waited: number },
  loss: record({ sum: number, weight: number }),
  trend: record({ count: whole, start: number, recent: number }),
  history: list(
    record({
      ...{ epoch: whole, step: whole, learningRate: number, seconds: number, waited: number },
      metrics: dictionary((value, field) => (value === null ? undefined : number(value, field))), // null was NaN
    }),
  ),
});

/** Why a value is no trainer's position, or undefined. */
export function positionMismatch(value: Json): string | undefined {
  return position(value, 'state.position');
}

/** A copy, in which metrics that JSON made null are NaN again. @throws UsageError for what is no position. */
export function positionOf(given: TrainerPosition): TrainerPosition {
  const wrong = position(JSON.parse(JSON.stringify(given ?? null)), 'position');
  if (wrong) throw new UsageError(`trainer: ${wrong}`);
  const copy = structuredClone(given);
  for (const { metrics } of copy.history) for (const name of Object.keys(metrics)) metrics[name] ??= Number.NaN;
  return copy;
}

/** Moves a position to the next epoch; gives the record of the one that is done, which is in its history then. */
export function endEpoch(
  at: TrainerPosition,
  figures: Pick<EpochRecord, 'learningRate' | 'seconds' | 'metrics'>,
): EpochRecord {
  at.epoch++;
  at.batch = 0;
  const record = { epoch: at.epoch, step: at.step, waited: at.waited, ...figures };
  at.history.push(record);
  return record;
}
