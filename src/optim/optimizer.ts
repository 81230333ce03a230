import { zeros } from '../autograd/ops/create.js';
import { UsageError } from '../device/errors.js';
import { within } from '../device/place.js';
import { unscoped } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';

/** Parameters that share settings; settings left out are the optimizer's. */
export type ParamGroup<S> = { params: readonly Tensor[] } & Partial<S>;

/** Settings that every optimizer has. */
export interface CommonSettings {
  /** Learning rate. */
  lr: number;
  /** Pull towards zero; see the optimizer for how it enters. */
  weightDecay: number;
}

/**
 * The base of SGD, Adam and the rest: groups of parameters, per-parameter state that lives outside every scope,
 * and updates in place.
 */
export abstract class Optimizer<S extends CommonSettings = CommonSettings> {
  readonly groups: ({ params: readonly Tensor[] } & S)[];
  /** State tensors by parameter, then by name. */
  private readonly state = new Map<Tensor, Map<string, Tensor>>();
  /** Updates so far. */
  steps = 0;

  constructor(params: readonly Tensor[] | readonly ParamGroup<S>[], defaults: S) {
    const groups = isGroups<S>(params) ? params : [{ params } as unknown as ParamGroup<S>];
    this.groups = groups.map((group) => {
      const given = Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined));
      return { ...defaults, ...given } as unknown as { params: readonly Tensor[] } & S;
    });
    const all = this.groups.flatMap((g) => g.params);
    if (all.length === 0) throw new UsageError(`${this.constructor.name}: no parameters to optimize`);
    if (new Set(all).size < all.length) throw new UsageError(`${this.constructor.name}: a parameter is given twice`);
  }

  /** The learning rate of the first group; setting it sets all of them. */
  get lr(): number {
    return this.groups[0].lr;
  }

  set lr(value: number) {
    for (const group of this.groups) group.lr = value;
  }

  /** Updates every parameter that has a gradient. */
  step(): void {
    this.steps++;
    within('optimizer', () => {
      for (const group of this.groups) {
        for (const param of group.params) if (param.grad) this.update(param, param.grad, group);
      }
    });
  }

  protected abstract update(param: Tensor, grad: Tensor, settings: S): void;

  /** Forgets all gradients, so that the next backward pass starts from none. */
  zeroGrad(): void {
    for (const group of this.groups) {
      for (const param of group.params) {
        param.grad?.dispose();
        param.grad = null;
      }
    }
  }

  /** State of a parameter, zeros when first asked for. */
  protected stateOf(param: Tensor, name: string): Tensor {
    const named = this.state.get(param) ?? new Map<string, Tensor>();
    this.state.set(param, named);
    let t = named.get(name);
    if (!t) {
      t = unscoped(() => zeros(param.shape));
      t.label = `optimizer ${name}`;
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
  settings(): { steps: number; groups: object[] } {
    return { steps: this.steps, groups: this.groups.map(({ params: _, ...settings }) => settings) };
  }

  /** Takes up where `settings()` and `stateTensors()` were taken. */
  restore(saved: { steps: number; groups: object[] }, tensors: Record<string, Float32Array>): void {
    this.steps = saved.steps;
    this.groups.forEach((group, i) => {
      Object.assign(group, saved.groups[i]);
    });
    const all = this.groups.flatMap((g) => g.params);
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
