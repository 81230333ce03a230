// The receiver operating characteristic: how many of a class are found, at each rate of false alarms.
import { showValue, UsageError } from '../errors.js';
import { spread } from './thin.js';

/** A curve, and the area below it. */
export interface RocCurve {
  /** What is found, such as a class. */
  name: string;
  /** (false positive rate, true positive rate), from (0, 0) to (1, 1). */
  points: readonly (readonly [number, number])[];
  /** From 0 to 1; 0.5 is guessing. NaN where one of the two kinds is missing. */
  area: number;
}

const MOST_POINTS = 1000;

/**
 * The curve of `scores` (larger: more likely) for examples that are positive where `positive` is not 0. Equal scores are one point,
 * as in scikit-learn's roc_curve; of more than 1,000 points an even choice is kept, the area is of all.
 * @throws UsageError if there are not as many of both, or a score is NaN.
 */
export function rocCurve(name: string, scores: ArrayLike<number>, positive: ArrayLike<number | boolean>): RocCurve {
  if (scores.length !== positive.length) {
    throw new UsageError(`rocCurve: ${scores.length} scores for ${positive.length} examples`);
  }
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a]);
  const bad = order.find((i) => Number.isNaN(scores[i]));
  if (bad !== undefined) throw new UsageError(`rocCurve: score ${bad} of ${showValue(name)} is NaN`);
  const all = order.reduce((sum, i) => sum + Number(Boolean(positive[i])), 0);
  const none = order.length - all;
  const points: [number, number][] = [[0, 0]];
  let [found, alarms, area] = [0, 0, 0];
  for (let i = 0; i < order.length; ) {
    const [score, foundBefore, alarmsBefore] = [scores[order[i]], found, alarms];
    for (; i < order.length && scores[order[i]] === score; i++) positive[order[i]] ? found++ : alarms++;
    area += ((alarms - alarmsBefore) * (found + foundBefore)) / 2;
    points.push([alarms / none, found / all]);
  }
  return rocOf(name, points, area / (all * none));
}

/** A curve of at most 1,000 of its points, and of none where the area is NaN: one of the two kinds is missing. */
export function rocOf(name: string, points: readonly (readonly [number, number])[], area: number): RocCurve {
  return { name, points: Number.isNaN(area) ? [] : spread(points, MOST_POINTS), area };
}
