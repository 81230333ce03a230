// What a checkpoint keeps besides tensors, as JSON.
import { CheckpointError } from '../errors.js';
import type { rngState } from '../tensor/seed.js';
import { type Check, dictionary, record, whole } from './json.js';
import type { Json } from './stateful.js';

/** Everything about a run that is not a tensor. */
export interface SavedState<Position = Json> {
  /** Where the run stood. */
  position: Position;
  /** Rollbacks so far. */
  rollbacks: number;
  /** Of each part, by its name. */
  parts: Record<string, Json>;
  /** The generator of random numbers on the GPU. */
  rng: ReturnType<typeof rngState>;
}

const anything: Check = (value, field) => (value === undefined ? `${field} is missing` : undefined);

const savedState = record({
  position: anything,
  rollbacks: whole,
  parts: dictionary(anything),
  rng: record({ seed: whole, stream: whole }),
});

/** Keys that would reach an object's prototype instead of the object. */
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/** Reads the JSON of a checkpoint. @throws CheckpointError naming the file and the field that is not as it should be. */
export function parseSavedState(text: string, file: string): SavedState {
  const where = `${file}: state`;
  let value: unknown;
  try {
    value = JSON.parse(text, (key, inner) => {
      if (FORBIDDEN.includes(key)) throw new CheckpointError(`${where} has a field '${key}', which no checkpoint has`);
      return inner;
    });
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(`${where} is not JSON (${(error as Error).message})`, { cause: error });
  }
  const wrong = savedState(value, where);
  if (wrong) throw new CheckpointError(wrong);
  return value as SavedState;
}
