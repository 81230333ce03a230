// What a model runs but does not find among its parts would be left out of training, saving and modes in silence.
import { UsageError } from '../errors.js';
import { requireSync } from '../tensor/scope.js';
import { showShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { tensorsIn } from '../tensor/tensors-in.js';
import { type AnyModule, requireModule, watchingModes } from './module.js';

const WHERE =
  'a module finds its parts in properties, and in arrays, Maps, Sets and plain objects there, not in #private fields, ' +
  'closures and other objects';

/**
 * Runs `body` with a model in evaluation mode, and puts each module's own mode back after it. `body` is not async: what others
 * record meanwhile would be in evaluation mode too.
 * @throws UsageError if it runs a module in training mode that `model.eval()` does not reach.
 */
export function inEvaluation<T>(model: AnyModule, body: () => T): T {
  requireModule('inEvaluation', model);
  requireSync('inEvaluation', body, 'what others record while it awaits would be in evaluation mode too');
  const modes = model.namedModules().map(([, module]) => ({ module, training: module.training }));
  model.eval();
  try {
    return reaching(() => modes.map(({ module }) => module), body);
  } finally {
    for (const { module, training } of modes) module.training = training;
  }
}

const looked = new WeakSet<AnyModule>();

/**
 * Runs a model's forward pass; the first time it makes sure that the model finds what it uses.
 * @throws UsageError for a parameter that is not among `model.parameters()`, or a module in training mode that is not among
 * `model.namedModules()`.
 */
export function findingParts<T>(where: string, model: AnyModule, forward: () => T): T {
  if (looked.has(model)) return forward();
  const result = reaching(() => model.namedModules().map(([, module]) => module), forward);
  const found = new Set(model.parameters());
  const results = tensorsIn(result);
  const seen = new Set<Tensor>(results);
  for (const { node } of seen) {
    for (const input of node?.inputs ?? []) {
      if (node && input.node === null && input.isParameter && !found.has(input)) {
        const { path } = node.callSite;
        const user = path ? `${node.name} in '${path}'` : node.name;
        throw new UsageError(
          `${where}: a parameter ${showShape(input.shape)}, which ${user} uses, is not among model.parameters(): ${WHERE}`,
        );
      }
      seen.add(input);
    }
  }
  if (results.some(({ node }) => node)) looked.add(model); // under noGrad there was nothing to follow
  return result;
}

/** Runs `body` and refuses a module that reads its mode, is in training mode, and is not among what is `reached` afterwards. */
function reaching<T>(reached: () => Iterable<AnyModule>, body: () => T): T {
  const ran = new Set<AnyModule>();
  const asked = new Set<AnyModule>();
  const note = (module: AnyModule): void => {
    if (asked.has(module)) return;
    asked.add(module); // asking calls this again
    if (module.training) ran.add(module);
    asked.delete(module);
  };
  const result = watchingModes(note, body);
  for (const module of reached()) ran.delete(module);
  const [lost] = ran;
  if (lost) {
    throw new UsageError(
      `${lost.constructor.name}: ran in training mode, but train() and eval() of the model do not reach it: ${WHERE}`,
    );
  }
  return result;
}
