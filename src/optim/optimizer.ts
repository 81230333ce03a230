import { full } from '../autograd/ops/create.js';
import { wrote } from '../autograd/tape.js';
import { within } from '../device/call-site.js';
import type { GpuBuffer } from '../device/pool.js';
import { UsageError } from '../errors.js';
import { zero } from '../kernels/gate.js';
import * as kernels from '../kernels/optimizers.js';
import { anything, checkOptions, notNegative, type Rules, required } from '../options.js';
import { scope, unscoped } from '../tensor/scope.js';
import { alias, type Tensor } from '../tensor/tensor.js';
import { joined, together } from './join.js';
import {
  type CommonSettings,
  checkSaved,
  type GroupRules,
  groupsOf,
  looseRules,
  type OptimizerState,
  type ParamGroup,
  shapeOfState,
} from './params.js';
import { Pasts } from './pasts.js';

export type { CommonSettings, OptimizerState, ParamGroup } from './params.js';

/**
 * The base of SGD, Adam and the rest: groups of parameters, per-parameter state that lives outside every scope,
 * and updates in place. One of your own extends it with `update`.
 */
export abstract class Optimizer<S extends CommonSettings = CommonSettings> {
  /** Parameters with their settings, which may be changed between steps. */
  readonly groups: (ParamGroup<S> & S)[];
  private readonly rules: GroupRules<S>;
  /** State tensors by parameter, then by name. */
  private readonly state = new Map<Tensor, Map<string, Tensor>>();
  /** Updates of each parameter. */
  private readonly counts = new Map<Tensor, number>();
  private readonly pasts = new Pasts();
  /** The parameters that are updated as one now, and what the update is given for them. */
  private run: { whole: Tensor; members: readonly Tensor[] } | undefined;
  /** Not 0 on the GPU where updates are to be skipped: a GradScaler's. */
  private skip: GpuBuffer | undefined;
  /** An update has asked for its gate. */
  private asked = false;
  /** Calls of `step` so far. A parameter without a gradient then has fewer updates: see `updatesOf`. */
  steps = 0;
  /**
   * Every update's learning rate is its group's lr times this. Default 1. For what lowers all rates beside a schedule, which
   * goes on from the groups' own: a trainer's rollbacks.
   */
  lrScale = 1;

  /**
   * `defaults` are the settings of a group that has none of its own; `rules` say what each may be.
   * @throws UsageError if there are no parameters, one is given twice or cannot be trained, or a setting breaks its rule.
   */
  constructor(params: readonly Tensor[] | readonly ParamGroup<S>[], defaults: S, rules?: Rules<S>) {
    this.rules = rules ? ({ ...rules, params: anything } as GroupRules<S>) : looseRules(defaults);
    this.groups = groupsOf(this.constructor.name, params, defaults, this.rules);
  }

  /** The learning rate of the first group; setting it sets all of them. */
  get lr(): number {
    return this.groups[0].lr;
  }

  /** The learning rate of all groups from the next step on. */
  set lr(value: number) {
    for (const group of this.groups) group.lr = value;
  }

  /**
   * Updates every parameter that has a gradient.
   * @throws UsageError if a setting was changed to what it may not be, such as a learning rate of NaN; nothing is updated then.
   */
  step(): void {
    checkOptions(this.constructor.name, { lrScale: this.lrScale }, { lrScale: required(notNegative) });
    for (const [i, group] of this.groups.entries()) {
      checkOptions(`${this.constructor.name}: groups[${i}]`, group, this.rules);
    }
    this.steps++;
    within('optimizer', () => {
      let place = 0;
      for (const group of this.groups) {
        this.updateGroup(group.params, { ...group, lr: group.lr * this.lrScale });
        for (const param of group.params) {
          if (param.grad) wrote(this.constructor.name, param, place);
          place++;
        }
      }
    });
  }

  /** Updates a group: where an update allows it, many small parameters of one past as one. */
  private updateGroup(params: readonly Tensor[], settings: S): void {
    for (const same of this.pasts.shared(params)) {
      for (const param of same) this.counts.set(param, this.updatesOf(param) + 1);
      for (const members of this.runsOf(same, settings)) {
        if (members.length === 1) this.update(members[0], members[0].grad!, settings);
        else this.updateJoined(members, settings);
        this.requireGate();
      }
      this.pasts.goOn(same);
    }
  }

  private updateJoined(members: readonly Tensor[], settings: S): void {
    using _ = scope();
    const whole = joined(members);
    this.run = { whole, members };
    try {
      this.update(whole, joined(members.map(({ grad }) => grad!)), settings);
    } finally {
      this.run = undefined;
    }
  }

  private runsOf(params: readonly Tensor[], settings: S): Tensor[][] {
    const joins = ownerOf(this, 'update') === ownerOf(this, 'elementwise') && this.elementwise(settings);
    return joins ? together(params) : params.map((param) => [param]);
  }

  /**
   * Whether element i of an update depends on element i alone: `update` may then be given several parameters as one. It counts for
   * the `update` of the same class, not for one that a class of a user's own has instead.
   * @internal
   */
  protected elementwise(_settings: S): boolean {
    return false;
  }

  /** `step`, except that the GPU does nothing where `skip` is not 0. @internal */
  stepUnless(skip: GpuBuffer): void {
    this.skip = skip;
    try {
      this.step();
    } finally {
      this.skip = undefined;
    }
  }

