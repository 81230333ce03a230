// Random numbers on the GPU are Philox4x32-10, keyed by (seed, stream): each random op takes the next stream.
import { showValue, UsageError } from '../errors.js';

/** Where the generator stands. */
export interface RngState {
  /** As given to `manualSeed`, in 32 bits. */
  seed: number;
  /** The stream that the next random op takes. */
  stream: number;
}

/** One generator for the program, as torch.manual_seed's: random ops take no generator. */
let next: RngState = { seed: 0, stream: 0 };

/**
 * Fixes the seed (a whole number, of which 32 bits count) of every random op from here on; the same program then gives
 * the same numbers. A program that does not call it starts from 0. PyTorch: torch.manual_seed.
 */
export function manualSeed(value: number): void {
  requireWhole('manualSeed: the seed', value);
  next = { seed: value >>> 0, stream: 0 };
}

/** Takes the next stream of random numbers. */
export function nextStream(): RngState {
  const taken = next;
  next = { seed: taken.seed, stream: (taken.stream + 1) >>> 0 };
  return taken;
}

/** Where the generator stands, for checkpoints. */
export function rngState(): RngState {
  return { ...next };
}

/** Goes on from where `rngState()` was taken: the same program then draws the same numbers. */
export function setRngState(state: RngState): void {
  requireWhole('setRngState: the seed', state?.seed);
  requireWhole('setRngState: the stream', state?.stream);
  next = { seed: state.seed >>> 0, stream: state.stream >>> 0 };
}

function requireWhole(what: string, value: unknown): void {
  if (!Number.isSafeInteger(value)) throw new UsageError(`${what} is a whole number, got ${showValue(value)}`);
}
