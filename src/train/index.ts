/**
 * The training loop and what belongs to it.
 * @module wgrad/train
 */

export type { Json, Stateful } from '../checkpoint/stateful.js';
export {
  Accumulator,
  Accuracy,
  type Average,
  ClassFigure,
  type ClassFigureOptions,
  F1,
  IoU,
  MeanAbsoluteError,
  MeanSquaredError,
  type Measured,
  Metric,
  Precision,
  R2,
  type R2Options,
  Recall,
  RocAuc,
  type RocCurve,
  TopK,
} from '../metrics/index.js';
export * from './checkpoint.js';
export { DivergenceError, type DivergenceOptions, type LossTrend } from './divergence.js';
export * from './evaluate.js';
export { gradCam } from './grad-cam.js';
export { layerHistograms } from './layer-histograms.js';
export * from './metrics.js';
export type { ModelState } from './model-state.js';
export * from './predict.js';
export * from './progress.js';
export * from './report.js';
export * from './run.js';
export type { SavedState } from './saved-state.js';
export { type Snapshot, takeSnapshot } from './snapshot.js';
export * from './trainer.js';
export { type Tuned, type TuneOptions, tune } from './tune.js';
export { warmup } from './warmup.js';
