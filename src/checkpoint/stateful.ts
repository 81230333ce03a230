// What a checkpoint keeps of a run: its parts by name, each as a plain value and tensors.
import type { StoredTensor } from '../io/safetensors.js';
import type { Tensor } from '../tensor/tensor.js';

/** A plain value that JSON keeps as it is. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined };

/** Anything with a state of its own that a checkpoint keeps, beside modules and optimizers: schedules, averages, callbacks. */
export interface Stateful {
  /** All that is not a tensor. */
  state(): Json;
  /** The tensors of its state by name. Default: none. */
  tensors?(): Record<string, Tensor>;
  /** Goes on from where `state()` and `tensors()` were taken. @throws UsageError for a state of another kind; nothing is changed then. */
  restore(state: Json, tensors: Record<string, StoredTensor>): void;
}
