// What a checkpoint keeps of a run: parts by name, each as a plain value and tensors, and where the run stands.
import type { StoredTensor } from '../io/safetensors.js';
import type { AnyModule } from '../layers/module.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { Tensor } from '../tensor/tensor.js';

/** A plain value that JSON keeps as it is. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined };

/** Anything with a state of its own that a checkpoint keeps, beside modules and optimizers: schedules, averages, callbacks. */
export interface Stateful {
  /** All that is not a tensor. */
  state(): Json;
  /** The tensors of its state by name. Default: none. */
  tensors?(): Record<string, Tensor>;
  /** The same, on the host: of what does not lie on this device alone. Default: `tensors` are read back. */
  stored?(): Promise<Record<string, StoredTensor>>;
  /** Goes on from where `state()` and `tensors()` were taken. */
  restore(state: Json, tensors: Record<string, StoredTensor>): void;
  /**
   * Why it cannot go on from a saved state, such as 'it is of 3 groups, there are 2'; undefined where it can. All parts of a run are asked
   * before any is restored. Default: the saved state must have the form of its own now.
   */
  mismatch?(state: Json, tensors: Record<string, StoredTensor>): string | undefined;
}

/** What a checkpoint keeps the state of. */
export type Part = AnyModule | Optimizer | Stateful;

/** A run as checkpoints and recovery see it: `Trainer` is one, and `{ keep: { model, optimizer }, position: { step: 0 } }` of a loop of your own. */
export interface Run<Position = Json> {
  /** The parts whose state is kept, by name; the file's tensors are called '<name>.<path>'. Undefined ones are left out. */
  keep: Readonly<Record<string, Part | undefined>>;
  /** Where the run stands, as a plain value. It is copied when it is saved, and replaced when the run is restored. */
  position: Position;
  /** Rollbacks so far; `withRecovery` counts them. Default 0. */
  rollbacks?: number;
  /** Why a saved position is none of this run, or undefined. Default: any is taken. */
  mismatch?(position: Json): string | undefined;
  /** Called before the state is taken. @throws UsageError if it cannot be taken now. */
  requireSettled?(where: string): void;
}
