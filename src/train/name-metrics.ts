import { noGrad } from '../autograd/tape.js';
import { inEvaluation } from '../layers/reach.js';
import { scope } from '../tensor/scope.js';
import { rngState, setRngState } from '../tensor/seed.js';
import { onDevice } from './batches.js';
import type { TrainerParts } from './fit.js';
import type { Measures } from './measures.js';
import { inPrecision } from './precision.js';

/**
 * A run that was stopped behind an epoch's last batch has the sums of its metrics, but no step has said yet which metrics they are:
 * that batch, number `batch` of the epoch, is looked at once more, without training or counting.
 */
export async function nameMetrics(
  parts: TrainerParts,
  measures: Measures,
  epoch: number,
  batch: number,
): Promise<void> {
  const { train, model, task, precision = 'f32' } = parts;
  const stream = rngState();
  for await (const last of train.epoch(epoch, { startBatch: batch })) {
    using _look = scope();
    const given = onDevice('trainer', last);
    const step = () => inPrecision(precision, () => task(model, given, { training: true })); // as in training; the model's statistics stay
    measures.name(noGrad(() => inEvaluation(model, step)));
    break;
  }
  setRngState(stream);
}
