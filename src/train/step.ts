// One batch: forward, loss, backward.
import { findingParts } from '../layers/reach.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { onDevice } from './batches.js';
import { checkStep } from './checks.js';
import type { TrainerParts } from './fit.js';
import { Measures } from './measures.js';
import { inPrecision, scalerOf } from './precision.js';
import type { Pass, Passed } from './team.js';

/**
 * Forward and backward of one batch: gradients are added to those that are there, or with `fresh` begin anew, and metrics to `measures`.
 * `backward` runs the backward pass. The caller looks whether there are gradients.
 */
export function passOf<B extends object>(
  parts: TrainerParts<B>,
  batch: B,
  measures: Measures,
  fresh: boolean,
  backward = (loss: Tensor) => loss.backward(),
): Passed {
  const { model, optimizer, task, precision = 'f32' } = parts;
  using _step = scope();
  const given = onDevice('trainer', batch);
  const result = findingParts('trainer', model, () => {
    const result = inPrecision(precision, () => task(model, given, { training: true }));
    checkStep('trainer', result);
    return result;
  });
  measures.add('trainer', result);
  if (fresh) optimizer.zeroGrad();
  backward(scalerOf(parts)?.scale(result.loss) ?? result.loss);
  return { loss: result.loss.item(), size: result.size };
}

/** `passOf` a batch, for a team, which decides when. */
export const passing =
  <B extends object>(parts: TrainerParts<B>, batch: B, measures: Measures): Pass =>
  ({ fresh, count, backward }) =>
    passOf(parts, batch, count ? measures : new Measures(), fresh, backward);
