// A run's whole state on the host: what checkpoints are written from, and what a trainer goes back to.
import { UsageError } from '../errors.js';
import type { StoredTensor } from '../io/safetensors.js';
import { rngState, setRngState } from '../tensor/seed.js';
import type { Tensor } from '../tensor/tensor.js';
import { modelState, restoreModelState } from './model-state.js';
import { type SavedState, steppedBy } from './saved-state.js';
import type { Trainer } from './trainer.js';

/** Everything a run needs to go on exactly where it was. */
export interface Snapshot {
  /** By 'model.<path>' and 'optimizer.<place>.<name>'. */
  tensors: [string, StoredTensor][];
  /** The rest. */
  saved: SavedState;
}

/** Tensors read back, their names below `prefix`. */
export async function readBack(prefix: string, tensors: Record<string, Tensor>): Promise<[string, StoredTensor][]> {
  return Promise.all(
    Object.entries(tensors).map(async ([name, t]): Promise<[string, StoredTensor]> => {
      return [prefix + name, { shape: [...t.shape], data: await t.data() }];
    }),
  );
}

/**
 * Reads a trainer's state back from the GPU. Nothing may train meanwhile.
 * @throws UsageError while losses of its steps are on their way: the epoch's figures would lack them.
 */
export async function takeSnapshot(trainer: Trainer): Promise<Snapshot> {
  if (!trainer.settled) {
    throw new UsageError(
      'takeSnapshot: losses of the last steps are on their way; take fit’s snapshots, in save(snapshot), or wait for trainStep',
    );
  }
  const { model, optimizer, schedule, train } = trainer.parts;
  const saved: SavedState = {
    position: trainer.position(),
    model: modelState(model),
    optimizer: optimizer.settings(),
    schedule: schedule?.rule.state() ?? null,
    stepped: steppedBy(trainer.parts),
    rng: rngState(),
    data: { length: train.length, orderedBy: train.orderedBy ?? null },
  };
  const tensors: Snapshot['tensors'] = [];
  for (const [prefix, own] of [
    ['model.', model.stateDict()],
    ['optimizer.', optimizer.stateTensors()],
  ] as const) {
    // One after the other: while a tensor is read, it takes its size twice more.
    for (const [name, t] of Object.entries(own)) tensors.push(...(await readBack(prefix, { [name]: t })));
  }
  return { tensors, saved };
}

/** The tensors whose names begin with `prefix`, by the rest of their names. */
export function below(prefix: string, tensors: Iterable<[string, StoredTensor]>): Record<string, StoredTensor> {
  const own = [...tensors].filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, t]) => [name.slice(prefix.length), t]));
}

/** Puts everything back: weights, what is frozen, optimizer, schedule, random numbers, and where the trainer stood. */
export function restoreSnapshot({ tensors, saved }: Snapshot, trainer: Trainer): void {
  const { model, optimizer, schedule } = trainer.parts;
  model.loadStateDict(below('model.', tensors));
  restoreModelState(model, saved.model);
  const state = Object.entries(below('optimizer.', tensors)).map(([name, t]) => [name, t.data as Float32Array]);
  optimizer.restore(saved.optimizer, Object.fromEntries(state));
  if (saved.schedule) schedule?.rule.restore(saved.schedule);
  setRngState(saved.rng);
  trainer.restore(saved.position);
}

/** The first tensor that holds NaN or an infinity, or null. */
export function firstNotFinite({ tensors }: Snapshot): string | null {
  const broken = tensors.find(([, { data }]) => {
    for (let i = 0; i < data.length; i++) if (data[i] - data[i] !== 0) return true;
    return false;
  });
  return broken ? broken[0] : null;
}
