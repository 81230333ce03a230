// A run's whole state on the host: what checkpoints are written from, and what a run goes back to.
import { showValue, UsageError } from '../errors.js';
import type { StoredTensor } from '../io/safetensors.js';
import { rngState, setRngState } from '../tensor/seed.js';
import type { Tensor } from '../tensor/tensor.js';
import { isPart, restorePart, stateOf, tensorsOf } from './parts.js';
import type { SavedState } from './saved-state.js';
import type { Json, Part, Run } from './stateful.js';

/** Everything a run needs to go on exactly where it was. */
export interface Snapshot<Position = Json> {
  /** By '<part>.<path>', such as 'model.conv1.weight'. */
  tensors: [string, StoredTensor][];
  /** The rest. */
  saved: SavedState<Position>;
}

/** The parts that a run keeps, by name. */
export function partsOf({ keep }: Pick<Run<never>, 'keep'>): [string, Part][] {
  return Object.entries(keep).filter((entry): entry is [string, Part] => entry[1] !== undefined);
}

/** Tensors read back, their names below `prefix`. */
export async function readBack(prefix: string, tensors: Record<string, Tensor>): Promise<[string, StoredTensor][]> {
  const read: [string, StoredTensor][] = [];
  // One after the other: while a tensor is read, it takes its size twice more.
  for (const [name, t] of Object.entries(tensors))
    read.push([prefix + name, { shape: [...t.shape], data: await t.data() }]);
  return read;
}

/**
 * Reads a run's state back from the GPU. Nothing may train meanwhile.
 * @throws UsageError for what is no run, or while it cannot be taken: a trainer's losses are on their way.
 */
export async function takeSnapshot<Position>(run: Run<Position>): Promise<Snapshot<Position>> {
  requireRun('takeSnapshot', run);
  run.requireSettled?.('takeSnapshot');
  const parts = partsOf(run);
  const saved: SavedState<Position> = {
    position: structuredClone(run.position),
    rollbacks: run.rollbacks ?? 0,
    parts: Object.fromEntries(parts.map(([name, part]) => [name, structuredClone(stateOf(part))])),
    rng: rngState(),
  };
  const tensors: Snapshot['tensors'] = [];
  for (const [name, part] of parts) {
    const stored = 'stored' in part ? await part.stored?.() : undefined;
    if (stored) for (const [path, t] of Object.entries(stored)) tensors.push([`${name}.${path}`, t]);
    else tensors.push(...(await readBack(`${name}.`, tensorsOf(part))));
  }
  return { tensors, saved };
}

/** The tensors of a part, by the rest of their names. */
export function below(prefix: string, tensors: Iterable<[string, StoredTensor]>): Record<string, StoredTensor> {
  const own = [...tensors].filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, t]) => [name.slice(prefix.length), t]));
}

/** Puts everything back: the state of each part, random numbers, and where the run stood. It must keep the parts that were saved. */
export function restoreSnapshot<Position>({ tensors, saved }: Snapshot<Position>, run: Run<Position>): void {
  for (const [name, part] of partsOf(run)) restorePart(part, saved.parts[name], below(`${name}.`, tensors));
  setRngState(saved.rng);
  run.rollbacks = saved.rollbacks;
  run.position = structuredClone(saved.position);
}

/** The first tensor that holds NaN or an infinity, or null. */
export function firstNotFinite({ tensors }: Snapshot<unknown>): string | null {
  const broken = tensors.find(([, { data }]) => {
    for (let i = 0; i < data.length; i++) if (data[i] - data[i] !== 0) return true;
    return false;
  });
  return broken ? broken[0] : null;
}

/** @throws UsageError unless it is a trainer, or what a loop of one's own keeps. */
export function requireRun(where: string, run: unknown): void {
  const { keep, position } = Object(run) as Partial<Run>;
  if (typeof keep !== 'object' || keep === null || position === undefined)
    throw new UsageError(
      `${where}: takes a trainer, or a run { keep: { model, ... }, position }, got ${showValue(run)}`,
    );
  const odd = partsOf({ keep }).find(([, part]) => !isPart(part));
  if (odd)
    throw new UsageError(
      `${where}: keep.${odd[0]} is a module, an optimizer, or anything with state() and restore(), got ${showValue(odd[1])}`,
    );
}
