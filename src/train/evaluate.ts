// One pass over data without training.
import { crossEntropy } from '../autograd/ops/losses.js';
import { noGrad } from '../autograd/tape.js';
import { DataError } from '../device/errors.js';
import { sync } from '../device/recorder.js';
import type { Module } from '../layers/module.js';
import { scope } from '../tensor/scope.js';
import { tensor } from '../tensor/tensor.js';
import { AHEAD, LateResults } from './late-results.js';
import { ConfusionMatrix, Mean } from './metrics.js';
import type { BatchSource } from './run.js';

/** What `evaluate` found. */
export interface Evaluation {
  /** Mean cross entropy. */
  loss: number;
  /** What was called what; its `accuracy` is the share of right answers. */
  confusion: ConfusionMatrix;
}

/**
 * Mean cross entropy and confusion matrix of a classifier over one pass of the data, in evaluation mode; the model's mode
 * is as before afterwards. `onProgress` is told how many images have been checked.
 * @throws DataError if the source gives nothing, the reason of the first of `signals` that aborts.
 */
export async function evaluate(
  model: Module,
  source: BatchSource,
  classes: readonly string[],
  onProgress?: (images: number) => void,
  ...signals: (AbortSignal | undefined)[]
): Promise<Evaluation> {
  const wasTraining = model.training;
  model.eval();
  const confusion = new ConfusionMatrix(classes);
  const loss = new Mean();
  const check = () => {
    for (const signal of signals) signal?.throwIfAborted();
  };
  const late = new LateResults(AHEAD);
  try {
    for await (const { images, labels } of source.epoch(0)) {
      check();
      const step = async (): Promise<void> => {
        const [lossValue, scores] = await forward(model, images, labels, source.imageShape);
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
  } finally {
    model.train(wasTraining);
  }
  return { loss: loss.value, confusion };
}

function forward(model: Module, images: Float32Array, labels: Int32Array, imageShape: readonly number[]) {
  using _step = scope();
  return noGrad(() => {
    const logits = model.forward(tensor(images, { shape: [labels.length, ...imageShape] }));
    return Promise.all([crossEntropy(logits, tensor(labels)).item(), logits.data()]);
  });
}
