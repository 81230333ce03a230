import { within } from '../device/call-site.js';
import { showValue, UsageError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import { type AnyModule, Module } from './module.js';

/** Under a symbol, where parts are not looked for, so that no name gets a prefix. */
const LAYERS = Symbol('layers');

/** What a Sequential is made of: modules of one tensor each, or an object of them. */
export type SequentialParts = readonly Module[] | readonly [Readonly<Record<string, Module>>];

/**
 * Modules one after the other, each handed what the one before it gave. Children are named '0', '1', ... as in PyTorch's
 * nn.Sequential, or by the keys of an object. `layers` has them by these names, each of its own type:
 *
 *     const net = new Sequential({ conv1: new Conv2d(3, 8, 3), relu1: new ReLU() });
 *     net.layers.conv1.weight;
 *     const list = new Sequential(new Linear(2, 8), new ReLU(), new Linear(8, 2));
 *     new Sequential(...list.layers.slice(0, 2)); // of the same layers
 *
 * @throws UsageError for what is no module, such as the function `relu` in place of `new ReLU()`, and for a name with a dot.
 */
export class Sequential<Parts extends SequentialParts = SequentialParts> extends Module {
  private readonly [LAYERS]: LayersOf<Parts>;

  constructor(...modules: Parts) {
    super();
    const [first] = modules;
    this[LAYERS] = (modules.length === 1 && isPlain(first) ? { ...first } : [...modules]) as LayersOf<Parts>;
    this.chain();
  }

  /** The modules of the chain by name, or by number. One that is put in the place of another runs from then on. */
  get layers(): LayersOf<Parts> {
    return this[LAYERS];
  }

  /** The modules of the chain, then those in properties of a class that extends this one. */
  override children(): [string, AnyModule][] {
    return [...this.chain(), ...super.children()];
  }

  /** The modules of the chain, in the order in which they run. @internal */
  chain(): [string, Module][] {
    const chain = Object.entries<Module>(this[LAYERS]);
    for (const [name, layer] of chain) {
      if (!(layer instanceof Module)) throw new UsageError(`Sequential: '${name}' is no module: ${showLayer(layer)}`);
      if (name.includes('.'))
        throw new UsageError(`Sequential: a name with a dot, '${name}', would be a path; leave it out`);
    }
    return chain;
  }

  /** The last module's output. */
  forward(x: Tensor): Tensor {
    let value = x;
    for (const [name, module] of Object.entries<Module>(this[LAYERS])) {
      if (!(module instanceof Module)) this.chain(); // which says what it is
      value = within(name, () => module.forward(value));
    }
    return value;
  }
}

/** `Sequential.layers`, by what its constructor was given. */
export type LayersOf<Parts> = Parts extends readonly Module[]
  ? Parts
  : Parts extends readonly [infer ByName]
    ? ByName
    : never;

function isPlain(value: unknown): value is Record<string, Module> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function showLayer(value: unknown): string {
  if (Array.isArray(value)) return 'a list; spread it: new Sequential(...layers)';
  if (typeof value === 'function' && value.prototype instanceof Module)
    return `a class; new ${value.name}() makes a layer`;
  if (typeof value === 'function')
    return `the function ${value.name || '=> ...'}; layers are modules, such as new ReLU()`;
  return showValue(value);
}
