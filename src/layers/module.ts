import { CheckpointError } from '../device/errors.js';
import type { TypedArray } from '../tensor/dtype.js';
import { type Shape, sameShape, showShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';

/** A value for `loadStateDict` on the host, as `wgrad/io` reads it. */
export interface HostValue {
  /** Must be the parameter's own. */
  shape: Shape;
  /** Elements in row-major order. */
  data: TypedArray;
}

/** Values for `loadStateDict`: tensors, or host arrays with their shape. */
export type StateValue = Tensor | HostValue;

/**
 * The base of every layer and model, as PyTorch's nn.Module: parameters and child modules are found among the
 * properties; `forward` computes.
 *
 *     class Net extends Module {
 *       hidden = new Linear(784, 128);
 *       out = new Linear(128, 10);
 *       forward(x: Tensor) { return this.out.forward(relu(this.hidden.forward(x))); }
 *     }
 */
export abstract class Module {
  /** Whether dropout drops and batch norm uses the batch's own statistics. Set by `train` and `eval`. Default true. */
  training = true;
  private readonly stateTensors = new Map<string, Tensor>();

  /** Computes the module's output; the shapes it takes and gives are in its description. */
  abstract forward(x: Tensor): Tensor;

  /**
   * The shape that an input of this shape gives, without running anything; what `summary` walks. Unless overridden, the
   * children's, one after the other.
   * @throws ShapeError if the input does not fit.
   */
  outputShape(input: Shape): Shape {
    return this.children().reduce((shape, [, child]) => child.outputShape(shape), input);
  }

  /**
   * Multiply-adds of one forward pass over an input of this shape, this module's own: children, biases and pointwise work
   * are left out. 0 unless overridden.
   */
  multiplyAdds(_input: Shape): number {
    return 0;
  }

  /** Constructor arguments for people, such as '96, 256, kernel 5, padding 2'. */
  describe(): string {
    return '';
  }

  /** Child modules by name: properties that are modules, and modules in arrays. */
  children(): [string, Module][] {
    const found: [string, Module][] = [];
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Module) found.push([name, value]);
      else if (Array.isArray(value)) {
        for (const [i, item] of value.entries()) if (item instanceof Module) found.push([`${name}.${i}`, item]);
      }
    }
    return found;
  }

  /** This module, under `path` (default ''), and all below it, by path. PyTorch: named_modules. */
  namedModules(path = ''): [string, Module][] {
    const below = this.children().flatMap(([name, child]) => child.namedModules(join(path, name)));
    return [[path, this], ...below];
  }

  /** Trainable tensors by path, such as ['conv1.weight', tensor], in order of declaration. PyTorch: named_parameters. */
  namedParameters(path = ''): [string, Tensor][] {
    const own = Object.entries(this)
      .filter((entry): entry is [string, Tensor] => entry[1] instanceof Tensor && entry[1].requiresGrad)
      .map(([name, t]): [string, Tensor] => [join(path, name), t]);
    return [...own, ...this.children().flatMap(([name, child]) => child.namedParameters(join(path, name)))];
  }

  /** Trainable tensors, this module's own and those below it: what an optimizer takes. */
  parameters(): Tensor[] {
    return this.namedParameters().map(([, t]) => t);
  }

  /** Declares a tensor that is state but not trained, such as a running mean. Saved and loaded with the rest. */
  protected registerBuffer(name: string, t: Tensor): Tensor {
    this.stateTensors.set(name, t);
    return t;
  }

  private namedBuffers(path = ''): [string, Tensor][] {
    const own = [...this.stateTensors].map(([name, t]): [string, Tensor] => [join(path, name), t]);
    return [...own, ...this.children().flatMap(([name, child]) => child.namedBuffers(join(path, name)))];
  }

  /** Training mode (or with false evaluation mode), for this module and all below it. Returns the module. */
  train(on = true): this {
    for (const [, module] of this.namedModules()) module.training = on;
    return this;
  }

  /** Evaluation mode: dropout passes through, batch norm uses running statistics. Returns the module. */
  eval(): this {
    return this.train(false);
  }

  /** All parameters and buffers by path: the live tensors, not copies. PyTorch: state_dict. */
  stateDict(): Record<string, Tensor> {
    return Object.fromEntries([...this.namedParameters(), ...this.namedBuffers()]);
  }

  /**
   * Overwrites parameters and buffers in place. Without `strict` (default true) names may be missing or unknown.
   * @throws CheckpointError if names (with `strict`) or shapes differ, naming the first of each.
   */
  loadStateDict(state: Record<string, StateValue>, { strict = true } = {}): void {
    const own = this.stateDict();
    const missing = Object.keys(own).filter((name) => !Object.hasOwn(state, name));
    const unknown = Object.keys(state).filter((name) => !Object.hasOwn(own, name));
    if (strict && missing.length + unknown.length > 0) {
      const list = (what: string, names: string[]) =>
        names.length > 0 ? [`${what} ${names.slice(0, 3).join(', ')}`] : [];
      const detail = [...list('missing', missing), ...list('unknown', unknown)].join('; ');
      throw new CheckpointError(`loadStateDict: the state does not fit this model: ${detail}`);
    }
    for (const [name, target] of Object.entries(own)) {
      const value = state[name];
      if (!value) continue;
      if (!sameShape(value.shape, target.shape)) {
        throw new CheckpointError(
          `loadStateDict: ${name} is ${showShape(value.shape)} in the state, ${showShape(target.shape)} in this model`,
        );
      }
      if (value instanceof Tensor) target.copy(value);
      else target.set(value.data);
    }
  }

  /** Gives back the memory of all parameters, their gradients, and buffers. */
  dispose(): void {
    for (const t of Object.values(this.stateDict())) {
      t.grad?.dispose();
      t.dispose();
    }
  }
}

function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name;
}
