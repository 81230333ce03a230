// Modules, optimizers and everything else with a state, looked at in one way.
import type { StoredTensor } from '../io/safetensors.js';
import { type AnyModule, Module } from '../layers/module.js';
import { Optimizer, type OptimizerState } from '../optim/optimizer.js';
import { shapeOfState } from '../optim/params.js';
import { sameShape, showShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { formMismatch } from './json.js';
import { type ModelState, modelState, modelStateMismatch, restoreModelState } from './model-state.js';
import type { Json, Part, Stateful } from './stateful.js';

type Stored = Record<string, StoredTensor>;

/** Whether a value has a state that checkpoints keep. */
export function isPart(value: unknown): value is Part {
  const { state, restore } = Object(value) as Partial<Stateful>;
  const stateful = typeof state === 'function' && typeof restore === 'function';
  return value instanceof Module || value instanceof Optimizer || stateful;
}

/** All of a part's state that is not a tensor. */
export function stateOf(part: Part): Json {
  if (part instanceof Module) return modelState(part) as unknown as Json;
  if (part instanceof Optimizer) return part.settings() as unknown as Json;
  return part.state();
}

/** The tensors of a part's state, by name: live, not copies. */
export function tensorsOf(part: Part): Record<string, Tensor> {
  if (part instanceof Module) return part.stateDict();
  if (part instanceof Optimizer) return part.stateTensors();
  return part.tensors?.() ?? {};
}

/** Why a part cannot go on from what was saved, or undefined. */
export function partMismatch(part: Part, state: Json, tensors: Stored): string | undefined {
  if (part instanceof Module) return weightsMismatch(part, tensors) ?? modelStateMismatch(part, state);
  if (part instanceof Optimizer)
    return (
      formMismatch(state, stateOf(part)) ??
      optimizerMismatch(part, tensors) ??
      part.mismatch(state as unknown as OptimizerState, valuesOf(tensors))
    );
  return part.mismatch ? part.mismatch(state, tensors) : formMismatch(state, part.state());
}

/** Puts a part's state back. */
export function restorePart(part: Part, state: Json, tensors: Stored): void {
  if (part instanceof Module) {
    part.loadStateDict(tensors);
    restoreModelState(part, state as unknown as ModelState);
  } else if (part instanceof Optimizer) {
    part.restore(state as unknown as OptimizerState, valuesOf(tensors));
  } else part.restore(state, tensors);
}

function valuesOf(tensors: Stored): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data as Float32Array]));
}

/** Why saved weights are not this model's, or undefined: names and shapes. */
export function weightsMismatch(model: AnyModule, saved: Stored): string | undefined {
  const own = model.stateDict();
  for (const [path, { shape }] of Object.entries(own)) {
    if (!Object.hasOwn(saved, path)) return `it has no ${path}`;
    const wrong = shapeMismatch(path, saved[path], shape);
    if (wrong) return wrong;
  }
  const unknown = Object.keys(saved).find((path) => !Object.hasOwn(own, path));
  return unknown === undefined ? undefined : `it has ${unknown}, which the model has not`;
}

function optimizerMismatch(optimizer: Optimizer, saved: Stored): string | undefined {
  const params = optimizer.groups.flatMap((group) => group.params);
  for (const [key, stored] of Object.entries(saved)) {
    const [, index, label] = /^(\d+)\.(\w+)$/.exec(key) ?? [];
    if (label === undefined) return `'${key}' is not a name of an optimizer's state`;
    const param = params[Number(index)];
    if (!param) return `it has state for parameter ${index}, there are ${params.length}`;
    const wrong = shapeMismatch(`${label} of parameter ${index}`, stored, shapeOfState(label, param));
    if (wrong) return wrong;
  }
}

function shapeMismatch(what: string, { shape, data }: StoredTensor, own: readonly number[]): string | undefined {
  if (!sameShape(shape, own)) return `${what} is ${showShape(shape)} in the file, ${showShape(own)} here`;
  if (!(data instanceof Float32Array)) return `${what} is not f32 in the file`; // as all that models hold is
}
