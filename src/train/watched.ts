// What a learning-rate schedule of epochs is told.
import type { EpochRecord, WatchedFigure } from './run.js';

const FIGURES: Record<WatchedFigure, (record: EpochRecord) => number | null> = {
  trainLoss: ({ trainLoss }) => trainLoss,
  trainError: ({ trainAccuracy }) => 1 - trainAccuracy,
  validationLoss: ({ validationLoss }) => validationLoss,
  validationError: ({ validationAccuracy }) => (validationAccuracy === null ? null : 1 - validationAccuracy),
};

export const WATCHED_FIGURES = Object.keys(FIGURES) as WatchedFigure[];

/** What is watched by default: the validation's loss, without validation data the training's. */
export const usuallyWatched = (validated: boolean): WatchedFigure => (validated ? 'validationLoss' : 'trainLoss');

/** The figure of an epoch that is watched. */
export function watchedFigure(watch: WatchedFigure | undefined, record: EpochRecord): number {
  return FIGURES[watch ?? usuallyWatched(record.validationLoss !== null)](record) ?? record.trainLoss;
}
