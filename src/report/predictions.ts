// What a classifier said of each example, and the sections of a report that follow from it.

import { ShapeError } from '../errors.js';
import { checkOptions, type Rules, required, whole } from '../options.js';
import type { Confusion } from './confusion.js';
import { listOf } from './facts.js';
import type { Gallery, GalleryPicture } from './gallery.js';
import { showPercent } from './numbers.js';
import type { EncodedPicture } from './png.js';
import { type RocCurve, rocCurve } from './roc.js';

/** A classifier's answers. */
export interface Predictions {
  /** Names of the classes. */
  classes: readonly string[];
  /** (examples, classes), row-major; rows add up to 1. */
  probabilities: ArrayLike<number>;
  /** An example's class each. */
  labels: ArrayLike<number>;
  /** An example's name each, such as a file's. Default: none. */
  names?: readonly string[];
}

/** Which examples are worth a look: indices, the most telling first. */
export interface Notable {
  /** Right, and surest of it. */
  best: number[];
  /** Wrong, and surest of it. */
  worst: number[];
  /** The two likeliest classes nearest to each other. */
  uncertain: number[];
}

/** Sections of a report: what `reportHtml` takes under the same names. */
export interface PredictionParts {
  /** What was called what. */
  confusion: Confusion;
  /** A curve a class, each against all others; of two classes one. More than eight are left out. */
  roc: RocCurve[];
  /** Best, worst and most uncertain, of those whose pictures were given. */
  galleries: Gallery[];
}

const RULES: Rules<Predictions> = {
  classes: required(listOf('names', (name) => typeof name === 'string')),
  probabilities: required({ be: 'a list of numbers', holds: isArrayLike }),
  labels: required({ be: 'a list of classes', holds: isArrayLike }),
  names: listOf('names', (name) => typeof name === 'string'),
};

const MOST_CURVES = 8;

function isArrayLike(value: unknown): boolean {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

interface Answer {
  index: number;
  label: number;
  called: number;
  probability: number;
  /** How far the likeliest is ahead of the next. */
  lead: number;
}

function check(where: string, predictions: Predictions): void {
  checkOptions(where, predictions, RULES);
  const { classes, probabilities, labels, names } = predictions;
  const expected = classes.length * labels.length;
  if (probabilities.length !== expected) {
    throw new ShapeError(
      `${where}: ${probabilities.length} probabilities for ${labels.length} labels of ${classes.length} classes, expected ${expected}`,
    );
  }
  if (names && names.length !== labels.length)
    throw new ShapeError(`${where}: ${names.length} names for ${labels.length} labels`);
  for (let i = 0; i < labels.length; i++) {
    if (classes[labels[i]] !== undefined) continue;
    throw new ShapeError(`${where}: label ${i} is ${labels[i]}, the classes are 0 to ${classes.length - 1}`);
  }
}

function answers({ classes, probabilities, labels }: Predictions): Answer[] {
  const n = classes.length;
  return Array.from({ length: labels.length }, (_, index) => {
    let [called, probability, next] = [0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let c = 0; c < n; c++) {
      const p = probabilities[index * n + c];
      if (p > probability) [called, probability, next] = [c, p, probability];
      else if (p > next) next = p;
    }
    return { index, label: labels[index], called, probability, lead: probability - next };
  }).filter(({ probability }) => probability > Number.NEGATIVE_INFINITY); // of NaN alone nothing can be said
}

/**
 * The examples of which a report shows pictures: encode these, and give them to `predictionParts`.
 * @throws UsageError or ShapeError for predictions that do not fit together.
 */
export function notablePredictions(predictions: Predictions, options: { count?: number } = {}): Notable {
  checkOptions('notablePredictions', options, { count: whole(1) });
  check('notablePredictions', predictions);
  const { count = 6 } = options;
  const all = answers(predictions);
  const first = (list: Answer[], by: (a: Answer) => number) =>
    [...list]
      .sort((a, b) => by(a) - by(b) || a.index - b.index)
      .slice(0, count)
      .map(({ index }) => index);
  return {
    best: first(
      all.filter((a) => a.called === a.label),
      (a) => -a.probability,
    ),
    worst: first(
      all.filter((a) => a.called !== a.label),
      (a) => -a.probability,
    ),
    uncertain: first(all, (a) => a.lead),
  };
}

/**
 * Confusion matrix, ROC curves and galleries for `reportHtml`. `pictures`: PNG or JPEG by the example's index; those that are
 * notable are shown. Default: no galleries.
 * @throws UsageError or ShapeError for predictions that do not fit together.
 */
export function predictionParts(
  predictions: Predictions,
  pictures: ReadonlyMap<number, EncodedPicture> = new Map(),
  options: { count?: number } = {},
): PredictionParts {
  const chosen = notablePredictions(predictions, options);
  const all = answers(predictions);
  const { classes } = predictions;
  const counts = classes.map(() => classes.map(() => 0));
  const undecided = classes.map(() => 0);
  for (let i = 0; i < predictions.labels.length; i++) undecided[predictions.labels[i]]++;
  for (const { label, called } of all) {
    counts[label][called]++;
    undecided[label]--;
  }
  const byIndex = new Map(all.map((answer) => [answer.index, answer]));
  const shown = (indices: number[]) =>
    indices.flatMap((i) => (pictures.has(i) ? [captioned(predictions, byIndex.get(i)!, pictures.get(i)!)] : []));
  const galleries = [
    { title: 'Right, and surest', pictures: shown(chosen.best) },
    { title: 'Wrong, and surest', pictures: shown(chosen.worst) },
    { title: 'Most uncertain', pictures: shown(chosen.uncertain) },
  ];
  return {
    confusion: { classes, counts, undecided },
    roc: curves(predictions, all),
    galleries: galleries.filter((g) => g.pictures.length > 0),
  };
}

function captioned({ classes, names }: Predictions, answer: Answer, picture: EncodedPicture): GalleryPicture {
  const { label, called, probability, index } = answer;
  const right = label === called;
  const note = [right ? '' : `is ${classes[label]}`, names?.[index] ?? ''].filter(Boolean).join(' · ');
  return {
    picture,
    caption: `${classes[called]} ${showPercent(probability)}`,
    note,
    verdict: right ? 'right' : 'wrong',
  };
}

function curves({ classes, probabilities }: Predictions, all: readonly Answer[]): RocCurve[] {
  const n = classes.length;
  if (n < 2 || n > MOST_CURVES) return [];
  const found = n === 2 ? [1] : classes.map((_, c) => c);
  return found
    .map((c) =>
      rocCurve(
        classes[c],
        all.map(({ index }) => probabilities[index * n + c]),
        all.map(({ label }) => label === c),
      ),
    )
    .filter(({ points }) => points.length > 0);
}
