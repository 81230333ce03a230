// Gradient clipping, on the GPU: nothing is read back.

import { add, div, minimum, mul } from '../autograd/ops/arithmetic.js';
import { full } from '../autograd/ops/create.js';
import { clamp, sqrt, square } from '../autograd/ops/pointwise.js';
import { sum } from '../autograd/ops/reduce.js';
import { noGrad } from '../autograd/tape.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';

function gradients(params: readonly Tensor[]): Tensor[] {
  return params.flatMap((p) => (p.grad ? [p.grad] : []));
}

/**
 * Scales all gradients together, in place, so that their joint Euclidean norm is at most `maxNorm`. Returns the norm
 * before, as a scalar tensor. Between `backward()` and `step()`. PyTorch: nn.utils.clip_grad_norm_.
 */
export function clipGradNorm(params: readonly Tensor[], maxNorm: number): Tensor {
  return scope(() =>
    noGrad(() => {
      const grads = gradients(params);
      const total = sqrt(grads.map((g) => sum(square(g))).reduce((a, b) => add(a, b), full([], 0)));
      const factor = minimum(div(maxNorm, add(total, 1e-6)), full([], 1));
      for (const g of grads) g.copy(mul(g, factor));
      return total;
    }),
  );
}

/** Keeps every gradient element within ±limit, in place. PyTorch: nn.utils.clip_grad_value_. */
export function clipGradValue(params: readonly Tensor[], limit: number): void {
  using _clip = scope();
  noGrad(() => {
    for (const g of gradients(params)) g.copy(clamp(g, -limit, limit));
  });
}
