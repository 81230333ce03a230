// One pass over data without training.
import { noGrad } from '../autograd/tape.js';
import { sync } from '../device/commands.js';
import type { AnyModule, Module } from '../layers/module.js';
import { inEvaluation } from '../layers/reach.js';
import { scope } from '../tensor/scope.js';
import { onDevice } from './batches.js';
import { checkEvaluation, checkStep, checkWhole } from './checks.js';
import type { EvaluationParts } from './fit.js';
import { AHEAD, LateResults } from './late-results.js';
import { Measures } from './measures.js';
import { inPrecision } from './precision.js';
import type { Team } from './team.js';

/**
 * The task's metrics over one pass of the data, by name, 'loss' among them. Several processes (`distribution.team`) each look at a share. Keras: Model.evaluate.
 * @throws the reason of the first signal that aborts; DataError if the data are empty, or fewer than they promise; UsageError if a module runs that `model.eval()`
 * does not reach, and whatever the task throws.
 */
export async function evaluate<B extends object, M extends AnyModule = Module>(
  parts: EvaluationParts<B, M>,
  team?: Team,
): Promise<Record<string, number>> {
  checkEvaluation(parts);
  const { model, task, data, precision = 'f32', onProgress, signals = [] } = parts;
  const measures = new Measures();
  const loss = { sum: 0, weight: 0 };
  const check = () => {
    for (const signal of signals) signal?.throwIfAborted();
  };
  const step = (batch: B): Promise<void> => {
    using _step = scope();
    const given = onDevice('evaluate', batch);
    const look = () => inPrecision(precision, () => task(model, given, { training: false }));
    const result = noGrad(() => inEvaluation(model, look));
    checkStep('evaluate', result);
    measures.add('evaluate', result);
    return result.loss.item().then((value) => {
      loss.sum += value * result.size;
      loss.weight += result.size;
    });
  };
  try {
    const late = new LateResults(AHEAD);
    for await (const batch of team ? team.share(data, 0, 0) : data.epoch(0)) {
      check();
      await late.add(step(batch));
      await sync(AHEAD);
      check();
      await onProgress?.(loss.weight);
    }
    await late.all();
    const all = await team?.sums({ loss: [loss.sum], weight: [loss.weight] });
    if (all) Object.assign(loss, { sum: all.loss[0], weight: all.weight[0] });
    checkWhole('evaluate', 'the data are empty: there is nothing to check', data, loss.weight);
    return { loss: loss.sum / loss.weight, ...(await measures.read(team)) };
  } finally {
    measures.reset();
  }
}
