// What a run needs of its model besides tensors: what is frozen, and what is in evaluation mode.
import type { AnyModule } from '../layers/module.js';
import { list, record, text } from './json.js';

/** Parts of a model, by path, that are not as they are made. */
export interface ModelState {
  /** Parameters with `requiresGrad = false`. */
  frozen: string[];
  /** Modules in evaluation mode. */
  evaluating: string[];
}

export function modelState(model: AnyModule): ModelState {
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
export function restoreModelState(model: AnyModule, { frozen, evaluating }: ModelState): void {
  for (const [path, t] of model.namedParameters()) {
    t.requiresGrad = !frozen.includes(path);
    if (!t.requiresGrad) t.grad = null;
  }
  for (const [path, module] of model.namedModules()) module.training = !evaluating.includes(path);
}

const checkForm = record({ frozen: list(text), evaluating: list(text) });

/** Why a saved state is none of this model, or undefined. */
export function modelStateMismatch(model: AnyModule, state: unknown): string | undefined {
  const wrong = checkForm(state, 'its state');
  if (wrong) return wrong;
  const { frozen, evaluating } = state as ModelState;
  const parameters = new Set(model.namedParameters().map(([path]) => path));
  const modules = new Set(model.namedModules().map(([path]) => path));
  const unknown = frozen.find((path) => !parameters.has(path)) ?? evaluating.find((path) => !modules.has(path));
  return unknown && `its state has '${unknown}', which the model has not`;
}
