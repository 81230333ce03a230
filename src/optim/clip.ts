// Gradient clipping, on the GPU: nothing is read back.

import { add, div, minimum, mul } from '../autograd/ops/arithmetic.js';
import { requireTensors } from '../autograd/ops/checks.js';
import { full } from '../autograd/ops/create.js';
import { clamp, sqrt, square } from '../autograd/ops/pointwise.js';
import { sum } from '../autograd/ops/reduce.js';
import { noGrad } from '../autograd/tape.js';
import { showValue, UsageError } from '../errors.js';
import { checkOptions, type Rule, required } from '../options.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';

const limited: Rule = {
  be: 'a number, 0 or more, or Infinity',
  holds: (value) => typeof value === 'number' && value >= 0,
};

function gradients(op: string, params: readonly Tensor[]): Tensor[] {
  if (!Array.isArray(params)) {
    throw new UsageError(`${op}: takes a list of tensors, such as model.parameters(), got ${showValue(params)}`);
  }
  requireTensors(op, ...params);
  return params.flatMap((p) => (p.grad ? [p.grad] : []));
}

/**
 * Scales all gradients together, in place, so that their joint Euclidean norm is at most `maxNorm`. Returns the norm
 * before, as a scalar tensor; NaN in one gradient makes all of them NaN. Between `backward()` and `step()`. PyTorch:
 * nn.utils.clip_grad_norm_.
 */
export function clipGradNorm(params: readonly Tensor[], maxNorm: number): Tensor {
  const grads = gradients('clipGradNorm', params);
  checkOptions('clipGradNorm', { maxNorm }, { maxNorm: required(limited) });
  return scope(() =>
    noGrad(() => {
      const total = sqrt(grads.map((g) => sum(square(g))).reduce((a, b) => add(a, b), full([], 0)));
      const factor = minimum(div(maxNorm, add(total, 1e-6)), full([], 1));
      for (const g of grads) g.copy(mul(g, factor));
      return total;
    }),
  );
}

/** Keeps every gradient element within ±limit, in place; NaN stays NaN. PyTorch: nn.utils.clip_grad_value_. */
export function clipGradValue(params: readonly Tensor[], limit: number): void {
  const grads = gradients('clipGradValue', params);
  checkOptions('clipGradValue', { limit }, { limit: required(limited) });
  using _clip = scope();
  noGrad(() => {
    for (const g of grads) g.copy(clamp(g, -limit, limit));
  });
}
