// What a learning-rate schedule of epochs is told.
import type { EpochRecord, WatchedFigure } from './run.js';

const FIGURES: Record<WatchedFigure, (record: EpochRecord) => number | null> = {
  trainLoss: ({ trainLoss }) => trainLoss,
  trainError: ({ trainAccuracy }) => 1 - trainAccuracy,
  validationLoss: ({ validationLoss }) => validationLoss,
  validationError: ({ validationAccuracy }) => (validationAccuracy === null ? null : 1 - validationAccuracy),
};

export const WATCHED_FIGURES = Object.keys(FIGURES) as WatchedFigure[];

/** The figure of an epoch that is watched: by default the validation's loss, without validation data the training's. */
export function watchedFigure(watch: WatchedFigure | undefined, record: EpochRecord): number {
  return (watch ? FIGURES[watch](record) : record.validationLoss) ?? record.trainLoss;
}
