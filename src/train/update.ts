// From gradients to new weights.
import { UsageError } from '../errors.js';
import { clipGradNorm, clipGradValue } from '../optim/clip.js';
import { averageGradients } from '../optim/gradients.js';
import { scope } from '../tensor/scope.js';
import type { TrainerParts } from './fit.js';
import { scalerOf } from './precision.js';

/** The optimizer's step from the gradients of `batches` batches: averaged, clipped, looked at, applied; then the schedule of steps. */
export function updateWeights(parts: TrainerParts, batches: number): void {
  const { model, optimizer, schedule, beforeUpdate } = parts;
  const scaler = scalerOf(parts);
  using _update = scope();
  scaler?.unscale(optimizer);
  const params = optimizer.groups.flatMap((group) => group.params);
  if (batches > 1) averageGradients(params, batches);
  if (parts.clipGradNorm !== undefined) clipGradNorm(params, parts.clipGradNorm);
  if (parts.clipGradValue !== undefined) clipGradValue(params, parts.clipGradValue);
  const given: unknown = beforeUpdate?.({ model, optimizer });
  if (given instanceof Promise) {
    given.catch(() => {});
    throw new UsageError('trainer: beforeUpdate is not async: the update does not wait for it');
  }
  if (scaler) {
    scaler.step(optimizer);
    scaler.update();
  } else optimizer.step();
  if (schedule?.each === 'step') schedule.rule.step();
}
