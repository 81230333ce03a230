import { zeros } from '../autograd/ops/create.js';
import { wrote } from '../autograd/tape.js';
import { UsageError } from '../device/errors.js';
import { within } from '../device/place.js';
import { unscoped } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';

/** Parameters that share settings; settings left out are the optimizer's. Optimizers take tensors, or a list of these. */
export type ParamGroup<S> = {
  /** What these settings are for. */
  params: readonly Tensor[];
} & Partial<S>;

/** Settings that every optimizer has. */
export interface CommonSettings {
  /** Learning rate. */
  lr: number;
  /** Pull towards zero; see the optimizer for how it enters. Default 0, AdamW's 0.01. */
  weightDecay: number;
}

/** All of an optimizer that is not a tensor; a plain object, for JSON. */
export interface OptimizerState {
  /** Updates so far. */
  steps: number;
  /** Each group's settings. */
  groups: object[];
}

/**
 * The base of SGD, Adam and the rest: groups of parameters, per-parameter state that lives outside every scope,
 * and updates in place. One of your own extends it with `update`.
 */
export abstract class Optimizer<S extends CommonSettings = CommonSettings> {
  /** Parameters with their settings, which may be changed between steps. */
  readonly groups: (ParamGroup<S> & S)[];
  /** State tensors by parameter, then by name. */
  private readonly state = new Map<Tensor, Map<string, Tensor>>();
  /** Updates so far. */
  steps = 0;

  /**
   * `defaults` are the settings of a group that has none of its own.
   * @throws UsageError if there are no parameters, or one is given twice.
   */
  constructor(params: readonly Tensor[] | readonly ParamGroup<S>[], defaults: S) {
    const groups = isGroups<S>(params) ? params : [{ params } as unknown as ParamGroup<S>];
    this.groups = groups.map((group) => {
      const given = Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined));
      return { ...defaults, ...given } as unknown as ParamGroup<S> & S;
    });
    const all = this.groups.flatMap((g) => g.params);
    if (all.length === 0) throw new UsageError(`${this.constructor.name}: no parameters to optimize`);
    if (new Set(all).size < all.length) throw new UsageError(`${this.constructor.name}: a parameter is given twice`);
  }

  /** The learning rate of the first group; setting it sets all of them. */
  get lr(): number {
    return this.groups[0].lr;
  }

  /** The learning rate of all groups from the next step on. */
  set lr(value: number) {
    for (const group of this.groups) group.lr = value;
  }

  /** Updates every parameter that has a gradient. */
  step(): void {
    this.steps++;
    within('optimizer', () => {
      let place = 0;
      for (const group of this.groups) {
        for (const param of group.params) {
          if (param.grad) {
            this.update(param, param.grad, group);
            wrote(this.constructor.name, param, place);
          }
          place++;
        }
      }
    });
  }

  /** One step of one parameter, in place; `steps` counts it already. */
  protected abstract update(param: Tensor, grad: Tensor, settings: S): void;

  /** Forgets all gradients, so that the next backward pass starts from none. Gives their memory back. */
  zeroGrad(): void {
    for (const group of this.groups) {
      for (const param of group.params) {
        param.grad?.dispose();
        param.grad = null;
      }
    }
  }

  /** State of a parameter, such as its velocity, in its shape; zeros when first asked for. */
  protected stateOf(param: Tensor, name: string): Tensor {
    const named = this.state.get(param) ?? new Map<string, Tensor>();
    this.state.set(param, named);
    let t = named.get(name);
    if (!t) {
      t = unscoped(() => zeros(param.shape));
      t.holds(`optimizer ${name}`);
      named.set(name, t);
    }
    return t;
  }

  /** Every state tensor by '<parameter's place>.<name>': with `steps` and the settings, all there is to save. */
  stateTensors(): Record<string, Tensor> {
    const all = this.groups.flatMap((g) => g.params);
    const entries = all.flatMap((param, i) =>
      [...(this.state.get(param) ?? [])].map(([name, t]): [string, Tensor] => [`${i}.${name}`, t]),
    );
    return Object.fromEntries(entries);
  }

  /** Plain settings of each group and the number of steps. */
  settings(): OptimizerState {
    return { steps: this.steps, groups: this.groups.map(({ params: _, ...settings }) => settings) };
  }

  /**
   * Takes up where `settings()` and `stateTensors()` were taken.
   * @throws UsageError if there is state for a parameter that is not there.
   */
  restore(saved: OptimizerState, tensors: Record<string, Float32Array>): void {
    this.steps = saved.steps;
    this.groups.forEach((group, i) => {
      Object.assign(group, saved.groups[i]);
    });
    const all = this.groups.flatMap((g) => g.params);
    for (const [key, t] of Object.entries(this.stateTensors())) {
      if (Object.hasOwn(tensors, key)) continue;
      const [place, name] = key.split('.');
      this.state.get(all[Number(place)])?.delete(name); // had not begun then
      t.dispose();
    }
    for (const [key, values] of Object.entries(tensors)) {
      const [place, name] = key.split('.');
      const param = all[Number(place)];
      if (!param)
        throw new UsageError(`${this.constructor.name}: saved state for parameter ${place}, there are ${all.length}`);
      this.stateOf(param, name).set(values);
    }
  }

  /** Gives back the memory of the state and of the parameters' gradients. */
  dispose(): void {
    this.zeroGrad();
    for (const named of this.state.values()) for (const t of named.values()) t.dispose();
    this.state.clear();
  }
}

function isGroups<S>(params: readonly Tensor[] | readonly ParamGroup<S>[]): params is readonly ParamGroup<S>[] {
  return params.length > 0 && 'params' in params[0];
}
