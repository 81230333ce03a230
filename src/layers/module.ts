import { showValue, UsageError } from '../errors.js';
import { requireFunction } from '../options.js';
import { INSPECT, Tensor } from '../tensor/tensor.js';
import { HOOKS, type HookHandle, Hooks, prepareForward, wrapForward } from './call.js';
import { type LoadedState, loadState, type StateValue } from './state.js';
import { showTree } from './tree.js';
import { everyPath, join, partsOf } from './walk.js';

/** A module of whatever inputs and outputs. */
// biome-ignore lint/suspicious/noExplicitAny: `never` and `unknown` would not be a module that can be called
export type AnyModule = Module<any, any>;

/** Its buffers by name; under a symbol, where `partsOf` does not look. */
const BUFFERS = Symbol('buffers');

/** Modules whose own `train` is under way: one that is below itself is asked once. */
const switching = new Set<AnyModule>();

/** Set while a body runs whose modules are watched: `training` is a property, and tells nobody else that it is read. */
let modeRead: ((module: AnyModule) => void) | undefined;

/** Calls `tell` for each module whose mode `body` reads. @internal */
export function watchingModes<T>(tell: (module: AnyModule) => void, body: () => T): T {
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
 * It takes one tensor and gives one, unless it says otherwise: `extends Module<[Tensor, Tensor], { mean: Tensor; variance: Tensor }>`
 * has inputs and output of these types. In profiles and messages its launches are named after it, by its path in the model.
 *
 * A parameter is what `parameter()` made, or another leaf that requires a gradient. It stays one when `requiresGrad = false`
 * freezes it: it is listed, saved, loaded and disposed of like the others.
 */
export abstract class Module<In extends unknown[] = [Tensor], Out = Tensor> {
  private readonly [BUFFERS] = new Map<string, Tensor>();
  /** @internal */
  [HOOKS]: Hooks | null = null;
  private inTraining = true;

  constructor() {
    prepareForward(this);
  }

  /** Computes the module's output; the shapes it takes and gives are in its description. */
  abstract forward(...inputs: In): Out;

  /**
   * Calls `hook` after each `forward` of this module, with its inputs and its output. What it returns, unless nothing, is the output
   * in its place. Several run in the order in which they were registered. PyTorch: register_forward_hook.
   */
  registerForwardHook(hook: (module: this, inputs: In, output: Out) => Out | undefined): HookHandle {
    return this.addHook('registerForwardHook', 'after', hook as never);
  }

  /**
   * Calls `hook` before each `forward` of this module, with its inputs. What it returns, unless nothing, are the inputs in their
   * place, as a list. PyTorch: register_forward_pre_hook.
   */
  registerForwardPreHook(hook: (module: this, inputs: In) => In | undefined): HookHandle {
    return this.addHook('registerForwardPreHook', 'before', hook as never);
  }

  private addHook(op: string, when: 'before' | 'after', hook: () => unknown): HookHandle {
    requireFunction(op, 'hook', hook);
    if (Object.hasOwn(this, 'forward')) wrapForward(this);
    this[HOOKS] ??= new Hooks();
    return this[HOOKS].add(when, hook);
  }

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

  /** Constructor arguments for people, such as '96, 256, kernelSize=5, stride=1, padding=2'. PyTorch: extra_repr. */
  describe(): string {
    return '';
  }

  /** The tree of modules, as PyTorch prints it: `console.log` in Node shows the same. */
  toString(): string {
    return showTree(this);
  }

  /** @internal */
  [INSPECT](): string {
    return showTree(this);
  }

  /** Child modules by name, such as 'fc', 'blocks.0' or 'heads.left'; one with two names is listed under both. */
  children(): [string, AnyModule][] {
    return partsOf(this, isModule);
  }

  /** This module, under `path` (default ''), and all below it, each once, by its first path. PyTorch: named_modules. */
  namedModules(path = ''): [string, AnyModule][] {
    const found = new Map<AnyModule, string>();
    const visit = (at: string, module: AnyModule): void => {
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
    const seen = new Set<AnyModule>();
    const visit = (module: AnyModule): void => {
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
    const modules = everyPath<AnyModule>(this.namedModules().map(([, module]) => module));
    const under = (own: (module: AnyModule) => [string, Tensor][]): [string, Tensor][] =>
      modules.flatMap(([at, module]) => own(module).map(([name, t]): [string, Tensor] => [join(at, name), t]));
    const found = new Map<string, Tensor>();
    for (const [path, t] of [...under((m) => m.ownParameters()), ...under((m) => m.ownBuffers())]) {
      if ((found.get(path) ?? t) !== t) throw new UsageError(`stateDict: two tensors are called '${path}'; rename one`);
      found.set(path, t);
    }
    return Object.fromEntries(found);
  }

  /**
   * Overwrites parameters and buffers in place. Without `strict` (default true) names may be missing or unexpected. Returns which
   * are.
   * @throws CheckpointError if names (with `strict`), shapes or dtypes differ, naming the first of each; nothing is
   * overwritten then.
   */
  loadStateDict(state: Record<string, StateValue>, options: { strict?: boolean } = {}): LoadedState {
    return loadState(this.stateDict(), state, options);
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

function isModule(value: unknown): value is AnyModule {
  return value instanceof Module;
}

function isParameter(value: unknown): value is Tensor {
  return value instanceof Tensor && value.isParameter;
}
