/** Philox4x32-10 (Salmon et al. 2011) on the host: four random words from a counter and a key. */
export function philox(start: readonly number[], keyStart: readonly number[]): number[] {
  let [c0, c1, c2, c3] = start.map((w) => BigInt(w >>> 0));
  let [k0, k1] = keyStart.map((w) => BigInt(w >>> 0));
  const low = (v: bigint) => v & 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const a = 0xd2511f53n * c0;
    const b = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(b >> 32n) ^ c1 ^ k0, low(b), (a >> 32n) ^ c3 ^ k1, low(a)];
    [k0, k1] = [low(k0 + 0x9e3779b9n), low(k1 + 0xbb67ae85n)];
  }
  return [c0, c1, c2, c3].map(Number);
}
