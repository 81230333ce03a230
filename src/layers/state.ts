// Loading a module's state: everything is looked at before anything is overwritten.
import { requireTensors } from '../autograd/ops/checks.js';
import { CheckpointError, showValue, UsageError } from '../errors.js';
import { checkOptions, flag } from '../options.js';
import { deviceArray } from '../tensor/host-values.js';
import { sameShape, showShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import type { StateValue } from './module.js';

/** @throws CheckpointError unless `state` fits `own`, as `loadStateDict` says; UsageError for what is no state. */
export function checkState(
  own: Record<string, Tensor>,
  state: Record<string, StateValue>,
  options: { strict?: boolean },
): void {
  checkOptions('loadStateDict', options, { strict: flag });
  if (!isPlain(state)) {
    const make = (state as unknown) instanceof Map ? '; Object.fromEntries(map) makes one' : '';
    throw new UsageError(
      `loadStateDict: takes an object of tensors by name, such as model.stateDict(), got ${showValue(state)}${make}`,
    );
  }
  if (options.strict ?? true) checkNames(Object.keys(own), Object.keys(state));
  for (const [name, target] of Object.entries(own)) {
    if (Object.hasOwn(state, name)) checkValue(name, target, state[name]);
  }
}

/** Whether it is an object of no class: a Map's entries and a module's fields are no state. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null; // another window's Object too
}

function checkNames(own: string[], given: string[]): void {
  const missing = own.filter((name) => !given.includes(name));
  const unknown = given.filter((name) => !own.includes(name));
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

/** Overwrites what `state` has. */
export function overwriteState(own: Record<string, Tensor>, state: Record<string, StateValue>): void {
  for (const [name, target] of Object.entries(own)) {
    if (!Object.hasOwn(state, name)) continue;
    const value = state[name];
    if (value instanceof Tensor) target.copy(value);
    else target.set(value.data);
  }
}
