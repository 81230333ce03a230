import { showValue, UsageError } from '../errors.js';

// Random numbers on the GPU are Philox4x32-10, keyed by (seed, stream): each random op takes the next stream.
let seed = 0;
let stream = 0;

/** Where the generator stands. */
export interface RngState {
  /** As given to `manualSeed`, in 32 bits. */
  seed: number;
  /** The stream that the next random op takes. */
  stream: number;
}

/**
 * Fixes the seed (a whole number, of which 32 bits count) of every random op from here on; the same program then gives
 * the same numbers. A program that does not call it starts from 0. PyTorch: torch.manual_seed.
 */
export function manualSeed(value: number): void {
  requireWhole('manualSeed: the seed', value);
  seed = value >>> 0;
  stream = 0;
}

/** Takes the next stream of random numbers. */
export function nextStream(): RngState {
  const taken = { seed, stream };
  stream = (stream + 1) >>> 0;
  return taken;
}

/** Where the generator stands, for checkpoints. */
export function rngState(): RngState {
  return { seed, stream };
}

/** Goes on from where `rngState()` was taken: the same program then draws the same numbers. */
export function setRngState(state: RngState): void {
  requireWhole('setRngState: the seed', state?.seed);
  requireWhole('setRngState: the stream', state?.stream);
  seed = state.seed >>> 0;
  stream = state.stream >>> 0;
}

function requireWhole(what: string, value: unknown): void {
  if (!Number.isSafeInteger(value)) throw new UsageError(`${what} is a whole number, got ${showValue(value)}`);
}
