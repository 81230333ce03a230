import { within } from '../device/place.js';
import type { Tensor } from '../tensor/tensor.js';
import { Module } from './module.js';

/**
 * Modules one after the other, each handed what the one before it gave. Children are named '0', '1', ... as in PyTorch's
 * nn.Sequential, or by the keys of an object: new Sequential({ conv1, relu1 }).
 */
export class Sequential extends Module {
  private readonly named: [string, Module][];

  constructor(...modules: Module[] | [Record<string, Module>]) {
    super();
    const [first] = modules;
    this.named =
      first && !(first instanceof Module)
        ? Object.entries(first)
        : (modules as Module[]).map((module, i): [string, Module] => [String(i), module]);
  }

  override children(): [string, Module][] {
    return this.named;
  }

  /** The last module's output. */
  forward(x: Tensor): Tensor {
    return this.named.reduce((value, [name, module]) => within(name, () => module.forward(value)), x);
  }
}
