// Everything a run needs to go on exactly where it was, as one safetensors file: tensors of the model and the
// optimizer, and in its metadata where trainer, schedule and random numbers stand.
import { CheckpointError } from '../device/errors.js';
import { readSafetensors, type StoredTensor, writeSafetensors } from '../io/safetensors.js';
import type { Module } from '../layers/module.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { ScheduleState } from '../optim/schedules.js';
import { rngState, setRngState } from '../tensor/seed.js';
import type { Tensor } from '../tensor/tensor.js';
import type { TrainerPosition } from './run.js';
import type { Trainer } from './trainer.js';

const FORMAT = 'wgrad checkpoint 1';

interface Saved {
  position: TrainerPosition;
  optimizer: ReturnType<Optimizer['settings']>;
  schedule: ScheduleState | null;
  rng: ReturnType<typeof rngState>;
}

async function stored(prefix: string, tensors: Record<string, Tensor>): Promise<[string, StoredTensor][]> {
  return Promise.all(
    Object.entries(tensors).map(async ([name, t]): Promise<[string, StoredTensor]> => {
      return [prefix + name, { shape: [...t.shape], data: await t.data() }];
    }),
  );
}

/**
 * The run's whole state as a file's bytes, in the safetensors format. `extra` is kept beside it, as text by name: options,
 * classes.
 */
export async function writeCheckpoint(trainer: Trainer, extra: Record<string, string> = {}): Promise<Uint8Array> {
  const { model, optimizer, schedule } = trainer.parts;
  const saved: Saved = {
    position: trainer.position(),
    optimizer: optimizer.settings(),
    schedule: schedule?.rule.state() ?? null,
    rng: rngState(),
  };
  const tensors = [
    ...(await stored('model.', model.stateDict())),
    ...(await stored('optimizer.', optimizer.stateTensors())),
  ];
  return writeSafetensors(tensors, { ...extra, format: FORMAT, state: JSON.stringify(saved) });
}

/** The weights (and running statistics) alone as a file's bytes, for use and not for going on. */
export async function writeWeights(model: Module, extra: Record<string, string> = {}): Promise<Uint8Array> {
  return writeSafetensors(await stored('model.', model.stateDict()), { ...extra, format: FORMAT });
}

/** A checkpoint or weights file, checked but not yet used. */
export interface Checkpoint {
  /** What messages call the file. */
  name: string;
  /** By 'model.<path>' and 'optimizer.<place>.<name>'. */
  tensors: Map<string, StoredTensor>;
  /** What was given as `extra`, and our own `format` and `state`. */
  metadata: Record<string, string>;
}

/**
 * Reads what `writeCheckpoint` or `writeWeights` wrote. `name` is what messages call the file.
 * @throws CheckpointError if the bytes are no checkpoint, naming the file and what is wrong.
 */
export function readCheckpoint(bytes: Uint8Array, name: string): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes, name);
  if (metadata.format !== FORMAT) {
    throw new CheckpointError(`${name}: not a checkpoint of this library (format ${metadata.format ?? 'not given'})`);
  }
  return { name, tensors, metadata };
}

function below(prefix: string, { tensors }: Checkpoint): Record<string, StoredTensor> {
  const own = [...tensors].filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, t]) => [name.slice(prefix.length), t]));
}

/**
 * Puts a checkpoint's weights into a model.
 * @throws CheckpointError if they do not fit it.
 */
export function restoreModel(checkpoint: Checkpoint, model: Module): void {
  model.loadStateDict(below('model.', checkpoint));
}

/**
 * Puts everything back: weights, optimizer, schedule, random numbers, and where the trainer stood. The trainer must have
 * been made from parts of the same kind.
 * @throws CheckpointError if it holds weights only, or they do not fit.
 */
export function restoreTrainer(checkpoint: Checkpoint, trainer: Trainer): void {
  const { state } = checkpoint.metadata;
  if (!state) throw new CheckpointError(`${checkpoint.name}: holds weights only, a run cannot go on from it`);
  const saved = JSON.parse(state) as Saved;
  const { model, optimizer, schedule } = trainer.parts;
  restoreModel(checkpoint, model);
  const tensors = Object.entries(below('optimizer.', checkpoint)).map(([name, t]) => [name, t.data as Float32Array]);
  optimizer.restore(saved.optimizer, Object.fromEntries(tensors));
  if (saved.schedule) schedule?.rule.restore(saved.schedule);
  setRngState(saved.rng);
  trainer.restore(saved.position);
}
