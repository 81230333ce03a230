// Several processes that train one model, as a trainer sees them. wgrad/distributed has the one that there is.
import type { Json, Stateful } from '../checkpoint/stateful.js';
import type { Tensor } from '../tensor/tensor.js';
import type { BatchSource } from './batches.js';
import type { FitOptions } from './fit.js';

/** What an update is made of, over all processes. */
export interface Turn {
  /** Batches whose gradients are in it; none where all were at the end of the epoch. */
  batches: number;
  /** Their examples. */
  examples: number;
  /** Their mean loss. */
  loss: number;
}

/** What a batch came to: its loss, on its way from the GPU, and how many examples it had. */
export interface Passed {
  loss: Promise<number>;
  size: number;
}

/** Forward and backward of a batch. `fresh`: gradients begin anew. `count`: its metrics count, too. */
export type Pass = (how: { fresh: boolean; count: boolean; backward?: (loss: Tensor) => void }) => Passed;

/** Sums of metrics by name. */
export interface MetricSums {
  sums(): Promise<Record<string, Float64Array>>;
  /** Takes others' in; null begins anew. */
  take(others: Record<string, Float64Array> | null): void;
}

/** @internal */
export interface Team {
  /** What checkpoints keep in place of the optimizer, whose state no process has whole; null where all have. */
  readonly optimizer: Stateful | null;
  /** Gives all the first one's state, before training begins, and says what `fit` does here: the first one alone saves and shows. */
  begin(options: FitOptions): Promise<FitOptions>;
  /** This process' share of an epoch's batches. */
  share<B extends object>(source: BatchSource<B>, epoch: number, startBatch: number): AsyncIterable<B>;
  /** The same for training: undefined where others have one more and this one has none, so that all end together. */
  turns<B extends object>(source: BatchSource<B>, epoch: number, startBatch: number): AsyncIterable<B | undefined>;
  /** A batch, where this process has one; with `update` also the exchange of gradients, which are everyone's sum then. */
  turn(pass: Pass | undefined, update: boolean): Promise<Turn | null>;
  /** The optimizer's step, from the gradients of so many batches. */
  update(batches: number): Promise<void>;
  /** Sums over all, by name; what one process does not name counts nothing. */
  sums(own: Record<string, ArrayLike<number>>): Promise<Record<string, Float64Array>>;
  /** The first one's value, at all. */
  same<T extends Json>(value: T): Promise<T>;
  /** For each flag whether any process has it. */
  any(...flags: boolean[]): Promise<boolean[]>;
  /** Before the state is saved: what each has of its own (running statistics, sums of metrics) becomes the first one's. */
  settle(metrics: MetricSums): Promise<void>;
}
