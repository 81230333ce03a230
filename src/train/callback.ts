// Hooks into training, in Keras' names.
import type { DivergenceError } from '../checkpoint/divergence.js';
import { partMismatch, restorePart, stateOf, tensorsOf } from '../checkpoint/parts.js';
import type { Recovery } from '../checkpoint/recovery.js';
import type { Json, Stateful } from '../checkpoint/stateful.js';
import { CheckpointError, showValue, UsageError } from '../errors.js';
import type { StoredTensor } from '../io/safetensors.js';
import type { AnyModule } from '../layers/module.js';
import type { Optimizer } from '../optim/optimizer.js';
import { meant } from '../options.js';
import { unscoped } from '../tensor/scope.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import type { EpochRecord, Progress, TrainerPosition } from './record.js';

/** The training that a hook looks into; the trainer is one. */
export interface Training {
  /** What is trained. */
  readonly model: AnyModule;
  /** What trains it. */
  readonly optimizer: Optimizer;
  /** Epochs that `fit` was asked for, in all. */
  readonly epochs: number;
  /** The epochs done. */
  readonly history: readonly EpochRecord[];
  /** Where it stands; a copy. */
  readonly position: TrainerPosition;
  /** Ends `fit` after the batch or epoch under way, as if its epochs were done. */
  stop(reason: string): void;
}

/**
 * What is called while a trainer trains; every hook may be left out, and is awaited where it returns a promise. One with a state (`state` and
 * `restore`) is saved with the run under its `name`, or its class's. Keras: Callback.
 */
export interface Callback {
  /** All of its state that is not a tensor, as a `Stateful`'s. Default: it has none. */
  state?(): Json;
  /** The tensors of its state by name. Default: none. */
  tensors?(): Record<string, Tensor>;
  /** Goes on from where `state()` and `tensors()` were taken. */
  restore?(state: Json, tensors: Record<string, StoredTensor>): void;
  /** Why it cannot go on from a saved state, or undefined. */
  mismatch?(state: Json, tensors: Record<string, StoredTensor>): string | undefined;
  /** What checkpoints call it. Default: its class's name. */
  readonly name?: string;
  /** Before the first step of a `fit`, and when training goes on with parts made anew after the device was lost; its state is restored after it. */
  onTrainBegin?(training: Training): Promise<void> | void;
  /** When `fit` ends, also by an error, which is then the one that `fit` throws. */
  onTrainEnd?(training: Training): Promise<void> | void;
  /** Before an epoch, from 1; not when one is gone on with. */
  onEpochBegin?(epoch: number, training: Training): Promise<void> | void;
  /** After an epoch and its validation, with weights that are finite. */
  onEpochEnd?(record: EpochRecord, training: Training): Promise<void> | void;
  /** Before each training batch, from 1 in each epoch. */
  onBatchBegin?(batch: number, training: Training): Promise<void> | void;
  /** After each training batch, with losses that are a step or two old. */
  onBatchEnd?(progress: Progress, training: Training): Promise<void> | void;
  /** After each update of the weights, in the step's scope; tensors made here go with it. Not awaited. */
  onStep?(step: number, training: Training): void;
  /** Before validation. */
  onValidationBegin?(training: Training): Promise<void> | void;
  /** After each batch of validation. */
  onValidationBatchEnd?(progress: Progress, training: Training): Promise<void> | void;
  /** After validation, also when it is stopped. */
  onValidationEnd?(training: Training): Promise<void> | void;
  /** When training has diverged and is not rolled back; one that calls `training.stop` ends `fit` without the error. */
  onDivergence?(error: DivergenceError, training: Training): Promise<void> | void;
  /** After a rollback, and when training goes on after the device was lost. */
  onRecovery?(recovery: Recovery<TrainerPosition>, training: Training): void;
}

const HOOKS = [
  ...['onTrainBegin', 'onTrainEnd', 'onEpochBegin', 'onEpochEnd', 'onBatchBegin', 'onBatchEnd', 'onStep'],
  ...['onValidationBegin', 'onValidationBatchEnd', 'onValidationEnd', 'onDivergence', 'onRecovery'],
];

type Hook = Exclude<keyof Callback, 'name' | keyof Stateful>;

/** Whether a callback has a state that checkpoints keep. */
function isStateful(callback: Callback): callback is Callback & Stateful {
  return callback.state !== undefined && callback.restore !== undefined;
}

/** A state that waits for its callback; `uploaded` is made where a checkpoint asks for it before that. */
interface Waiting {
  state: Json;
  tensors: Record<string, StoredTensor>;
  uploaded?: Record<string, Tensor>;
}

/** A trainer's callbacks, and the states that were restored before `fit` said which they are. */
export class CallbackList implements Stateful {
  private callbacks: readonly Callback[] = [];
  private waiting: Record<string, Waiting> = {};
  /** Those that have been told that training begins: before that a callback need not have a state, nor take one. */
  private readonly begun = new WeakSet<Callback>();

