/**
 * The record of a run: report.html, comparisons, TensorBoard's event files. Plain values in, text and bytes out; nothing here
 * needs a device, so it works in Node and in pages.
 * @module wgrad/report
 */

export { type ComparedRun, compareHtml } from './compare-html.js';
export type { Confusion } from './confusion.js';
export {
  type EpochFigures,
  type RunFacts,
  readRunFacts,
  type SetCounts,
  type StepFigures,
  type Value,
  type Values,
  writeRunFacts,
} from './facts.js';
export type { Filters, Heat } from './filters.js';
export type { Gallery, GalleryPicture } from './gallery.js';
export { type Histogram, histogramOf, type LayerHistogram } from './histogram.js';
export { metricsCsv, readMetricsCsv } from './metrics-csv.js';
export type { ReportParts } from './parts.js';
export { type EncodedPicture, encodePng } from './png.js';
export {
  type Notable,
  notablePredictions,
  type PredictionParts,
  type Predictions,
  predictionParts,
} from './predictions.js';
export { reportHtml } from './report-html.js';
export { reportSvg } from './report-svg.js';
export { type RocCurve, rocCurve } from './roc.js';
export { type TensorBoardOptions, TensorBoardWriter } from './tensorboard.js';
