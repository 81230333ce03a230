// What a run needs of its model besides tensors: what is frozen, and what is in evaluation mode.
import type { Module } from '../layers/module.js';

/** Parts of a model, by path, that are not as they are made. */
export interface ModelState {
  /** Parameters with `requiresGrad = false`. */
  frozen: string[];
  /** Modules in evaluation mode. */
  evaluating: string[];
}

export function modelState(model: Module): ModelState {
  return {
    frozen: model
      .namedParameters()
      .filter(([, t]) => !t.requiresGrad)
      .map(([path]) => path),
    evaluating: model
      .namedModules()
      .filter(([, module]) => !module.training)
      .map(([path]) => path),
  };
}

/** Sets what is trained and each module's mode. */
export function restoreModelState(model: Module, { frozen, evaluating }: ModelState): void {
  for (const [path, t] of model.namedParameters()) {
    t.requiresGrad = !frozen.includes(path);
    if (!t.requiresGrad) t.grad = null;
  }
  for (const [path, module] of model.namedModules()) module.training = !evaluating.includes(path);
}

/** A path that the model has not, or undefined. */
export function unknownPath(model: Module, { frozen, evaluating }: ModelState): string | undefined {
  const parameters = new Set(model.namedParameters().map(([path]) => path));
  const modules = new Set(model.namedModules().map(([path]) => path));
  return frozen.find((path) => !parameters.has(path)) ?? evaluating.find((path) => !modules.has(path));
}
