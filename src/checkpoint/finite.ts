// Whether weights are numbers, looked at on the GPU.
import { read, release, scratch, upload } from '../device/commands.js';
import { FOUND_WORDS, nonFinite } from '../kernels/non-finite.js';
import { isFloat } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';

/** The name of the first tensor of floats that holds NaN or an infinity, or null. */
export async function firstNotFiniteOf(named: readonly [string, Tensor][]): Promise<string | null> {
  const floats = named.filter(([, t]) => isFloat(t.dtype) && t.size > 0);
  if (floats.length === 0) return null;
  const words = floats.length * FOUND_WORDS;
  const found = scratch(words, 'non-finite counts');
  upload(found, new Uint32Array(words));
  for (const [i, [, t]] of floats.entries()) nonFinite(t.buffer, found, i, t.size);
  const reading = read(found, 4 * words);
  release(found);
  const counts = new Uint32Array(await reading);
  const place = floats.findIndex((_, i) => counts.subarray(i * FOUND_WORDS, (i + 1) * FOUND_WORDS).some((n) => n > 0));
  return place < 0 ? null : floats[place][0];
}
