import { add, ge, mul, where } from '../autograd/ops/arithmetic.js';
import { cast } from '../autograd/ops/cast.js';
import { bincount } from '../autograd/ops/count.js';
import { DataError, ShapeError, showValue, UsageError } from '../errors.js';
import { checkOptions, int32 } from '../options.js';
import type { Tensor } from '../tensor/tensor.js';
import { answers, IGNORED } from './answers.js';
import { Metric } from './metric.js';
import { argmaxRow } from './rows.js';

/**
 * How often each true class (row) was called each class (column); as a metric, the accuracy. On the GPU by `update`, read by
 * `compute`, with scores and targets as `Precision` takes them; or on the host by `add`. scikit-learn: confusion_matrix.
 */
export class ConfusionMatrix extends Metric {
  readonly size: number;
  /** Row by row; the last of each row called no class. */
  private cells: Float64Array;

  private readonly ignoreIndex: number;

  /** Targets of `ignoreIndex` (default -100) count nothing. @throws UsageError unless classes are a list of names, one at least. */
  constructor(
    /** Names of the classes. */
    readonly classes: readonly string[],
    options: { ignoreIndex?: number } = {},
  ) {
    super();
    if (!Array.isArray(classes) || classes.length === 0)
      throw new UsageError(`ConfusionMatrix: takes a list of the classes' names, got ${showValue(classes)}`);
    checkOptions('ConfusionMatrix', options, { ignoreIndex: int32 });
    this.ignoreIndex = options.ignoreIndex ?? IGNORED;
    this.size = classes.length * (classes.length + 1);
    this.cells = new Float64Array(this.size);
  }

  /** Takes statistics, such as those of a run's epoch, for its counts. @throws UsageError unless they are (size). */
  load(sums: ArrayLike<number>): this {
    if (sums.length !== this.size) {
      const { length } = this.classes;
      throw new UsageError(`ConfusionMatrix: ${sums.length} counts for ${length} classes, expected ${this.size}`);
    }
    this.cells = Float64Array.from(sums);
    return this;
  }

  protected batch(scores: Tensor, target: Tensor): Tensor {
    const { length } = this.classes;
    const { called, actual, counts } = answers('ConfusionMatrix', scores, target, this.ignoreIndex, length);
    const column = where(ge(called, 0), called, length);
    const place = where(counts, add(mul(actual, length + 1), column), -1);
    return cast(bincount(cast(place, 'i32'), this.size), 'f32');
  }

  value(sums: Float64Array): number {
    const right = this.classes.reduce((total, _, i) => total + sums[i * (this.classes.length + 2)], 0);
    return right / sums.reduce((a, b) => a + b, 0);
  }

  /** Reads what `update` has counted since the last `reset` into this table. Gives the accuracy. */
  override async compute(): Promise<number> {
    return this.load(await this.sums()).accuracy;
  }

  /** Begins anew. */
  override reset(): void {
    super.reset();
    this.cells = new Float64Array(this.size);
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
      if (Number.isInteger(labels[i]) && labels[i] >= 0 && labels[i] < n) continue;
      throw new DataError(`ConfusionMatrix: a label is ${labels[i]}, the classes are 0 to ${n - 1}`);
    }
    for (let i = 0; i < labels.length; i++) {
      const called = argmaxRow(scores, i * n, n);
      const column = Number.isNaN(scores[i * n + called]) ? n : called;
      this.cells[labels[i] * (n + 1) + column]++;
    }
  }

  /** counts[true class][called class]. */
  get counts(): number[][] {
    const n = this.classes.length;
    return this.classes.map((_, i) => Array.from(this.cells.subarray(i * (n + 1), i * (n + 1) + n)));
  }

  /** By true class, predictions whose scores hold NaN: they call no class, and are wrong. */
  get undecided(): number[] {
    const n = this.classes.length;
    return this.classes.map((_, i) => this.cells[i * (n + 1) + n]);
  }

  /** Predictions in all, undecided ones too. */
  get total(): number {
    return this.cells.reduce((a, b) => a + b, 0);
  }

  /** Right answers. */
  get correct(): number {
    return this.counts.reduce((sum, row, i) => sum + row[i], 0);
  }

  /** Share of right answers, 0 to 1; NaN without predictions. */
  get accuracy(): number {
    return this.value(this.cells);
  }

  /** A table for people: true classes down, predictions across, with recall and precision. */
  override toString(): string {
    const percent = (part: number, whole: number) => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`);
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    const { counts, undecided } = this;
    const columns = this.classes.map((_, j) => sum(counts.map((row) => row[j])));
    const asked = sum(undecided) > 0; // the column of those that call no class is shown where there are any
    const table = [
      ['', ...this.classes.map((c) => `called ${c}`), ...(asked ? ['undecided'] : []), 'recall'],
      ...counts.map((row, i) => [
        this.classes[i],
        ...row.map(String),
        ...(asked ? [String(undecided[i])] : []),
        percent(row[i], sum(row) + undecided[i]),
      ]),
      [
        'precision',
        ...columns.map((all, j) => percent(counts[j][j], all)),
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
