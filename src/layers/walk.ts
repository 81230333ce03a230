// Where a module's parts are looked for: among its properties, and in arrays, Maps, Sets and plain objects there, at any depth.

/**
 * What `wanted` accepts among the properties of `owner`, in order of declaration, with its path: 'fc', 'blocks.0', 'heads.left'.
 * Fields that JavaScript itself keeps private (#fc) and other classes' objects are not looked into.
 */
export function partsOf<T>(owner: object, wanted: (value: unknown) => value is T): [string, T][] {
  const found: [string, T][] = [];
  const within: unknown[] = []; // the containers around, so that one that holds itself ends
  const walk = (path: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (wanted(value)) {
      found.push([path, value]);
      return;
    }
    const entries = entriesOf(value);
    if (!entries || within.includes(value)) return;
    within.push(value);
    for (const [key, item] of entries) walk(`${path}.${String(key)}`, item);
    within.pop();
  };
  for (const [name, value] of Object.entries(owner)) walk(name, value);
  return found;
}

/** What a container holds, by key; null for what is none. */
function entriesOf(value: object): Iterable<[unknown, unknown]> | null {
  if (Array.isArray(value)) return value.entries();
  if (value instanceof Map) return value;
  if (value instanceof Set) return [...value].entries();
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.entries(value) : null;
}

/** The graph that modules are: each names those below it. */
interface Node<T> {
  children(): [string, T][];
}

/**
 * `all` of a root's nodes (itself first) by every path to them. One that is below itself, such as a parent that its child knows, is
 * there once, by the first.
 */
export function everyPath<T extends Node<T>>(all: readonly T[]): [string, T][] {
  const below = new Map(all.map((node) => [node, node.children()]));
  const once = new Set(all.filter((node) => isBelow(node, node, below)));
  const found: [string, T][] = [];
  const entered = new Set<T>();
  const visit = (path: string, node: T): void => {
    if (once.has(node) && entered.has(node)) return;
    entered.add(node);
    found.push([path, node]);
    for (const [name, child] of below.get(node)!) visit(join(path, name), child);
  };
  visit('', all[0]);
  return found;
}

function isBelow<T>(node: T, top: T, below: Map<T, [string, T][]>): boolean {
  const seen = new Set<T>([top]);
  for (const at of seen) {
    for (const [, child] of below.get(at)!) {
      if (child === node) return true;
      seen.add(child);
    }
  }
  return false;
}

/** A path and a name below it. */
export function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name;
}
