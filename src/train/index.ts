/**
 * The training loop and what belongs to it: tasks, metrics, callbacks, checkpoints.
 * @module wgrad/train
 */
export * from '../checkpoint/index.js';
export * from '../metrics/index.js';
export * from '../tuning/index.js';
export type { Alike, BatchOrder, BatchSource, OnDevice } from './batches.js';
export type { Callback, Training } from './callback.js';
export * from './callbacks/csv-logger.js';
export * from './callbacks/early-stopping.js';
export * from './callbacks/learning-rate-scheduler.js';
export * from './callbacks/model-checkpoint.js';
export * from './callbacks/model-ema.js';
export type { MonitorOptions } from './callbacks/monitor.js';
export { epochLine, ProgressBar, type ProgressBarOptions } from './callbacks/progress-bar.js';
export * from './callbacks/tensorboard.js';
export * from './callbacks/terminate-on-nan.js';
export * from './evaluate.js';
export type * from './fit.js';
export { gradCam } from './grad-cam.js';
export type { TrainerSchedule } from './kept.js';
export { layerHistograms } from './layer-histograms.js';
export * from './predict.js';
export * from './progress.js';
export type { EpochRecord, Progress, TrainerPosition } from './record.js';
export type * from './task.js';
export * from './tasks.js';
export * from './trainer.js';
