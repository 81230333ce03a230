/** `count` reproducible numbers in [-scale, scale). */
export function seeded(count: number, seed: number, scale = 1): Float32Array {
  let state = (seed * 2654435761 + 1) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) / 2 ** 31 - 1) * scale;
  });
}
