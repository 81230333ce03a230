import { showValue, UsageError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import { type AnyModule, requireModule } from './module.js';

/**
 * Stops training parameters: `requiresGrad = false`, and their gradients are given back. They stay parameters: listed, saved,
 * loaded, and in the optimizer, which passes over them. Running statistics of batch norm belong to its mode: `layer.eval()`
 * keeps those. Returns the paths it touched, with every path of a tensor that has several.
 *
 * `pattern` (default: all) is a path, such as 'features' for all below it or 'fc8.weight', with '*' for any part of a name, as in
 * 'blocks.*.norm'; or a RegExp that is looked for in whole paths, such as /bias$/.
 * @throws UsageError if no parameter has such a path.
 */
export function freeze(model: AnyModule, pattern?: string | RegExp): string[] {
  return setTrained('freeze', model, pattern, false);
}

/** Trains parameters again; see `freeze`. An optimizer made over all parameters goes on with them at its next step. */
export function unfreeze(model: AnyModule, pattern?: string | RegExp): string[] {
  return setTrained('unfreeze', model, pattern, true);
}

function setTrained(op: string, model: AnyModule, pattern: string | RegExp | undefined, on: boolean): string[] {
  requireModule(op, model);
  const matches = matcher(op, pattern);
  const parameters = Object.entries(model.stateDict()).filter(([, t]) => t.isParameter);
  const chosen = parameters.filter(([path]) => matches(path));
  if (chosen.length === 0) {
    const paths = parameters.map(([path]) => path);
    const some = paths.length > 6 ? `${paths.slice(0, 6).join(', ')}, ...` : paths.join(', ');
    throw new UsageError(`${op}: no parameter has a path like ${showPattern(pattern)}; there are ${some || 'none'}`);
  }
  for (const [, t] of chosen) setOne(t, on);
  return chosen.map(([path]) => path);
}

function setOne(t: Tensor, on: boolean): void {
  t.requiresGrad = on;
  if (!on) t.grad = null;
}

function matcher(op: string, pattern: string | RegExp | undefined): (path: string) => boolean {
  if (pattern === undefined) return () => true;
  if (pattern instanceof RegExp) return (path) => path.search(pattern) >= 0;
  if (typeof pattern !== 'string') {
    throw new UsageError(`${op}: takes a path such as 'features' or a RegExp, got ${showValue(pattern)}`);
  }
  const plain = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const whole = new RegExp(`^${plain.join('[^.]*')}(\\.|$)`);
  return (path) => whole.test(path);
}

function showPattern(pattern: string | RegExp | undefined): string {
  return pattern instanceof RegExp ? String(pattern) : showValue(pattern ?? '*');
}
