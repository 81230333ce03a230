// The training loop: batches in, steps on the GPU, losses read a little late so that the GPU never waits.

import { crossEntropy } from '../autograd/ops/losses.js';
import { argmax } from '../autograd/ops/reduce.js';
import { noGrad } from '../autograd/tape.js';
import { UsageError } from '../device/errors.js';
import { sync } from '../device/recorder.js';
import type { Module } from '../layers/module.js';
import { scope } from '../tensor/scope.js';
import { tensor } from '../tensor/tensor.js';
import { ConfusionMatrix, Mean } from './metrics.js';
import type { Batch, BatchSource, EpochRecord, FitOptions, Progress, TrainerParts, TrainerPosition } from './run.js';

/** Submits that may be on their way at once: the host prepares the next step while the GPU works. */
const AHEAD = 2;

/** Trains a classifier with cross entropy. Every part is yours to choose; `fit` runs epochs and may be resumed. */
export class Trainer {
  private epoch = 0;
  private batch = 0;
  private step = 0;
  private secondsBefore = 0;
  private startedAt = 0;
  private bestLoss: number | null = null;
  private loss = new Mean();
  private correct = 0;
  private batchLoss = Number.NaN;
  private batchAccuracy = Number.NaN;
  /** The epochs done. */
  readonly history: EpochRecord[] = [];

  constructor(
    /** As given. */
    readonly parts: TrainerParts,
  ) {}

  /**
   * Runs epochs until `epochs` are done or the signal aborts.
   * @throws UsageError if the loss is not finite; DeviceLostError and the like from the device.
   */
  async fit(options: FitOptions): Promise<'done' | 'stopped'> {
    this.startedAt = performance.now();
    while (this.epoch < options.epochs) {
      const finished = await this.trainEpoch(options);
      if (!finished) {
        await options.save?.();
        return 'stopped';
      }
      await this.finishEpoch(options);
    }
    return 'done';
  }

  private async trainEpoch({ onProgress, save, saveEvery = 0, signal }: FitOptions): Promise<boolean> {
    const { train, model } = this.parts;
    model.train();
    const pending: Promise<void>[] = [];
    const report = () => onProgress?.(this.progress('train', this.loss.weight, train.length));
    for await (const batch of train.epoch(this.epoch, { startBatch: this.batch })) {
      const noted = this.trainStep(batch);
      noted.catch(() => {}); // awaited below; until then Node must not call it unhandled
      pending.push(noted);
      this.batch++;
      if (pending.length > AHEAD) await pending.shift();
      await sync(AHEAD);
      report();
      const due = saveEvery > 0 && this.step % saveEvery === 0;
      if (!due && !signal?.aborted) continue;
      await Promise.all(pending.splice(0));
      if (signal?.aborted) return false;
      await save?.();
    }
    await Promise.all(pending);
    report();
    return true;
  }

  /** One step: forward, backward, update. The promise settles when its loss has come back. */
  trainStep({ images, labels }: Batch): Promise<void> {
    const { model, optimizer, schedule, train, labelSmoothing = 0 } = this.parts;
    using _step = scope();
    const x = tensor(images, { shape: [labels.length, ...train.imageShape] });
    const target = tensor(labels);
    const logits = model.forward(x);
    const loss = crossEntropy(logits, target, { labelSmoothing });
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    if (schedule?.each === 'step') schedule.rule.step();
    this.step++;
    return this.note(loss.item(), argmax(logits, 1).data(), labels);
  }

  private async note(
    lossValue: Promise<number>,
    predictions: Promise<ArrayLike<number>>,
    labels: Int32Array,
  ): Promise<void> {
    const [loss, predicted] = await Promise.all([lossValue, predictions]);
    if (!Number.isFinite(loss)) {
      throw new UsageError(`trainer: the loss is ${loss} at step ${this.step}; a smaller learning rate may help`);
    }
    const correct = labels.reduce((count, label, i) => count + (predicted[i] === label ? 1 : 0), 0);
    this.batchLoss = loss;
    this.batchAccuracy = correct / labels.length;
    this.loss.add(loss, labels.length);
    this.correct += correct;
  }

  private progress(phase: Progress['phase'], images: number, imagesInEpoch: number): Progress {
    const { step, batchLoss, batchAccuracy } = this;
    const epoch = this.epoch + 1;
    const accuracy = this.correct / this.loss.weight;
    return { epoch, images, imagesInEpoch, step, loss: this.loss.value, accuracy, batchLoss, batchAccuracy, phase };
  }

  private async finishEpoch({ onProgress, onEpoch, save }: FitOptions): Promise<void> {
    const { optimizer, schedule, validation, classes, model } = this.parts;
    const learningRate = optimizer.lr;
    const checked = validation
      ? await evaluate(model, validation, classes, (images) =>
          onProgress?.(this.progress('validation', images, validation.length)),
        )
      : null;
    const trainLoss = this.loss.value;
    if (schedule?.each === 'epoch') schedule.rule.step(checked?.loss ?? trainLoss);
    this.epoch++;
    this.batch = 0;
    const record: EpochRecord = {
      epoch: this.epoch,
      step: this.step,
      learningRate,
      trainLoss,
      trainAccuracy: this.correct / this.loss.weight,
      validationLoss: checked?.loss ?? null,
      validationAccuracy: checked?.confusion.accuracy ?? null,
      seconds: this.seconds(),
    };
    this.loss = new Mean();
    this.correct = 0;
    this.history.push(record);
    const score = checked?.loss ?? trainLoss;
    const isBest = this.bestLoss === null || score < this.bestLoss;
    if (isBest) this.bestLoss = score;
    await onEpoch?.(record, isBest);
    await save?.();
  }

  private seconds(): number {
    return this.secondsBefore + (performance.now() - this.startedAt) / 1000;
  }

  /** Where the run stands. */
  position(): TrainerPosition {
    const { epoch, batch, step, bestLoss, correct, history } = this;
    const loss = { sum: this.loss.sum, weight: this.loss.weight };
    return { epoch, batch, step, seconds: this.seconds(), bestLoss, loss, correct, history: [...history] };
  }

  /** Goes on from where `position()` was taken; tensors, optimizer and schedule are restored by the caller. */
  restore(position: TrainerPosition): void {
    this.epoch = position.epoch;
    this.batch = position.batch;
    this.step = position.step;
    this.secondsBefore = position.seconds;
    this.bestLoss = position.bestLoss;
    this.loss = new Mean(position.loss.sum, position.loss.weight);
    this.correct = position.correct;
    this.history.splice(0, this.history.length, ...position.history);
  }
}

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
 */
export async function evaluate(
  model: Module,
  source: BatchSource,
  classes: readonly string[],
  onProgress?: (images: number) => void,
): Promise<Evaluation> {
  const wasTraining = model.training;
  model.eval();
  const confusion = new ConfusionMatrix(classes);
  const loss = new Mean();
  const pending: Promise<void>[] = [];
  try {
    for await (const { images, labels } of source.epoch(0)) {
      const step = async (): Promise<void> => {
        const [lossValue, scores] = await forward(model, images, labels, source.imageShape);
        loss.add(lossValue, labels.length);
        confusion.add(scores, labels);
      };
      const checked = step();
      checked.catch(() => {}); // awaited below
      pending.push(checked);
      if (pending.length > AHEAD) await pending.shift();
      await sync(AHEAD);
      onProgress?.(confusion.total);
    }
    await Promise.all(pending);
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
