// One case: an op on the device against its reference.
//
// The domain. Inputs are finite. WebGPU may flush denormals to zero and leaves infinities and NaN to the implementation,
// so denormals are drawn only where their flushing stays below the tolerance, and no case has an infinity or a NaN on the
// way: 'large' stays below the square root of the largest f32 wherever an op multiplies. Where a derivative jumps (relu at
// 0, equal elements of a maximum), exact ties are drawn, and what is expected is PyTorch's choice, as the op documents.
import fc from 'fast-check';
import { bindingLimit, setBindingLimit } from '../../../src/device/windows.js';
import { scope, sync, type Tensor, tensor } from '../../../src/index.js';
import { seeded } from '../random.js';
import { assertClose } from '../tolerance.js';
import type { Sums } from './sums.js';

/** Which numbers an input holds. */
export type Values = 'unit' | 'whole' | 'tiny' | 'large';

/** What every case draws besides its op's own shapes and options. */
export interface Setting {
  /** Of the inputs' values and the upstream gradient's. */
  seed: number;
  values: Values;
  /** How many of the op's largest items fit into a binding; 0 leaves the device's limit. */
  items: number;
  /** Bit i: whether input i requires a gradient. */
  needs: number;
}

/** Draws a setting. Most ops take all values; those with a smaller domain name theirs. */
export function settings(...values: Values[]): fc.Arbitrary<Setting> {
  const drawn: Values[] = values.length > 0 ? values : ['unit', 'whole', 'tiny', 'large'];
  return fc.record({
    seed: fc.nat(1e6),
    values: fc.constantFrom(...drawn),
    items: fc.constantFrom(0, 0, 1, 2, 5),
    needs: fc.constantFrom(7, 7, 7, 0, 1, 2, 4),
  });
}

/** An f32 array by a setting; `which` tells the inputs of a case apart. */
export function valuesOf(size: number, { seed, values }: Pick<Setting, 'seed' | 'values'>, which = 0): Float32Array {
  const base = seeded(size, seed * 8 + which + 1);
  if (values === 'whole') return base.map((v) => Math.round(v * 3)); // ties, zeros of both signs
  if (values === 'tiny') return base.map((v, i) => (i % 3 === 0 ? v * 1e-39 : v));
  return values === 'large' ? base.map((v) => v * 1e15) : base;
}

/** Like `valuesOf`, but apart from zero and each other's neighbourhood: for functions with a pole or a jump there. */
export function valuesBetween(low: number, high: number, size: number, seed: number): Float32Array {
  return seeded(size, seed).map((v) => low + ((v + 1) / 2) * (high - low));
}

/** An input: its values, shape and gradient's expected values. */
export interface Input {
  shape: readonly number[];
  data: Float32Array;
}

/** What a reference gives: the result, and from the upstream gradient each input's gradient; null where there is none. */
export interface Expected {
  y: Sums;
  gradients?: (dy: Float32Array) => readonly (Sums | null)[];
  /** Looks at what the op did to its inputs. */
  after?: (...inputs: Tensor[]) => Promise<void>;
}

/**
 * Runs an op and compares result and gradients. `item` is the number of elements of the largest thing that the op binds
 * whole (an image, a row), for `items` of the setting.
 */
export async function compare(
  op: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Input[],
  expected: Expected,
  setting: Setting,
  item = 64,
): Promise<void> {
  const limit = bindingLimit();
  if (setting.items > 0) setBindingLimit(Math.ceil((setting.items * Math.max(item, 64) + 128) / 64) * 256);
  try {
    await compareHere(op, inputs, expected, setting);
    await sync(); // what the device reports late belongs to this case
  } finally {
    setBindingLimit(limit);
  }
}

async function compareHere(
  op: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Input[],
  { y: wanted, gradients, after }: Expected,
  { seed, needs }: Setting,
): Promise<void> {
  using _ = scope();
  const required = inputs.map((_, i) => gradients !== undefined && i < 3 && (needs & (1 << i)) !== 0);
  const xs = inputs.map(({ shape, data }, i) => tensor(data, { shape, requiresGrad: required[i] }));
  const y = op(...xs);
  check('y', y, await y.data(), wanted);
  await after?.(...xs);
  if (!required.some(Boolean)) return;
  const dy = seeded(y.size, seed * 8 + 7);
  y.backward(tensor(dy, { shape: y.shape }));
  const all = gradients!(dy);
  for (const [i, x] of xs.entries()) {
    const gradient = all[i];
    if (!required[i] || !gradient) {
      if (x.grad) throw new Error(`input ${i} got a gradient that it must not have`);
      continue;
    }
    if (!x.grad) throw new Error(`input ${i} got no gradient`);
    check(`gradient of input ${i}`, x.grad, await x.grad.data(), gradient);
    x.grad.dispose();
  }
}

function check(what: string, t: Tensor, actual: ArrayLike<number>, wanted: Sums): void {
  if (t.shape.join() !== wanted.shape.join() || t.rank !== wanted.shape.length) {
    throw new Error(`${what}: shape [${t.shape}], expected [${wanted.shape}]`);
  }
  const { terms, scale, shape } = wanted;
  assertClose(actual, wanted.value, { what, terms, scale, shape });
}
