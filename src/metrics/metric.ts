// A metric is statistics that add up over batches, and a number made of the sums.

import { autocast } from '../autograd/autocast.js';
import { add } from '../autograd/ops/arithmetic.js';
import { cast } from '../autograd/ops/cast.js';
import { concat } from '../autograd/ops/shape.js';
import { noGrad } from '../autograd/tape.js';
import { record, whole } from '../checkpoint/json.js';
import type { Json, Stateful } from '../checkpoint/stateful.js';
import { ShapeError, showValue, UsageError } from '../errors.js';
import type { StoredTensor } from '../io/safetensors.js';
import { scope, unscoped } from '../tensor/scope.js';
import { showShape } from '../tensor/shape.js';
import { Tensor, tensor } from '../tensor/tensor.js';

/** What one batch adds to a metric: what `metric.of(...)` gives, for the `metrics` of a task's step. */
export interface Measured {
  /** Whose statistics they are. */
  readonly metric: Metric<never[]>;
  /** The batch's statistics, (metric.size). */
  readonly sums: Tensor;
}

/**
 * A figure over many batches. Its statistics add up on the GPU; they are read when the figure is asked for. One of your own
 * extends this class with `size`, `batch` and `value`. PyTorch: torchmetrics.Metric.
 */
export abstract class Metric<Inputs extends unknown[] = [prediction: Tensor, target: Tensor]> {
  /** How many statistics there are. */
  abstract readonly size: number;
  private own: Accumulator | null = null;

  /** The statistics of one batch, f32 (size). Nothing is read back here, and no gradient is kept. */
  protected abstract batch(...inputs: Inputs): Tensor;

  /** The figure, from the sums of all batches' statistics; NaN where there is none. */
  abstract value(sums: Float64Array): number;

  /** One batch, for the `metrics` of a task's step. Halves, as `autocast` gives them, are taken as f32. */
  of(...inputs: Inputs): Measured {
    const single = (given: unknown) => (given instanceof Tensor && given.dtype === 'f16' ? cast(given, 'f32') : given);
    const batch = () => this.batch(...(inputs.map(single) as Inputs));
    return { metric: this as unknown as Metric<never[]>, sums: noGrad(() => autocast('f32', batch)) };
  }

  /** Takes one batch in, for use by itself. */
  update(...inputs: Inputs): void {
    using _batch = scope();
    this.own ??= new Accumulator(this.size);
    this.own.add(this.of(...inputs).sums);
  }

  /** The figure over all batches since the last `reset`. */
  async compute(): Promise<number> {
    return this.value(await this.sums());
  }

  /** The sums of the statistics since the last `reset`. */
  async sums(): Promise<Float64Array> {
    return this.own ? this.own.read() : new Float64Array(this.size);
  }

  /** Begins anew. Gives the memory back. */
  reset(): void {
    this.own?.reset();
  }
}

/** Partial sums that are kept at most, each of every so-manieth batch. */
const MOST_SLOTS = 64;
/** Numbers that all partial sums have at most, where a batch's statistics are not more by themselves. */
const MOST_NUMBERS = 2 ** 18;

/**
 * Adds statistics up over batches, on the GPU, in the same order each time. Batch i goes to partial sum i modulo their number, and
 * the host adds the partial sums in float64: counts stay exact far beyond what one f32 holds.
 */
export class Accumulator implements Stateful {
  private slots: Tensor[] = [];
  private batches = 0;

  constructor(
    /** Statistics a batch. */
    readonly size: number,
  ) {
    if (!(Number.isSafeInteger(size) && size >= 1))
      throw new UsageError(`Accumulator: size is a whole number above 0, got ${showValue(size)}`);
  }

  /** Partial sums at most. */
  private get most(): number {
    return Math.max(1, Math.min(MOST_SLOTS, Math.floor(MOST_NUMBERS / this.size)));
  }

  /** Takes a batch's statistics in. @throws ShapeError unless they are (size). */
  add(sums: Tensor): void {
    if (!(sums instanceof Tensor) || sums.rank !== 1 || sums.size !== this.size) {
      const got = sums instanceof Tensor ? showShape(sums.shape) : showValue(sums);
      throw new ShapeError(`Accumulator: takes statistics [${this.size}], got ${got}`);
    }
    const slot = this.batches++ % this.most;
    const before = this.slots[slot];
    this.slots[slot] = unscoped(() => noGrad(() => add(before ?? 0, sums)));
    before?.dispose();
  }

  /** The sums so far; zeros before the first batch. */
  async read(): Promise<Float64Array> {
    const sums = new Float64Array(this.size);
    if (this.slots.length === 0) return sums;
    const parts = await this.parts();
    for (const [i, value] of parts.entries()) sums[i % this.size] += value;
    return sums;
  }

  /** All partial sums, one behind the other, in one read. */
  private parts(): Promise<Float32Array> {
    using _read = scope();
    return noGrad(() => concat(this.slots)).data();
  }

  /** Begins anew. Gives the memory back. */
  reset(): void {
    for (const t of this.slots) t.dispose();
    this.slots = [];
    this.batches = 0;
  }

  /** How many batches there were. */
  state(): Json {
    return { batches: this.batches };
  }

  /** The partial sums. */
  tensors(): Record<string, Tensor> {
    return Object.fromEntries(this.slots.map((t, i) => [String(i), t]));
  }

  /** Goes on from there. @throws UsageError for a state that is not an accumulator's of this size. */
  restore(state: Json, tensors: Record<string, StoredTensor>): void {
    const wrong = this.mismatch(state, tensors);
    if (wrong) throw new UsageError(`Accumulator: cannot go on from ${showValue(state)}: ${wrong}`);
    this.reset();
    this.batches = (state as { batches: number }).batches;
    this.slots = Object.keys(tensors).map((_, i) => unscoped(() => tensor(tensors[i].data)));
  }

  /** Why it cannot go on from a saved state. */
  mismatch(state: Json, tensors: Record<string, StoredTensor>): string | undefined {
    const wrong = checkForm(state, 'its state');
    if (wrong) return wrong;
    const parts = Object.keys(tensors).map((_, i) => tensors[i]);
    const expected = Math.min((state as { batches: number }).batches, this.most);
    if (parts.length === expected && parts.every((part) => part?.data.length === this.size)) return undefined;
    return `${expected} partial sums of ${this.size} are not there`;
  }
}

const checkForm = record({ batches: whole });
