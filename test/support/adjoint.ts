import * as assert from 'uvu/assert';
import { scope, type Tensor, tensor, zeros } from '../../src/index.js';
import { seeded } from './random.js';
import { EPSILON, FACTOR } from './tolerance.js';

/**
 * Asserts that the gradient of an op that is linear in its input, once the result of zeros is taken off, is its transpose:
 * <J u, v> = <u, J' v> for random u and v. `terms` is the length of the longest sum behind an element of either.
 */
export async function assertAdjoint(
  op: (u: Tensor) => Tensor,
  shape: readonly number[],
  { terms = 1, seed = 1 } = {},
): Promise<void> {
  using _step = scope();
  const size = shape.reduce((a, b) => a * b, 1);
  const u = tensor(seeded(size, seed), { shape, requiresGrad: true });
  const y = op(u);
  const v = tensor(seeded(y.size, seed + 1), { shape: y.shape });
  y.backward(v);
  const result = dot(await y.data(), await v.data());
  const constant = dot(await op(zeros(shape)).data(), await v.data());
  const backward = dot(await u.data(), await u.grad!.data());
  u.grad!.dispose();
  const deviation = result.deviation + constant.deviation + backward.deviation;
  const allowed = 1e-6 + FACTOR * EPSILON * Math.sqrt(terms) * deviation;
  const forward = result.sum - constant.sum;
  const error = Math.abs(forward - backward.sum);
  assert.ok(
    error <= allowed,
    `<Ju, v> is ${forward}, <u, J'v> is ${backward.sum} (allowed ${allowed.toExponential(1)})`,
  );
}

/** The products' sum, and how large it is by chance: the root of the sum of their squares. */
function dot(a: ArrayLike<number>, b: ArrayLike<number>): { sum: number; deviation: number } {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    sum += a[i] * b[i];
    squares += (a[i] * b[i]) ** 2;
  }
  return { sum, deviation: Math.sqrt(squares) };
}
