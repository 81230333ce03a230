// A module as text: its tree, as PyTorch prints one.
import { showValue } from '../errors.js';

interface Shown {
  describe(): string;
  children(): [string, Shown][];
}

/**
 * One line a module, those below it indented. A module with parts that is there more than once is shown with them the first time.
 */
export function showTree(module: Shown, seen = new Set<Shown>()): string {
  const kind = module.constructor.name;
  const children = module.children();
  const about = module.describe();
  if (children.length === 0) return `${kind}(${about})`;
  if (seen.has(module)) return `${kind}(...)`;
  seen.add(module);
  const parts = children.map(([name, child]) => `(${name}): ${showTree(child, seen)}`);
  const lines = [...(about ? [about] : []), ...parts].join('\n').replaceAll(/^/gm, '  ');
  return `${kind}(\n${lines}\n)`;
}

/** Arguments for `describe()`: values, then options by name. What is undefined is left out. */
export function showArguments(values: readonly unknown[], options: object = {}): string {
  const named = Object.entries(options).filter(([, value]) => value !== undefined);
  return [...values.map(showValue), ...named.map(([name, value]) => `${name}=${showValue(value)}`)].join(', ');
}
