import { within } from '../device/place.js';
import { showValue, UsageError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import { Module } from './module.js';

/** Its layers by name; under a symbol, where parts are not looked for, so that no name gets a prefix. */
const LAYERS = Symbol('layers');

/**
 * Modules one after the other, each handed what the one before it gave. Children are named '0', '1', ... as in PyTorch's
 * nn.Sequential, or by the keys of an object: new Sequential({ conv1, relu1 }).
 * @throws UsageError for what is no module, such as the function `relu` in place of `new ReLU()`, and for a name with a dot.
 */
export class Sequential extends Module {
  private readonly [LAYERS]: [string, Module][];

  constructor(...modules: Module[] | [Record<string, Module>]) {
    super();
    const [first] = modules;
    const byName = modules.length === 1 && isPlain(first) ? first : modules;
    this[LAYERS] = Object.entries(byName);
    for (const [name, layer] of this[LAYERS]) {
      if (!(layer instanceof Module)) throw new UsageError(`Sequential: '${name}' is no module: ${showLayer(layer)}`);
      if (name.includes('.'))
        throw new UsageError(`Sequential: a name with a dot, '${name}', would be a path; leave it out`);
    }
  }

  /** The modules of the chain, then those in properties of a class that extends this one. */
  override children(): [string, Module][] {
    return [...this[LAYERS], ...super.children()];
  }

  /** The modules of the chain, in the order in which they run. @internal */
  chain(): [string, Module][] {
    return this[LAYERS];
  }

  /** The last module's output. */
  forward(x: Tensor): Tensor {
    return this[LAYERS].reduce((value, [name, module]) => within(name, () => module.forward(value)), x);
  }
}

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
