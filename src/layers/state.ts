// Loading a module's state: everything is looked at before anything is overwritten.
import { requireTensors } from '../autograd/ops/checks.js';
import { CheckpointError, showValue, UsageError } from '../errors.js';
import { checkOptions, flag } from '../options.js';
import type { TypedArray } from '../tensor/dtype.js';
import { deviceArray } from '../tensor/host-values.js';
import { type Shape, sameShape, showShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';

/** A value for `loadStateDict` on the host, as `wgrad/io` reads it. */
export interface HostValue {
  /** Must be the parameter's own. */
  shape: Shape;
  /** Elements in row-major order. */
  data: TypedArray;
}

/** Values for `loadStateDict`: tensors, or host arrays with their shape. */
export type StateValue = Tensor | HostValue;

/** What `loadStateDict` did without: names of the model, and of the state. Both are empty if it was `strict`. */
export interface LoadedState {
  /** Names of the model that the state has not; their values are as before. PyTorch: missing_keys. */
  missingKeys: string[];
  /** Names of the state that the model has not. PyTorch: unexpected_keys. */
  unexpectedKeys: string[];
}

/**
 * Overwrites `own` with the values of `state`, as `loadStateDict` says.
 * @throws CheckpointError unless `state` fits; UsageError for what is no state. Nothing is overwritten then.
 */
export function loadState(
  own: Record<string, Tensor>,
  state: Record<string, StateValue>,
  options: { strict?: boolean },
): LoadedState {
  checkOptions('loadStateDict', options, { strict: flag });
  if (!isPlain(state)) {
    const make = (state as unknown) instanceof Map ? '; Object.fromEntries(map) makes one' : '';
    throw new UsageError(
      `loadStateDict: takes an object of tensors by name, such as model.stateDict(), got ${showValue(state)}${make}`,
    );
  }
  const missingKeys = Object.keys(own).filter((name) => !Object.hasOwn(state, name));
  const unexpectedKeys = Object.keys(state).filter((name) => !Object.hasOwn(own, name));
  if (options.strict ?? true) checkNames(missingKeys, unexpectedKeys);
  const shared = Object.entries(own).filter(([name]) => Object.hasOwn(state, name));
  for (const [name, target] of shared) checkValue(name, target, state[name]);
  for (const [name, target] of shared) overwrite(target, state[name]);
  return { missingKeys, unexpectedKeys };
}

/** Whether it is an object of no class: a Map's entries and a module's fields are no state. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null; // another window's Object too
}

function checkNames(missing: string[], unknown: string[]): void {
  if (missing.length + unknown.length === 0) return;
  const list = (what: string, names: string[]) => (names.length > 0 ? [`${what} ${names.slice(0, 3).join(', ')}`] : []);
  const detail = [...list('missing', missing), ...list('unknown', unknown)].join('; ');
  throw new CheckpointError(`loadStateDict: the state does not fit this model: ${detail}`);
}

function checkValue(name: string, { shape: own, size, dtype }: Tensor, value: StateValue): void {
  const array = value instanceof Tensor ? null : value?.data;
  if (array !== null && !(ArrayBuffer.isView(array) && Array.isArray(value.shape))) {
    throw new UsageError(`loadStateDict: ${name} is a tensor or { shape, data }, got ${showValue(value)}`);
  }
  if (!sameShape(value.shape, own)) {
    const [saved, here] = [showShape(value.shape), showShape(own)];
    throw new CheckpointError(`loadStateDict: ${name} is ${saved} in the state, ${here} in this model`);
  }
  if (value instanceof Tensor) {
    requireTensors(`loadStateDict: ${name}`, value);
    if (value.dtype !== dtype)
      throw new CheckpointError(`loadStateDict: ${name} is ${value.dtype} in the state, ${dtype} in this model`);
  }
  if (array && array.length !== size) {
    throw new CheckpointError(`loadStateDict: ${name} ${showShape(own)} has ${array.length} values, not ${size}`);
  }
  if (array && dtype !== 'f32') deviceArray(`loadStateDict: ${name}`, array, dtype); // whole numbers may not fit
}

function overwrite(target: Tensor, value: StateValue): void {
  if (value instanceof Tensor) target.copy(value);
  else target.set(value.data);
}
