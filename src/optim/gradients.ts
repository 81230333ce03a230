// All gradients of an update, changed or measured in few launches: small ones are joined, and the optimizer finds them so.

import { zeros } from '../autograd/ops/create.js';
import { sqrt } from '../autograd/ops/pointwise.js';
import { mapInPlace } from '../kernels/elementwise.js';
import { sumOfSquares } from '../kernels/part-squares.js';
import { scope } from '../tensor/scope.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { joined, sideBySide, together } from './join.js';

/** Gradients side by side, or one, and what a kernel is given for them. */
export interface Joined {
  whole: Tensor;
  members: readonly Tensor[];
}

/**
 * The gradients that parameters have, in the open scope: where an optimizer has joined parameters, their gradients are joined in its order,
 * and small ones of the others by themselves.
 */
export function joinedGradients(params: readonly Tensor[]): Joined[] {
  const given = params.filter(({ grad }) => grad !== null && grad.size > 0);
  const lying = sideBySide(given, (param) => param);
  const lists = [...lying.filter((list) => list.length > 1), lying.filter((list) => list.length === 1).flat()];
  const joining = new Set<object>();
  const gradientsOf = (list: readonly Tensor[]) => list.map((param) => param.grad!);
  const runs = lists.flatMap((list) => together(gradientsOf(list), joining));
  return runs.map((members) => ({ whole: joined(members), members }));
}

/** The Euclidean norm of all gradients, a scalar in the open scope. Where they lie changes no bit. */
export function jointNorm(params: readonly Tensor[], all: readonly Joined[]): Tensor {
  if (all.length === 0) return zeros([]);
  const turns = new Map(params.map(({ grad }, i) => [grad, i]));
  const parted = all.map(({ whole: { buffer, size }, members }) => {
    const parts = members.map((t) => ({ start: (t.buffer.base - buffer.base) / 4, size: t.size, turn: turns.get(t)! }));
    return { buffer, size, parts };
  });
  const squares = empty([]);
  sumOfSquares(parted, squares.buffer);
  return sqrt(squares);
}

/** Every number x of gradients becomes what a formula makes of it: see map_in_place.wgsl. `what` is what messages call it. */
export function rewrite(what: string, all: readonly Joined[], formula: string, alpha: number, norm?: Tensor): void {
  for (const { whole, members } of all) {
    mapInPlace(formula, whole.buffer, whole.size, alpha, norm?.buffer);
    for (const t of members) t.overwrittenBy(what);
  }
}

/** Divides the sums of so many batches' gradients, in place. */
export function averageGradients(params: readonly Tensor[], batches: number): void {
  using _ = scope();
  rewrite('trainer', joinedGradients(params), 'p.alpha * x', 1 / batches);
}
