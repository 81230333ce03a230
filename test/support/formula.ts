// The reproducible numbers that the golden training runs are made of; golden/generate.py has the same function.

/** `count` numbers in [-scale, scale): one 32-bit multiply-xorshift hash an index. */
export function formula(count: number, salt: number, scale: number): Float32Array {
  const out = new Float32Array(count);
  const offset = Math.imul(salt, 40503) + 12345;
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 2654435761) + offset) >>> 0;
    h ^= h >>> 16;
    h = Math.imul(h, 0x45d9f3b) >>> 0;
    h ^= h >>> 16;
    h = Math.imul(h, 0x45d9f3b) >>> 0;
    h = (h ^ (h >>> 16)) >>> 0;
    out[i] = ((h / 4294967296) * 2 - 1) * scale;
  }
  return out;
}
