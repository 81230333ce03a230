import { showValue, UsageError } from '../errors.js';
import type { TypedArray } from '../tensor/dtype.js';
import type { Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { checkState, overwriteState } from './state.js';
import { everyPath, join, partsOf } from './walk.js';

/** A value for `loadStateDict` on the host, as `wgrad/io` reads it. */
export interface HostValue {
  /** Must be the parameter's own. */
  shape: Shape;
  /** Elements in row-major order. */
  data: TypedArray;
}

/** Values for `loadStateDict`: tensors, or host arrays with their shape. */
export type StateValue = Tensor | HostValue;

/** Its buffers by name; under a symbol, where `partsOf` does not look. */
const BUFFERS = Symbol('buffers');

/** Modules whose own `train` is under way: one that is below itself is asked once. */
const switching = new Set<Module>();

/** Set while a body runs whose modules are watched: `training` is a property, and tells nobody else that it is read. */
let modeRead: ((module: Module) => void) | undefined;

/** Calls `tell` for each module whose mode `body` reads. @internal */
export function watchingModes<T>(tell: (module: Module) => void, body: () => T): T {
  const before = modeRead;
  modeRead = tell;
  try {
    return body();
  } finally {
    modeRead = before;
  }
}

/**
 * The base of every layer and model, as PyTorch's nn.Module: parameters and child modules are found among the
 * properties, and in arrays, Maps, Sets and plain objects there; `forward` computes.
 *
 *     class Net extends Module {
 *       hidden = new Linear(784, 128);
 *       out = new Linear(128, 10);
 *       forward(x: Tensor) { return this.out.forward(relu(this.hidden.forward(x))); }
 *     }
 *
 * A parameter is what `parameter()` made, or another leaf that requires a gradient. It stays one when `requiresGrad = false`
 * freezes it: it is listed, saved, loaded and disposed of like the others.
 */
export abstract class Module {
  private readonly [BUFFERS] = new Map<string, Tensor>();
  private inTraining = true;

  /** Computes the module's output; the shapes it takes and gives are in its description. */
  abstract forward(x: Tensor): Tensor;

  /** Whether dropout drops and batch norm uses the batch's own statistics. Set by `train` and `eval`. Default true. */
  get training(): boolean {
    modeRead?.(this);
    return this.inTraining;
  }

  /** This module's mode alone. */
  set training(on: boolean) {
    if (typeof on !== 'boolean') {
      throw new UsageError(`${this.constructor.name}: training is true or false, got ${showValue(on)}`);
    }
    this.inTraining = on;
  }

  /** Constructor arguments for people, such as '96, 256, kernel 5, padding 2'. */
  describe(): string {
    return '';
  }

  /** Child modules by name, such as 'fc', 'blocks.0' or 'heads.left'; one with two names is listed under both. */
  children(): [string, Module][] {
    return partsOf(this, isModule);
  }

  /** This module, under `path` (default ''), and all below it, each once, by its first path. PyTorch: named_modules. */
  namedModules(path = ''): [string, Module][] {
    const found = new Map<Module, string>();
    const visit = (at: string, module: Module): void => {
      if (found.has(module)) return;
      found.set(module, at);
      for (const [name, child] of module.children()) visit(join(at, name), child);
    };
    visit(path, this);
    return [...found].map(([module, at]) => [at, module]);
  }

  /**
   * Parameters by path, such as ['conv1.weight', tensor], frozen ones too: in order of declaration, a module's own before its
   * children's, each once, by its first path. PyTorch: named_parameters.
   */
  namedParameters(path = ''): [string, Tensor][] {
    const found = new Map<Tensor, string>();
    for (const [at, module] of this.namedModules(path)) {
      for (const [name, t] of module.ownParameters()) if (!found.has(t)) found.set(t, join(at, name));
    }
    return [...found].map(([t, at]) => [at, t]);
  }

  /** Parameters, this module's own and those below it, frozen ones too: what an optimizer takes. */
  parameters(): Tensor[] {
    return this.namedParameters().map(([, t]) => t);
  }

  /**
   * Declares a tensor that is state but not trained, such as a running mean. Saved and loaded with the rest; lives outside every
   * scope. A tensor put into the property of this name later takes its place.
   * @throws UsageError for what is no tensor.
   */
  protected registerBuffer(name: string, t: Tensor): Tensor {
    if (!(t instanceof Tensor)) throw new UsageError(`registerBuffer: '${name}' takes a tensor, got ${showValue(t)}`);
    t.scope?.abandon(t);
    this[BUFFERS].set(name, t);
    return t;
  }

  /** Parameters of this module itself, without its children's. @internal */
  ownParameters(): [string, Tensor][] {
    const buffers = this.ownBuffers().map(([, t]) => t);
    return partsOf(this, isParameter).filter(([, t]) => !buffers.includes(t));
  }

  private ownBuffers(): [string, Tensor][] {
    return [...this[BUFFERS]].map(([name, t]) => {
      const property = (this as Record<string, unknown>)[name];
      return [name, property instanceof Tensor ? property : t];
    });
  }

  /**
   * Training mode (or with false evaluation mode), for this module and all below it. One below that has a `train` of its own, for
   * example to keep a part in evaluation mode, is asked through it. Returns the module.
   */
  train(on = true): this {
    const seen = new Set<Module>();
    const visit = (module: Module): void => {
      if (seen.has(module)) return;
      seen.add(module);
      if (module === this || module.train === Module.prototype.train) {
        module.training = on;
        for (const [, child] of module.children()) visit(child);
      } else if (!switching.has(module)) {
        switching.add(module);
        try {
          module.train(on);
        } finally {
          switching.delete(module);
        }
      }
    };
    visit(this);
    return this;
  }

  /** Evaluation mode: dropout passes through, batch norm uses running statistics. Returns the module. */
  eval(): this {
    return this.train(false);
  }

  /**
   * All parameters and buffers by path: the live tensors, not copies. One with two paths is under both. PyTorch: state_dict.
   * @throws UsageError if two tensors have one path.
   */
  stateDict(): Record<string, Tensor> {
    const modules = everyPath<Module>(this.namedModules().map(([, module]) => module));
    const under = (own: (module: Module) => [string, Tensor][]): [string, Tensor][] =>
      modules.flatMap(([at, module]) => own(module).map(([name, t]): [string, Tensor] => [join(at, name), t]));
    const found = new Map<string, Tensor>();
    for (const [path, t] of [...under((m) => m.ownParameters()), ...under((m) => m.ownBuffers())]) {
      if ((found.get(path) ?? t) !== t) throw new UsageError(`stateDict: two tensors are called '${path}'; rename one`);
      found.set(path, t);
    }
    return Object.fromEntries(found);
  }

  /**
   * Overwrites parameters and buffers in place. Without `strict` (default true) names may be missing or unknown.
   * @throws CheckpointError if names (with `strict`), shapes or dtypes differ, naming the first of each; nothing is
   * overwritten then.
   */
  loadStateDict(state: Record<string, StateValue>, options: { strict?: boolean } = {}): void {
    const own = this.stateDict();
    checkState(own, state, options);
    overwriteState(own, state);
  }

  /** Gives back the memory of all parameters, their gradients, and buffers. */
  dispose(): void {
    for (const t of new Set(Object.values(this.stateDict()))) {
      t.grad?.dispose();
      t.grad = null;
      t.dispose();
    }
  }
}

/** @throws UsageError unless it is a module. */
export function requireModule(where: string, value: unknown): void {
  if (!(value instanceof Module)) throw new UsageError(`${where}: takes a module, got ${showValue(value)}`);
}

function isModule(value: unknown): value is Module {
  return value instanceof Module;
}

function isParameter(value: unknown): value is Tensor {
  return value instanceof Tensor && value.isParameter;
}
