// Gradient clipping, on the GPU: nothing is read back.

import { requireTensors } from '../autograd/ops/checks.js';
import { within } from '../device/call-site.js';
import { showValue, UsageError } from '../errors.js';
import { checkOptions, type Rule, required } from '../options.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { joinedGradients, jointNorm, rewrite } from './gradients.js';

const limited: Rule = {
  be: 'a number, 0 or more, or Infinity',
  holds: (value) => typeof value === 'number' && value >= 0,
};

function requireParams(op: string, params: readonly Tensor[]): void {
  if (!Array.isArray(params)) {
    throw new UsageError(`${op}: takes a list of tensors, such as model.parameters(), got ${showValue(params)}`);
  }
  requireTensors(op, ...params);
}

/**
 * Scales all gradients together, in place, so that their joint Euclidean norm is at most `maxNorm`. Returns the norm
 * before, as a scalar tensor; NaN in one gradient makes all of them NaN. Between `backward()` and `step()`. With a `maxNorm` of Infinity
 * finite gradients stay as they are, and the norm is what it is for. PyTorch: nn.utils.clip_grad_norm_, and get_total_norm.
 */
export function clipGradNorm(params: readonly Tensor[], maxNorm: number): Tensor {
  requireParams('clipGradNorm', params);
  checkOptions('clipGradNorm', { maxNorm }, { maxNorm: required(limited) });
  const clip = () => {
    const all = joinedGradients(params);
    const norm = jointNorm(params, all);
    rewrite('clipGradNorm()', all, 'x * shrink()', maxNorm, norm);
    return norm;
  };
  return within('optimizer', () => scope(clip));
}

/** Keeps every gradient element within ±limit, in place; NaN stays NaN. PyTorch: nn.utils.clip_grad_value_. */
export function clipGradValue(params: readonly Tensor[], limit: number): void {
  requireParams('clipGradValue', params);
  checkOptions('clipGradValue', { limit }, { limit: required(limited) });
  within('optimizer', () => {
    using _ = scope();
    const kept = 'select(min(max(x, vec4f(-p.alpha)), vec4f(p.alpha)), x, is_nan(x))';
    rewrite('clipGradValue()', joinedGradients(params), kept, limit);
  });
}