  /** Takes a fit's callbacks. @throws UsageError for what is none, or if two with a state have one name. */
  use(callbacks: readonly Callback[]): void {
    for (const [i, callback] of callbacks.entries()) checkCallback(i, callback);
    const names = callbacks.filter(isStateful).map(nameOf);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice)
      throw new UsageError(
        `fit: two callbacks are called '${twice}', under which checkpoints keep them; set the name of one`,
      );
    this.callbacks = callbacks;
  }

  /** Tells all that training begins, and gives them the states that wait for them. */
  async begin(training: Training): Promise<void> {
    await this.call('onTrainBegin', training);
    for (const callback of this.callbacks) this.begun.add(callback);
    this.giveStates();
  }

  /** Tells all that training has ended. What the first of them throws is thrown behind the last, unless training has failed already. */
  async end(training: Training, failed: boolean): Promise<void> {
    const errors: unknown[] = [];
    for (const callback of this.callbacks) {
      try {
        await callback.onTrainEnd?.(training);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0 && !failed) throw errors[0];
  }

  /** Calls a hook of each, in order. */
  async call<H extends Hook>(hook: H, ...args: Parameters<NonNullable<Callback[H]>>): Promise<void> {
    for (const callback of this.callbacks) {
      const result = (callback[hook] as ((...args: unknown[]) => Promise<void> | void) | undefined)?.(...args);
      if (result instanceof Promise) await result;
    }
  }

  /** Calls a hook that is not awaited. */
  callNow<H extends 'onStep' | 'onRecovery'>(hook: H, ...args: Parameters<NonNullable<Callback[H]>>): void {
    for (const callback of this.callbacks) (callback[hook] as ((...args: unknown[]) => void) | undefined)?.(...args);
  }

  /** Whether any of them has one of these hooks. */
  has(...hooks: Hook[]): boolean {
    return this.callbacks.some((callback) => hooks.some((hook) => callback[hook]));
  }

  private get own(): (Callback & Stateful)[] {
    return this.callbacks.filter(isStateful).filter((callback) => this.begun.has(callback));
  }

  private giveStates(): void {
    for (const callback of this.own) {
      const name = nameOf(callback);
      const saved = this.waiting[name];
      if (!saved) continue;
      this.forget(name);
      const wrong = partMismatch(callback, saved.state, saved.tensors);
      if (wrong) throw new CheckpointError(`fit: callback '${name}' cannot go on from what was saved: ${wrong}`);
      restorePart(callback, saved.state, saved.tensors);
    }
  }

  private forget(name: string): void {
    for (const t of Object.values(this.waiting[name].uploaded ?? {})) t.dispose();
    delete this.waiting[name];
  }

  state(): Json {
    const own = this.own.map((callback): [string, Json] => [nameOf(callback), stateOf(callback)]);
    const waiting = Object.entries(this.waiting).map(([name, { state }]): [string, Json] => [name, state]);
    return Object.fromEntries([...waiting, ...own]);
  }

  tensors(): Record<string, Tensor> {
    const under = (name: string, tensors: Record<string, Tensor>) =>
      Object.entries(tensors).map(([path, t]): [string, Tensor] => [`${name}.${path}`, t]);
    const waiting = Object.entries(this.waiting).flatMap(([name, saved]) => under(name, uploaded(saved)));
    const own = this.own.flatMap((callback) => under(nameOf(callback), tensorsOf(callback)));
    return Object.fromEntries([...waiting, ...own]);
  }

  restore(state: Json, tensors: Record<string, StoredTensor>): void {
    for (const name of Object.keys(this.waiting)) this.forget(name);
    for (const [name, own] of Object.entries(state as Record<string, Json>)) {
      const below = Object.entries(tensors).filter(([path]) => path.startsWith(`${name}.`));
      const named = below.map(([path, t]) => [path.slice(name.length + 1), t]);
      this.waiting[name] = { state: own, tensors: Object.fromEntries(named) };
    }
    this.giveStates();
  }

  mismatch(state: Json): string | undefined {
    return typeof state === 'object' && state !== null && !Array.isArray(state) ? undefined : 'it is no list of states';
  }
}

function uploaded(saved: Waiting): Record<string, Tensor> {
  const upload = ([path, t]: [string, StoredTensor]) => [path, unscoped(() => tensor(t))];
  saved.uploaded ??= Object.fromEntries(Object.entries(saved.tensors).map(upload));
  return saved.uploaded!;
}

const nameOf = (callback: Callback): string => callback.name ?? callback.constructor.name;

function checkCallback(i: number, callback: Callback): void {
  if (typeof callback !== 'object' || callback === null)
    throw new UsageError(
      `fit: callbacks[${i}] is an object with hooks, such as { onEpochEnd(record) { ... } }, got ${showValue(callback)}`,
    );
  const known = (name: string): boolean => HOOKS.includes(name);
  for (let owner: object | null = callback; owner && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    const mistyped = Object.getOwnPropertyNames(owner).find((name) => /^on[A-Z_]/.test(name) && !known(name));
    if (mistyped)
      throw new UsageError(`fit: callbacks[${i}]: there is no hook '${mistyped}'; ${meant(mistyped, HOOKS)}`);
  }
}
