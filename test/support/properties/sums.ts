/** Sums in float64 that remember how large their terms were: rounding errors are held against that. */
export class Sums {
  readonly value: Float64Array;
  private readonly squares: Float64Array;
  private readonly counts: Uint32Array;

  constructor(
    readonly shape: readonly number[],
    readonly size = shape.reduce((a, b) => a * b, 1),
  ) {
    this.value = new Float64Array(size);
    this.squares = new Float64Array(size);
    this.counts = new Uint32Array(size);
  }

  /** Values that are no sums, or whose terms do not matter. `terms` is how many roundings lie behind each. */
  static of(shape: readonly number[], values: ArrayLike<number>, { terms = 1, scale = 0 } = {}): Sums {
    const made = new Sums(shape);
    for (let i = 0; i < made.size; i++) {
      made.value[i] = values[i];
      made.squares[i] = scale * scale;
      made.counts[i] = terms;
    }
    return made;
  }

  add(at: number, term: number): void {
    this.value[at] += term;
    this.squares[at] += term * term;
    this.counts[at]++;
  }

  /** Terms of the longest sum. */
  get terms(): number {
    return this.counts.reduce((a, b) => Math.max(a, b), 1);
  }

  /** The largest value, or what the largest terms add up to by chance. */
  get scale(): number {
    let scale = 0;
    for (let i = 0; i < this.size; i++) {
      if (Number.isFinite(this.value[i])) scale = Math.max(scale, Math.abs(this.value[i]), Math.sqrt(this.squares[i]));
    }
    return scale;
  }
}

/** The largest magnitude; 0 of nothing. */
export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}
