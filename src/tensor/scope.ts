/// <reference lib="esnext.disposable" preserve="true" />
// A tensor belongs to the scope that is open when it is made, and is disposed of with it. Outside of scopes it stays until `dispose()`.
import { showValue, UsageError } from '../errors.js';

/** What a scope can own; tensors are. */
export interface Owned {
  /** Gives its memory back. */
  dispose(): void;
  /** The scope that will dispose of it. */
  scope: Scope | null;
}

// Node 20 has Symbol.dispose; older browsers get it here.
(Symbol as { dispose?: symbol }).dispose ??= Symbol.for('Symbol.dispose');

/** An open scope. `using step = scope()` closes it at the end of the block. */
export class Scope {
  private readonly owned = new Set<Owned>();
  private readonly around = openScope();
  private closed = false;

  /** The scope around it that is still open, or null. */
  get outer(): Scope | null {
    return stillOpen(this.around);
  }

  /** @internal */
  get isClosed(): boolean {
    return this.closed;
  }

  /** @internal */
  adopt(item: Owned): void {
    this.owned.add(item);
    item.scope = this;
  }

  /** @internal */
  abandon(item: Owned): void {
    this.owned.delete(item);
    item.scope = null;
  }

  /**
   * Disposes of what was made inside and not kept. Again it does nothing.
   * @throws UsageError if an inner scope is still open; its own tensors are gone all the same.
   */
  close(): void {
    if (this.closed) return;
    const inOrder = openScope() === this;
    this.closed = true;
    for (const item of this.owned) {
      item.scope = null;
      item.dispose();
    }
    this.owned.clear();
    if (!inOrder) {
      throw new UsageError('scope: closed out of order; close inner scopes first, and do not await inside one');
    }
  }

  /** What `using` calls at the end of its block: `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The scope that new tensors go to. `using` has no other way to tell the ops in its block. */
let innermost: Scope | null = null;

/** The scope that new tensors go to, or null. */
export function openScope(): Scope | null {
  innermost = stillOpen(innermost);
  return innermost;
}

/** A scope, or the next one around it that is open. */
function stillOpen(scope: Scope | null): Scope | null {
  let open = scope;
  while (open?.isClosed) open = open.outer;
  return open;
}

/**
 * Opens a scope: tensors made until it closes are disposed of with it.
 *
 *     { using step = scope(); ... }          // closes at the end of the block
 *     const loss = scope(() => ...);         // the callback's result is kept, with all tensors in it; all else goes
 *
 * Code that runs during an `await` would make its tensors in a scope that is open then: start reads inside, and await
 * what they return outside.
 * @throws UsageError if the callback is an async function: the scope would close at its first `await`.
 */
export function scope(): Scope;
export function scope<T>(body: () => T): T;
export function scope<T>(body?: () => T): Scope | T {
  if (body !== undefined) requireSync('scope', body, 'the scope would close at its first await');
  const opened = new Scope();
  innermost = opened;
  if (!body) return opened;
  try {
    const result = body();
    for (const item of ownedIn(result)) if (item.scope === opened) keep(item); // what is from further out stays where it is
    return result;
  } finally {
    opened.close();
  }
}

/**
 * What holds while a callback runs would end at the first await of an async function: `would` says what happens then.
 * @throws UsageError unless it is a function, and no async one. @internal
 */
export function requireSync(op: string, body: unknown, would: string): void {
  if (typeof body !== 'function') throw new UsageError(`${op}: takes a function, got ${showValue(body)}`);
  if (Object.prototype.toString.call(body) !== '[object AsyncFunction]') return;
  throw new UsageError(
    `${op}: the callback is an async function, and ${would}; start the reads in it ` +
      `(\`const value = ${op}(() => f(x).item())\`) and await what they return outside`,
  );
}

/** Moves a tensor one scope out, with its gradient, so that it outlives the scope it was made in. Returns it. @throws UsageError for anything else. */
export function keep<T extends Owned>(item: T): T {
  if (!isOwned(item)) throw new UsageError(`keep: takes a tensor, got ${showValue(item)}`);
  const from = item.scope;
  if (!from) return item;
  from.abandon(item);
  from.outer?.adopt(item);
  const { grad } = item as { grad?: Owned | null };
  if (grad?.scope === from) keep(grad);
  return item;
}

/** Runs `body` as if no scope were open: what it makes lives until it is disposed of. */
export function unscoped<T>(body: () => T): T {
  const saved = innermost;
  innermost = null;
  try {
    return body();
  } finally {
    innermost = saved;
  }
}

/**
 * The tensors in a value, each once: it itself, or what is in lists, Maps, Sets and objects at any depth. What a scope's
 * callback and a module's `forward` give may be any of these.
 */
export function ownedIn(value: unknown): Owned[] {
  if (isOwned(value)) return [value];
  const seen = new Set<object>();
  const note = (part: unknown) => typeof part === 'object' && part !== null && seen.add(part);
  note(value);
  for (const item of seen) {
    if (isOwned(item) || ArrayBuffer.isView(item)) continue;
    for (const part of item instanceof Map || item instanceof Set ? item.values() : Object.values(item)) note(part);
  }
  return [...seen].filter(isOwned);
}

function isOwned(value: unknown): value is Owned {
  return typeof value === 'object' && value !== null && 'dispose' in value && 'scope' in value;
}
