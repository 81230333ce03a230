// Which layer a launch belongs to, for profiles and messages.

import { showValue, UsageError } from '../errors.js';
import { requireFunction } from '../options.js';

/** Where in a model something happens. Its path is put together when somebody asks for it, not before. */
export interface Place {
  /** Such as 'features.conv1' or 'conv1 (backward)'; '' outside of layers. */
  readonly path: string;
  /** The innermost call of a module that it is in. */
  readonly call: ModuleCall | null;
}

/** A place that is a module's call; see src/layers/call.ts. */
export interface ModuleCall extends Place {
  readonly module: object;
}

/** A part that `within` names. */
class Named implements Place {
  readonly call: ModuleCall | null;

  constructor(
    private readonly outer: Place,
    private readonly name: string,
  ) {
    this.call = outer.call;
  }

  get path(): string {
    const { path } = this.outer;
    return path && this.name ? `${path}.${this.name}` : path || this.name;
  }
}

/** The gradient of what happened at a place; a place of its own, whatever `backward` is called in. */
export class Backward implements Place {
  readonly call = null;

  constructor(
    private readonly of: Place,
    private readonly op: string,
  ) {}

  get path(): string {
    return `${this.of.path || this.op} (backward)`;
  }
}

const OUTSIDE: Place = { path: '', call: null };

/** What is running: the layer, forward or backward. Ops do not know it, and launches are marked with it. */
let place = OUTSIDE;

/**
 * Runs `body` with its launches marked as `name`'s, inside of where it is called: in profiles, and in what `detectAnomaly` says.
 * Modules mark theirs by themselves.
 */
export function within<T>(name: string, body: () => T): T {
  if (typeof name !== 'string') throw new UsageError(`within: name is a text, got ${showValue(name)}`);
  requireFunction('within', 'body', body);
  return at(new Named(place, name), body);
}

/** Runs `body` with its launches marked as this place's. */
export function at<T>(where: Place, body: () => T): T {
  const before = place;
  place = where;
  try {
    return body();
  } finally {
    place = before;
  }
}

/** As `at`, without a function: for calls that are many and short. Put back what `currentPlace` was before, whatever happens. */
export function enter(where: Place): void {
  place = where;
}

/** Where launches are marked as coming from now. */
export function currentPlace(): Place {
  return place;
}
