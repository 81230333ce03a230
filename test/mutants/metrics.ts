// Faults in metrics.
import { type Fault, planted } from './fault.js';

export const metricFaults: readonly Fault[] = planted('metrics/golden-metrics', [
  [
    'src/metrics/answers.ts',
    'a row with a NaN calls the first class',
    "cast(argmax(scores, 1), 'f32'), -1)",
    "cast(argmax(scores, 1), 'f32'), 0)",
  ],
  [
    'src/metrics/answers.ts',
    'ignored rows are of the first class',
    'reshape(numbers, rows), -1)',
    'reshape(numbers, rows), 0)',
  ],
  ['src/metrics/answers.ts', 'a logit of NaN calls the second class', 'gt(scores, 0), -1)', 'gt(scores, 0), 1)'],
  [
    'src/metrics/class-figures.ts',
    'ignored rows count as called',
    'where(counts, called, -1)',
    'where(counts, called, called)',
  ],
  [
    'src/metrics/class-figures.ts',
    'classes that occur nowhere have a part in the mean',
    'Number(called + actual > 0)',
    'Number(called + actual >= 0)',
  ],
  [
    'src/metrics/class-figures.ts',
    'what is right counts twice in a union',
    'called + actual - right',
    'called + actual',
  ],
  [
    'src/metrics/accuracy.ts',
    'of equal scores all come first',
    'ge(scores, score)',
    'gt(scores, score)',
    'metrics/metrics',
  ],
  [
    'src/metrics/accuracy.ts',
    'a row with a NaN is right among many',
    'ge(called, 0))',
    'ge(called, -1))',
    'metrics/golden-metrics',
  ],
  [
    'src/metrics/confusion-matrix.ts',
    'true and called classes are exchanged',
    'mul(actual, length + 1), column)',
    'mul(column, length + 1), actual)',
  ],
  [
    'src/metrics/confusion-matrix.ts',
    'true and called classes of the host are exchanged',
    'this.cells[labels[i] * (n + 1) + column]++',
    'this.cells[column * (n + 1) + labels[i]]++',
    'train/metrics',
  ],
  [
    'src/metrics/confusion-matrix.ts',
    'scores of the host that are NaN count as the first class',
    '? n : called',
    '? 0 : called',
    'train/metrics',
  ],
  ['src/metrics/roc-auc.ts', 'a pair of equals counts as won', '(won + tied / 2)', '(won + tied)'],
  [
    'src/metrics/roc-auc.ts',
    'a positive with NaN is ranked first',
    'mul(sub(1, actual), bins + 1)',
    'mul(actual, bins + 1)',
  ],
  [
    'src/metrics/regression.ts',
    'R2 forgets where the middle is',
    'squares - all ** 2 / rows',
    'squares - (0 * all) / rows',
  ],
  [
    'src/metrics/regression.ts',
    'targets that are the same are divided by',
    'spread > SAME * squares',
    'spread >= 0 * SAME',
    'metrics/metrics',
  ],
  [
    'src/metrics/metric.ts',
    'a batch takes the place of the one in its slot',
    'add(before ?? 0, sums)',
    'add(0, sums)',
    'metrics/metrics',
  ],
  [
    'src/kernels/count.wgsl',
    'what is above all bins counts in the last one',
    'if (k < p.bins) { atomicAdd(&y[k], 1u); }',
    'atomicAdd(&y[min(k, p.bins - 1u)], 1u);',
  ],
]);
