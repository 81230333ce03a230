// What happens around a module's `forward`: its launches are marked as the module's, and its hooks run.
import { type CallSite, currentCallSite, enter, type ModuleCall } from '../device/call-site.js';
import { join } from './walk.js';

/** What registering a hook gives. `using handle = ...` takes the hook off at the end of the block. */
export class HookHandle {
  /** Called by modules alone. @internal */
  constructor(private readonly takeOff: () => void) {}

  /** Takes the hook off. Again it does nothing. */
  remove(): void {
    this.takeOff();
  }

  /** What `using` calls at the end of its block: `remove()`. */
  [Symbol.dispose](): void {
    this.takeOff();
  }
}

type Hook = (module: object, ...values: unknown[]) => unknown;

/** The hooks of one module, in the order in which they were registered. */
export class Hooks {
  private readonly before = new Map<object, Hook>();
  private readonly after = new Map<object, Hook>();

  /** Registers a hook that runs before or after `forward`. */
  add(when: 'before' | 'after', hook: Hook): HookHandle {
    const key = {}; // one function may be registered twice
    this[when].set(key, hook);
    return new HookHandle(() => void this[when].delete(key));
  }

  /** Computes `forward` with the hooks around it. What a hook returns takes the place of the inputs, or of the output. */
  run(module: object, forward: (...inputs: unknown[]) => unknown, inputs: unknown[]): unknown {
    let given = inputs;
    for (const hook of [...this.before.values()]) given = (hook(module, given) as unknown[] | undefined) ?? given;
    let output = forward.apply(module, given);
    for (const hook of [...this.after.values()]) output = hook(module, given, output) ?? output;
    return output;
  }
}

/** Where a module has its hooks, once it has some; a symbol, so that they are not taken for parts. */
export const HOOKS = Symbol('hooks');

/** What a call needs of a module. */
interface Callable {
  children(): [string, object][];
  namedModules(): [string, object][];
  [HOOKS]: Hooks | null;
}

/** A module's `forward` under way. Its path is that of the module below the one that runs it; it is looked up when it is asked for. */
class Call implements ModuleCall {
  readonly call = this;
  private known: string | undefined = undefined;

  constructor(
    readonly module: Callable,
    readonly outer: CallSite,
  ) {}

  get path(): string {
    this.known ??= pathOf(this);
    return this.known;
  }
}

function pathOf({ module, outer }: Call): string {
  const callers: Call[] = [];
  for (let above = outer.call as Call | null; above; above = above.outer.call as Call | null) callers.push(above);
  const [caller] = callers;
  const kind = module.constructor.name;
  if (!caller) return outer.path || (module.children().length === 0 ? kind : '');
  const itself = callers.find((above) => above.module === module);
  if (itself) return itself.path;
  const marked = outer.path.slice(caller.path ? caller.path.length + 1 : 0); // by `within`, in the caller's forward
  for (const parts of ['children', 'namedModules'] as const) {
    for (const above of callers) {
      const names = above.module[parts]().flatMap(([name, part]) => (part === module ? [name] : []));
      if (names.length === 0) continue;
      if (above !== caller) return join(above.path, names[0]);
      return join(caller.path, names.find((name) => `${name}.`.startsWith(`${marked}.`)) ?? join(marked, names[0]));
    }
  }
  return marked ? outer.path : join(caller.path, kind); // no part of what runs it
}

type Forward = (this: Callable, ...inputs: unknown[]) => unknown;

const prepared = new WeakSet<object>();

/**
 * Marks and hooks the calls of a new module's `forward`: once for each class, in its prototype, so that a call costs one object more
 * and no search.
 */
export function prepareForward(module: object): void {
  for (let at = Object.getPrototypeOf(module); at && !prepared.has(at); at = Object.getPrototypeOf(at)) {
    prepared.add(at);
    wrapForward(at);
  }
}

/** As `prepareForward`, for a module whose `forward` is a property of its own: a field that holds a function. */
export function wrapForward(owner: object): void {
  const own = Object.getOwnPropertyDescriptor(owner, 'forward');
  if (typeof own?.value !== 'function') return;
  const forward: Forward = own.value;
  const wrapped = {
    forward(this: Callable, ...inputs: unknown[]): unknown {
      const outer = currentCallSite();
      if (outer.call?.module === this) return forward.apply(this, inputs); // super.forward(x), or itself again
      enter(new Call(this, outer));
      try {
        return this[HOOKS] ? this[HOOKS].run(this, forward, inputs) : forward.apply(this, inputs);
      } finally {
        enter(outer);
      }
    },
  };
  Object.defineProperty(owner, 'forward', { ...own, value: wrapped.forward });
}
