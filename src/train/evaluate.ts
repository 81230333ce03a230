// One pass over data without training.
import { crossEntropy } from '../autograd/ops/losses.js';
import { noGrad } from '../autograd/tape.js';
import { sync } from '../device/recorder.js';
import { DataError } from '../errors.js';
import type { Module } from '../layers/module.js';
import { inEvaluation } from '../layers/reach.js';
import { scope } from '../tensor/scope.js';
import { tensor } from '../tensor/tensor.js';
import { checkAnswers, checkBatch, checkEvaluation } from './checks.js';
import { AHEAD, LateResults } from './late-results.js';
import { ConfusionMatrix, Mean } from './metrics.js';
import type { Batch, BatchSource } from './run.js';

/** What `evaluate` found. */
export interface Evaluation {
  /** Mean cross entropy. */
  loss: number;
  /** What was called what; its `accuracy` is the share of right answers. */
  confusion: ConfusionMatrix;
}

/**
 * Mean cross entropy and confusion matrix of a classifier over one pass of the data, in evaluation mode; between
 * batches and afterwards each module's mode is as before. `onProgress` is told how many images have been checked.
 * @throws the reason of the first of `signals` that aborts; DataError if the data are empty, or a label is no class;
 * ShapeError if the model gives another number of outputs than there are classes; UsageError if a module runs that
 * `model.eval()` does not reach.
 */
export async function evaluate(
  model: Module,
  source: BatchSource,
  classes: readonly string[],
  onProgress?: (images: number) => void,
  ...signals: (AbortSignal | undefined)[]
): Promise<Evaluation> {
  checkEvaluation({ model, source, classes });
  const confusion = new ConfusionMatrix(classes);
  const loss = new Mean();
  const check = () => {
    for (const signal of signals) signal?.throwIfAborted();
  };
  const late = new LateResults(AHEAD);
  for await (const batch of source.epoch(0)) {
    check();
    checkBatch('evaluate', batch);
    const { labels } = batch;
    const step = async (): Promise<void> => {
      const [lossValue, scores] = await forward(model, batch, classes);
      loss.add(lossValue, labels.length);
      confusion.add(scores, labels);
    };
    await late.add(step());
    await sync(AHEAD);
    check();
    onProgress?.(confusion.total);
  }
  await late.all();
  if (confusion.total === 0) throw new DataError('evaluate: the data are empty: there is nothing to check');
  return { loss: loss.value, confusion };
}

function forward(model: Module, batch: Batch, classes: readonly string[]) {
  const { images, labels } = batch;
  using _step = scope();
  return noGrad(() => {
    const x = tensor(images);
    const logits = inEvaluation(model, () => model.forward(x));
    checkAnswers('evaluate', logits.shape, batch, classes);
    return Promise.all([crossEntropy(logits, tensor(labels)).item(), logits.data()]);
  });
}
