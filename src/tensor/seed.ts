// Random numbers on the GPU are Philox4x32-10, keyed by (seed, stream): each random op takes the next stream.
let seed = 0;
let stream = 0;

/** Fixes the seed of every random op from here on; the same program then gives the same numbers. Default 0. */
export function manualSeed(value: number): void {
  seed = value >>> 0;
  stream = 0;
}

/** Takes the next stream of random numbers. */
export function nextStream(): { seed: number; stream: number } {
  const taken = { seed, stream };
  stream = (stream + 1) >>> 0;
  return taken;
}

/** Where the generator stands, for checkpoints. */
export function rngState(): { seed: number; stream: number } {
  return { seed, stream };
}

export function setRngState(state: { seed: number; stream: number }): void {
  seed = state.seed >>> 0;
  stream = state.stream >>> 0;
}
