// What an optimizer is made of, checked before it is used.
import { showValue, UsageError } from '../errors.js';
import { anything, checkOptions, notNegative, type Rule, type Rules, whole } from '../options.js';
import { type Shape, sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';

/** Parameters that share settings; settings left out are the optimizer's. Optimizers take tensors, or a list of these. */
export type ParamGroup<S> = {
  /** What these settings are for. */
  params: readonly Tensor[];
} & Partial<S>;

/** Settings that every optimizer has. */
export interface CommonSettings {
  /** Learning rate. */
  lr: number;
  /** Pull towards zero; see the optimizer for how it enters. Default 0, AdamW's and LAMB's 0.01. */
  weightDecay: number;
}

/** All of an optimizer that is not a tensor; a plain object, for JSON. */
export interface OptimizerState {
  /** Calls of `step` so far. */
  steps: number;
  /** Updates of each parameter so far. */
  updates: number[];
  /** Each group's settings. */
  groups: object[];
  /** What every group's lr was multiplied by. Not in states of older versions, where it was 1. */
  lrScale?: number;
}

/** A parameter's state has its shape; how many of its updates were skipped is one number. */
export const shapeOfState = (name: string, param: Tensor): Shape => (name === 'skipped' ? [] : param.shape);

/** `defaults` with what was given; what is undefined counts as left out. */
export function settled<S extends object>(defaults: Partial<S>, given: Partial<S>): S {
  const told = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(told) } as S;
}

/** Rules of a group: those of its settings, and for its tensors, which `checkParams` looks at. */
export type GroupRules<S> = Rules<ParamGroup<S> & S>;

/**
 * Groups with all their settings, from tensors or from groups.
 * @throws UsageError unless there are tensors, each once, which may be trained, and settings that keep their rules.
 */
export function groupsOf<S extends CommonSettings>(
  where: string,
  params: readonly Tensor[] | readonly ParamGroup<S>[],
  defaults: S,
  rules: GroupRules<S>,
): (ParamGroup<S> & S)[] {
  if (!Array.isArray(params)) {
    throw new UsageError(`${where}: takes a list of tensors, such as model.parameters(), got ${showValue(params)}`);
  }
  const grouped = params.some(isGroup);
  const groups = grouped ? (params as readonly ParamGroup<S>[]) : [{ params } as unknown as ParamGroup<S>];
  const all = groups.map((group, i): ParamGroup<S> & S => {
    const at = grouped ? `${where}: groups[${i}]` : where;
    checkTensors(at, grouped ? (group as { params?: unknown })?.params : params);
    const whole = settled({ ...defaults }, group) as ParamGroup<S> & S;
    checkOptions(at, whole, rules);
    return whole;
  });
  const tensors = all.flatMap((group) => group.params);
  if (tensors.length === 0) throw new UsageError(`${where}: no parameters to optimize`);
  if (new Set(tensors).size < tensors.length) throw new UsageError(`${where}: a parameter is given twice`);
  return all;
}

/** Rules for what defaults alone say. */
export function looseRules<S extends object>(defaults: S): GroupRules<S> {
  return Object.fromEntries(['params', ...Object.keys(defaults)].map((name) => [name, anything])) as GroupRules<S>;
}

/** @throws UsageError unless what was saved is of these groups. */
export function checkSaved<S extends CommonSettings>(
  where: string,
  { groups, rules }: { groups: readonly ParamGroup<S>[]; rules: GroupRules<S> },
  saved: OptimizerState,
  tensors: Record<string, ArrayLike<number>>,
): void {
  const refuse = (what: string): never => {
    throw new UsageError(`${where}: cannot go on from this state: ${what}`);
  };
  const all = groups.flatMap((group) => group.params);
  const { steps, updates, groups: settings, lrScale = 1 } = saved ?? {};
  if (!Array.isArray(updates) || !Array.isArray(settings)) refuse('it is not what settings() gave');
  if (settings.length !== groups.length || updates.length !== all.length) {
    const [then, now] = [`${settings.length} groups and ${updates.length}`, `${groups.length} and ${all.length}`];
    refuse(`it is of ${then} parameters, there are ${now}`);
  }
  if (![steps, ...updates].every(whole(0).holds)) refuse('its steps and updates are whole numbers');
  if (!notNegative.holds(lrScale)) refuse(`its lrScale is ${notNegative.be}, got ${showValue(lrScale)}`);
  for (const [i, group] of settings.entries()) {
    const { params: _, ...own } = rules as Record<string, Rule>;
    checkOptions(`${where}: saved groups[${i}]`, group, own);
  }
  for (const [key, values] of Object.entries(tensors)) {
    const param = all[Number(/^(\d+)\.\w+$/.exec(key)?.[1] ?? Number.NaN)];
    if (!param) refuse(`it has '${key}', there are ${all.length} parameters`);
    const size = sizeOf(shapeOfState(key.split('.')[1], param));
    if (values?.length !== size) refuse(`'${key}' has ${values?.length} values, the parameter ${size}`);
  }
}

function isGroup(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'params' in value;
}

function checkTensors(where: string, params: unknown): void {
  if (!Array.isArray(params)) throw new UsageError(`${where}: params is a list of tensors, got ${showValue(params)}`);
  for (const [i, t] of params.entries()) {
    if (!(t instanceof Tensor)) {
      const named = Array.isArray(t) && t[1] instanceof Tensor;
      const fix = named ? 'take model.parameters(), which has no names' : 'take model.parameters()';
      throw new UsageError(`${where}: takes tensors, number ${i} is ${showValue(t)}; ${fix}`);
    }
    if (t.node) throw new UsageError(`${where}: ${t} was computed, only what was made can be trained; number ${i}`);
    if (!t.isParameter) {
      throw new UsageError(
        `${where}: ${t} never required a gradient, number ${i}; make it with parameter() or { requiresGrad: true }`,
      );
    }
  }
}
