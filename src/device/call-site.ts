// Which layer a launch belongs to, for profiles and messages.

import { showValue, UsageError } from '../errors.js';
import { requireFunction } from '../options.js';

/** Where in a model something happens. Its path is put together when somebody asks for it, not before. */
export interface CallSite {
  /** Such as 'features.conv1' or 'conv1 (backward)'; '' outside of layers. */
  readonly path: string;
  /** The innermost call of a module that it is in. */
  readonly call: ModuleCall | null;
}

/** A call site that is a module's call; see src/layers/call.ts. */
export interface ModuleCall extends CallSite {
  readonly module: object;
}

/** A part that `within` names. */
class Named implements CallSite {
  readonly call: ModuleCall | null;

  constructor(
    private readonly outer: CallSite,
    private readonly name: string,
  ) {
    this.call = outer.call;
  }

  get path(): string {
    const { path } = this.outer;
    return path && this.name ? `${path}.${this.name}` : path || this.name;
  }
}

/** The gradient of what happened at a call site; a call site of its own, whatever `backward` is called in. */
export class Backward implements CallSite {
  readonly call = null;

  constructor(
    private readonly of: CallSite,
    private readonly op: string,
  ) {}

  get path(): string {
    return `${this.of.path || this.op} (backward)`;
  }
}

const OUTSIDE: CallSite = { path: '', call: null };

/** What is running: the layer, forward or backward. Ops do not know it, and launches are marked with it. */
let current = OUTSIDE;

/**
 * Runs `body` with its launches marked as `name`'s, inside of where it is called: in profiles, and in what `detectAnomaly` says.
 * Modules mark theirs by themselves.
 */
export function within<T>(name: string, body: () => T): T {
  if (typeof name !== 'string') throw new UsageError(`within: name is a text, got ${showValue(name)}`);
  requireFunction('within', 'body', body);
  return at(new Named(current, name), body);
}

/** Runs `body` with its launches marked as this call site's. */
export function at<T>(where: CallSite, body: () => T): T {
  const before = current;
  current = where;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** As `at`, without a function: for calls that are many and short. Put back what `currentCallSite` was before, whatever happens. */
export function enter(where: CallSite): void {
  current = where;
}

/** Where launches are marked as coming from now. */
export function currentCallSite(): CallSite {
  return current;
}
