// Numbers about predictions, computed on the host in float64.

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

/** Rows of logits (count, classes), row-major, as probabilities in float64. */
export function softmaxRows(logits: ArrayLike<number>, classes: number): Float64Array {
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

/** The place of the largest of `classes` values from `start` on; the first of equals. */
export function argmaxRow(values: ArrayLike<number>, start: number, classes: number): number {
  let best = 0;
  for (let i = 1; i < classes; i++) if (values[start + i] > values[start + best]) best = i;
  return best;
}

/** How often each true class (row) was called each class (column). */
export class ConfusionMatrix {
  /** counts[true class][called class]. */
  readonly counts: number[][];

  constructor(
    /** Names of the classes. */
    readonly classes: readonly string[],
  ) {
    this.counts = classes.map(() => classes.map(() => 0));
  }

  /** Adds predictions given as rows of logits or probabilities, (labels, classes): the largest is what is called. */
  add(scores: ArrayLike<number>, labels: ArrayLike<number>): void {
    const n = this.classes.length;
    for (let i = 0; i < labels.length; i++) this.counts[labels[i]][argmaxRow(scores, i * n, n)]++;
  }

  /** Predictions in all. */
  get total(): number {
    return this.counts.flat().reduce((a, b) => a + b, 0);
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
    const columns = this.classes.map((_, j) => this.counts.reduce((sum, row) => sum + row[j], 0));
    const table = [
      ['', ...this.classes.map((c) => `called ${c}`), 'recall'],
      ...this.counts.map((row, i) => [
        this.classes[i],
        ...row.map(String),
        percent(
          row[i],
          row.reduce((a, b) => a + b, 0),
        ),
      ]),
      ['precision', ...columns.map((sum, j) => percent(this.counts[j][j], sum)), percent(this.correct, this.total)],
    ];
    const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
    return table
      .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
      .join('\n');
  }
}
