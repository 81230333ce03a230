// What a report can show, and whether it was given that.
import type { Rules } from '../options.js';
import { type Confusion, isConfusion } from './confusion.js';
import { type EpochFigures, FACTS, HISTORY, listOf, type RunFacts, STEPS, type StepFigures } from './facts.js';
import { type Filters, isFilters } from './filters.js';
import { type Gallery, isGallery } from './gallery.js';
import { isHistogram, type LayerHistogram } from './histogram.js';
import type { RocCurve } from './roc.js';

/** Everything that a report shows. What is not given has no section. */
export interface ReportParts extends RunFacts {
  /** The epochs, for the curves: a trainer's `history`. */
  history: readonly EpochFigures[];
  /** Single steps, drawn thin behind the epochs. Default: none. */
  steps?: readonly StepFigures[];
  /** What was called what. Default: none. */
  confusion?: Confusion;
  /** What was tested on, such as 'validation': the heading of matrix, curves and results. Default 'test'. */
  testedOn?: string;
  /** Curves of `rocCurve`. Default: none. */
  roc?: readonly RocCurve[];
  /** Predictions, masks, samples, with their pictures. Default: none. */
  galleries?: readonly Gallery[];
  /** A first convolution's weight, as pictures. Default: none. */
  filters?: Filters;
  /** Weights and gradients, layer by layer: `layerHistograms` of `wgrad/train`. Default: none. */
  histograms?: readonly LayerHistogram[];
  /** The network as text, such as `summary(model)`. Default: none. */
  model?: string;
}

function isRoc(value: unknown): boolean {
  const { name, points, area } = (value ?? {}) as Partial<RocCurve>;
  return typeof name === 'string' && typeof area === 'number' && Array.isArray(points) && points.every(isPair);
}

const isPair = (value: unknown) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);

function isLayer(value: unknown): boolean {
  const { name, values, gradient } = (value ?? {}) as Partial<LayerHistogram>;
  return typeof name === 'string' && isHistogram(values) && (gradient === undefined || isHistogram(gradient));
}

/** The rules of a report's options. */
export const PARTS: Rules<ReportParts> = {
  ...FACTS,
  history: HISTORY,
  steps: STEPS,
  confusion: { be: 'a confusion matrix, { classes, counts }', holds: isConfusion },
  testedOn: { be: 'a text', holds: (value) => typeof value === 'string' },
  roc: listOf("rocCurve's curves, { name, points, area }", isRoc),
  galleries: listOf('galleries, { title, pictures: [{ picture, caption }] }', isGallery),
  filters: { be: "a convolution's weight, { shape, data } of four dimensions", holds: isFilters },
  histograms: listOf("layers' histograms, { name, values, gradient }", isLayer),
  model: { be: 'a text', holds: (value) => typeof value === 'string' },
};
