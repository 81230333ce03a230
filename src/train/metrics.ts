// Numbers about predictions, computed on the host in float64.
import { DataError, ShapeError, UsageError } from '../errors.js';

/** A weighted running mean. */
export class Mean {
  constructor(
    /** Of values times their weights. */
    public sum = 0,
    /** Of all values. */
    public weight = 0,
  ) {}

  /** Takes a value in; `weight` 1 by default. */
  add(value: number, weight = 1): void {
    this.sum += value * weight;
    this.weight += weight;
  }

  /** The mean; NaN before the first value. */
  get value(): number {
    return this.weight === 0 ? Number.NaN : this.sum / this.weight;
  }
}

/**
 * Rows of logits (count, classes), row-major, as probabilities in float64.
 * @throws UsageError if they are not whole rows of `classes`, 1 or more.
 */
export function softmaxRows(logits: ArrayLike<number>, classes: number): Float64Array {
  if (!(Number.isInteger(classes) && classes > 0 && logits.length % classes === 0))
    throw new UsageError(`softmaxRows: ${logits.length} logits are not rows of ${classes} classes`);
  const out = Float64Array.from(logits);
  for (let row = 0; row < out.length; row += classes) {
    const values = out.subarray(row, row + classes);
    const top = Math.max(...values);
    let sum = 0;
    for (let i = 0; i < classes; i++) sum += values[i] = Math.exp(values[i] - top);
    for (let i = 0; i < classes; i++) values[i] /= sum;
  }
  return out;
}

/** The place of the largest of `classes` values from `start` on; the first of equals. NaN is the largest, as in PyTorch. */
export function argmaxRow(values: ArrayLike<number>, start: number, classes: number): number {
  let best = 0;
  for (let i = 0; i < classes; i++) {
    const value = values[start + i];
    if (Number.isNaN(value)) return i;
    if (value > values[start + best]) best = i;
  }
  return best;
}

/** How often each true class (row) was called each class (column). */
export class ConfusionMatrix {
  /** counts[true class][called class]. */
  readonly counts: number[][];
  /** By true class, predictions whose scores hold NaN: they call no class, and are wrong. */
  readonly undecided: number[];

  constructor(
    /** Names of the classes. */
    readonly classes: readonly string[],
  ) {
    this.counts = classes.map(() => classes.map(() => 0));
    this.undecided = classes.map(() => 0);
  }

  /**
   * Adds predictions given as rows of logits or probabilities, (labels, classes): the largest is what is called.
   * @throws ShapeError if there are more or fewer scores; DataError for a label that is no class. Nothing is added then.
   */
  add(scores: ArrayLike<number>, labels: ArrayLike<number>): void {
    const n = this.classes.length;
    if (scores.length !== labels.length * n) {
      throw new ShapeError(
        `ConfusionMatrix: ${scores.length} scores for ${labels.length} labels of ${n} classes, expected ${labels.length * n}`,
      );
    }
    for (let i = 0; i < labels.length; i++) {
      if (this.counts[labels[i]]) continue;
      throw new DataError(`ConfusionMatrix: a label is ${labels[i]}, the classes are 0 to ${n - 1}`);
    }
    for (let i = 0; i < labels.length; i++) {
      const called = argmaxRow(scores, i * n, n);
      if (Number.isNaN(scores[i * n + called])) this.undecided[labels[i]]++;
      else this.counts[labels[i]][called]++;
    }
  }

  /** Predictions in all, undecided ones too. */
  get total(): number {
    return [...this.counts.flat(), ...this.undecided].reduce((a, b) => a + b, 0);
  }

  /** Right answers. */
  get correct(): number {
    return this.counts.reduce((sum, row, i) => sum + row[i], 0);
  }

  /** Share of right answers, 0 to 1; NaN without predictions. */
  get accuracy(): number {
    return this.correct / this.total;
  }

  /** A table for people: true classes down, predictions across, with recall and precision. */
  toString(): string {
    const percent = (part: number, whole: number) => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`);
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    const columns = this.classes.map((_, j) => sum(this.counts.map((row) => row[j])));
    const asked = sum(this.undecided) > 0; // the column of those that call no class is shown where there are any
    const table = [
      ['', ...this.classes.map((c) => `called ${c}`), ...(asked ? ['undecided'] : []), 'recall'],
      ...this.counts.map((row, i) => [
        this.classes[i],
        ...row.map(String),
        ...(asked ? [String(this.undecided[i])] : []),
        percent(row[i], sum(row) + this.undecided[i]),
      ]),
      [
        'precision',
        ...columns.map((all, j) => percent(this.counts[j][j], all)),
        ...(asked ? [''] : []),
        percent(this.correct, this.total),
      ],
    ];
    const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
    return table
      .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
      .join('\n');
  }
}
