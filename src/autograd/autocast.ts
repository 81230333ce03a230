// Mixed precision: products in f16, and in f32 what needs its range. Which ops are which is PyTorch's list for CUDA.
import { features } from '../device/runtime.js';
import { showValue, UsageError } from '../errors.js';
import type { DType } from '../tensor/dtype.js';
import { requireSync } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { cast } from './ops/cast.js';
import { requireFloats } from './ops/checks.js';
import { mixed, whileMixed } from './region.js';
import { composed, noGrad } from './tape.js';

/** The features of the device of which it was said that it has no f16: it is said once for each. */
let said: ReadonlySet<string> | undefined;

/**
 * Runs `body` in mixed precision: matmul, linear and conv2d take f32 as f16 and give f16; softmax, losses, exp, log, pow, sum, norm and
 * variance take f16 as f32 and give f32; all other ops compute in the dtype of what they get, in f32 where both come together. Parameters and
 * their gradients stay f32, and weight gradients are computed as f32 from halves. 'f32' switches it off inside. Gradients of activations are f16:
 * small ones need a `GradScaler`. Where the adapter has no f16 it says so once a device and computes in f32. PyTorch: torch.autocast.
 * @throws UsageError unless `dtype` is 'f16' or 'f32', or if `body` is an async function.
 */
export function autocast<T>(dtype: 'f16' | 'f32', body: () => T): T {
  if (dtype !== 'f16' && dtype !== 'f32')
    throw new UsageError(`autocast: dtype is 'f16' or 'f32', got ${showValue(dtype)}`);
  requireSync('autocast', body, 'ops after its first await would be computed in f32');
  return whileMixed(dtype === 'f16' && halfOrSaySo(), body);
}

/** Whether f16 is to be had on the open device. */
export function hasHalf(): boolean {
  return features().has('shader-f16');
}

function halfOrSaySo(): boolean {
  const has = hasHalf();
  if (!has && said !== features()) {
    said = features();
    console.warn('autocast: this adapter has no f16 (the feature shader-f16), so everything is computed in f32');
  }
  return has;
}

/** Runs an op of products: in mixed precision on f16. */
export function lowered<T extends readonly Tensor[]>(op: (...tensors: T) => Tensor, ...tensors: T): Tensor {
  if (!mixed.on || tensors.every((t) => t.dtype !== 'f32')) return op(...tensors);
  const half = () => tensors.map((t) => (t.dtype === 'f32' ? cast(t, 'f16') : t)) as unknown as T;
  return composed(tensors, () => op(...half()));
}

/**
 * Runs an op of an input and parameters: in mixed precision on f16. It gets the dtype to compute in. Parameters, and an input that needs no
 * gradient, stay as they are, to be cast for each launch (`as`): to cast them again for the gradient costs less than to keep a second copy.
 */
export function loweredInput(
  op: (x: Tensor, dtype: 'f32' | 'f16') => Tensor,
  x: Tensor,
  params: readonly (Tensor | null)[],
): Tensor {
  if (!mixed.on) return op(x, x.dtype as 'f32' | 'f16');
  if (x.dtype === 'f16' || !x.requiresGrad) return op(x, 'f16');
  return composed([x, ...params.filter((t) => t !== null)], () => op(cast(x, 'f16'), 'f16'));
}

/** Launches with tensors of one dtype: those of another are cast for it. */
export function as<T extends readonly (Tensor | null)[]>(dtype: DType, tensors: T, launch: (...same: T) => void): void {
  const same = tensors.map((t) => (t && t.dtype !== dtype ? noGrad(() => cast(t, dtype)) : t));
  launch(...(same as unknown as T));
  for (const [i, t] of same.entries()) if (t && t !== tensors[i]) t.dispose();
}

/**
 * Whether parameters fit an input.
 * @throws DtypeError unless all are floats, and of the input's dtype: in mixed precision they may be f32.
 */
export function requireParams(op: string, x: Tensor, weight: Tensor, bias: Tensor | null): void {
  const given = bias ? [weight, bias] : [weight];
  if (mixed.on) for (const t of given) requireFloats(op, t);
  else requireFloats(op, x, ...given);
}

/** Runs an op on f32: in mixed precision it stays that, otherwise what comes from f16 is rounded to it once at the end. */
export function inF32<T extends readonly Tensor[]>(op: (...tensors: T) => Tensor, ...tensors: T): Tensor {
  if (tensors.every((t) => t.dtype !== 'f16')) return op(...tensors);
  return composed(tensors, () => {
    const y = op(...(tensors.map((t) => (t.dtype === 'f16' ? cast(t, 'f32') : t)) as unknown as T));
    return mixed.on || tensors.some((t) => t.dtype === 'f32') ? y : cast(y, 'f16');
  });
}

/** Runs an op that computes in either: on f32 in mixed precision. */
export function raised(op: (x: Tensor) => Tensor, x: Tensor): Tensor {
  return mixed.on ? inF32(op, x) : op(x);
}