  /** @throws UsageError if an update that may be skipped has not asked whether it is. */
  private requireGate(): void {
    if (!this.skip || this.asked) return;
    throw new UsageError(
      `GradScaler.step: ${this.constructor.name} is an optimizer of your own, whose update the GPU cannot skip; take one of the library's, or train in f32`,
    );
  }

  /**
   * What kernels of an update get. `counted`: it depends on how many updates there were, so those that the GPU skips are counted.
   * @internal
   */
  protected updateOf(param: Tensor, grad: Tensor, { counted = false } = {}): kernels.Update {
    this.asked = true;
    const { skip = zero() } = this;
    const counts = counted && (this.skip !== undefined || this.hasState(param, 'skipped'));
    const gate = { skip, skipped: counts ? this.stateOf(param, 'skipped').buffer : zero() };
    if (counts && this.skip) kernels.countSkip(gate); // a skipped update reads no count, so it may be counted before
    return { param: param.buffer, grad: grad.buffer, count: param.size, gate };
  }

  /** One step of one parameter, in place; `steps` and `updatesOf` count it already. The settings' lr has `lrScale` in it. */
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

  /** Updates of a parameter so far: its own count, from its first gradient on. */
  protected updatesOf(param: Tensor): number {
    return this.counts.get(this.membersOf(param)[0]) ?? 0;
  }

  /** Whether a parameter's state of this name has begun. */
  protected hasState(param: Tensor, name: string): boolean {
    return this.state.get(this.membersOf(param)[0])?.has(name) ?? false;
  }

  /** State of a parameter, such as its velocity, in its shape (a scalar if it is called 'skipped'); filled with `initial`, 0, when first asked for. */
  protected stateOf(param: Tensor, name: string, initial = 0): Tensor {
    const members = this.membersOf(param);
    const all = members.map((member) => this.ownState(member, name, initial));
    return name === 'skipped' ? this.oneCount(members, all) : joined(all);
  }

  private membersOf(param: Tensor): readonly Tensor[] {
    return this.run?.whole === param ? this.run.members : [param];
  }

  /** The count of skipped updates that these parameters have in common, and no other has. */
  private oneCount(members: readonly Tensor[], counts: readonly Tensor[]): Tensor {
    const [first] = counts;
    const { owners } = first.shared;
    if (owners === counts.length && counts.every(({ shared }) => shared === first.shared)) return first;
    const own = unscoped(() => full([], 0));
    own.holds('optimizer skipped');
    own.copy(first);
    for (const [i, member] of members.entries()) {
      counts[i].dispose();
      this.state.get(member)!.set('skipped', i === 0 ? own : unscoped(() => alias(own, [])));
    }
    return own;
  }

  private ownState(param: Tensor, name: string, initial: number): Tensor {
    const named = this.state.get(param) ?? new Map<string, Tensor>();
    this.state.set(param, named);
    let t = named.get(name);
    if (!t) {
      t = unscoped(() => full(shapeOfState(name, param), initial));
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

  /** Plain settings of each group, `lrScale`, and how many steps and updates there were. */
  settings(): OptimizerState {
    const updates = this.groups.flatMap((g) => g.params.map((param) => this.updatesOf(param)));
    const groups = this.groups.map(({ params: _, ...settings }) => settings);
    return { steps: this.steps, updates, groups, lrScale: this.lrScale };
  }

  /**
   * Takes up where `settings()` and `stateTensors()` were taken.
   * @throws UsageError if it was saved from other groups or parameters, or settings break their rules; nothing is changed then.
   */
  restore(saved: OptimizerState, tensors: Record<string, Float32Array>): void {
    checkSaved(this.constructor.name, { groups: this.groups, rules: this.rules }, saved, tensors);
    this.steps = saved.steps;
    this.lrScale = saved.lrScale ?? 1;
    this.groups.forEach((group, i) => {
      Object.assign(group, saved.groups[i]);
    });
    const all = this.groups.flatMap((g) => g.params);
    for (const [i, param] of all.entries()) this.counts.set(param, saved.updates[i]);
    this.pasts.begin(all, saved.updates, tensors);
    for (const [key, t] of Object.entries(this.stateTensors())) {
      if (Object.hasOwn(tensors, key)) continue;
      const [place, name] = key.split('.');
      this.state.get(all[Number(place)])?.delete(name); // had not begun then
      t.dispose();
    }
    for (const [key, values] of Object.entries(tensors)) {
      const [place, name] = key.split('.');
      this.stateOf(all[Number(place)], name).set(values);
    }
  }

  /** Why it cannot take up where a saved state was, or undefined. @internal */
  mismatch(saved: OptimizerState, tensors: Record<string, Float32Array>): string | undefined {
    try {
      checkSaved(this.constructor.name, { groups: this.groups, rules: this.rules }, saved, tensors);
    } catch (error) {
      if (error instanceof UsageError) return error.message;
      throw error;
    }
  }

  /** Gives back the memory of the state and of the parameters' gradients. */
  dispose(): void {
    this.zeroGrad();
    for (const named of this.state.values()) for (const t of named.values()) t.dispose();
    this.state.clear();
    this.counts.clear();
    this.pasts.clear();
  }
}

/** The object whose own a method is: an instance, or the prototype of one of its classes. */
function ownerOf(of: object, method: string): object {
  let owner = of;
  while (!Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner);
  return owner;
}
