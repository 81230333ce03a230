// The training loop: batches in, steps on the GPU, losses read a little late so that the GPU never waits.
import { crossEntropy } from '../autograd/ops/losses.js';
import { argmax } from '../autograd/ops/reduce.js';
import { sync } from '../device/recorder.js';
import { DataError, UsageError } from '../errors.js';
import { findingParts } from '../layers/reach.js';
import { scope } from '../tensor/scope.js';
import { tensor } from '../tensor/tensor.js';
import { checkAnswers, checkBatch, checkFit, checkGradients, checkParts } from './checks.js';
import { type DivergenceError, divergence, LossWatch } from './divergence.js';
import { type Evaluation, evaluate } from './evaluate.js';
import { AHEAD, LateResults } from './late-results.js';
import { Mean } from './metrics.js';
import { SafetyNet } from './recovery.js';
import type { Batch, EpochRecord, FitOptions, Progress, TrainerParts, TrainerPosition } from './run.js';
import { watchedFigure } from './watched.js';

const DEFAULT_FACTOR = 10;

/** Trains a classifier with cross entropy. Every part is yours to choose; `fit` runs epochs and may be resumed. */
export class Trainer {
  private epoch = 0;
  private batch = 0;
  private step = 0;
  private secondsBefore = 0;
  private startedAt: number | null = null;
  private bestLoss: number | null = null;
  private loss = new Mean();
  private correct = 0;
  private batchLoss = Number.NaN;
  private batchAccuracy = Number.NaN;
  private watch = new LossWatch();
  private lrScale = 1;
  private rollbacks = 0;
  private explosion = DEFAULT_FACTOR;
  /** Ends when the loop under way has failed; the next one has its own. */
  private life = new AbortController();
  /** Steps whose losses have not come back. */
  private open = new Set<number>();
  /** The epochs done. */
  readonly history: EpochRecord[] = [];

  /**
   * @throws UsageError if a part is missing or something else, there is nothing to tell apart, or the optimizer is another
   * model's.
   */
  constructor(private current: TrainerParts) {
    checkParts(current);
  }

  /** What it works with, as given or as made anew after the device was lost. */
  get parts(): TrainerParts {
    return this.current;
  }

  /**
   * Runs epochs until `epochs` are done or the signal aborts.
   * @throws DivergenceError if training has gone wrong; DeviceLostError and the like from the device; DataError if there
   * is nothing to train on, or a batch is no images and labels; UsageError for options that it does not know.
   */
  async fit(options: FitOptions): Promise<'done' | 'stopped'> {
    checkFit(options);
    if (this.startedAt !== null) throw new UsageError('fit: this trainer is training; wait for its fit to end');
    if (this.parts.train.length === 0)
      throw new DataError('trainer: the training data are empty, or less than one batch');
    if (this.parts.validation?.length === 0)
      throw new DataError('trainer: the validation data are empty; leave them out, or split off more');
    this.startedAt = performance.now();
    this.explosion = options.divergence?.factor ?? DEFAULT_FACTOR;
    const net = new SafetyNet(this, options);
    try {
      for (;;) {
        this.life = new AbortController();
        const loss = net.loss();
        loss.catch(() => {}); // awaited, if at all, by the races
        try {
          await Promise.race([net.spread(), loss]);
          return await Promise.race([this.runEpochs(options, net), loss]);
        } catch (error) {
          this.life.abort(error); // what is still under way must not touch what is restored
          await net.recover(error);
        }
      }
    } finally {
      this.secondsBefore = this.seconds();
      this.startedAt = null;
    }
  }

  private async runEpochs(options: FitOptions, net: SafetyNet): Promise<'done' | 'stopped'> {
    const life = this.life.signal;
    while (this.epoch < options.epochs) {
      const finished =
        !options.signal?.aborted && (await this.trainEpoch(options, net)) && (await this.finishEpoch(options, net));
      if (finished) continue;
      await net.save(life);
      return 'stopped';
    }
    return 'done';
  }

  private async trainEpoch({ onProgress, saveEvery = 0, signal }: FitOptions, net: SafetyNet): Promise<boolean> {
    const { train, model } = this.parts;
    const life = this.life.signal;
    if (!model.training) model.train(); // a part that was put into evaluation mode stays there
    const late = new LateResults(AHEAD);
    const report = () => onProgress?.(this.progress('train', this.loss.weight, train.length));
    for await (const batch of train.epoch(this.epoch, { startBatch: this.batch })) {
      life.throwIfAborted();
      const noted = this.trainStep(batch);
      this.batch++;
      await late.add(noted);
      await sync(AHEAD);
      life.throwIfAborted();
      report();
      const due = saveEvery > 0 && this.step % saveEvery === 0;
      if (!due && !signal?.aborted) continue;
      await late.all();
      if (signal?.aborted) return false;
      await net.save(life);
    }
    await late.all();
    life.throwIfAborted();
    if (this.loss.weight === 0)
      throw new DataError(`trainer: the training data gave no batch in epoch ${this.epoch + 1}`);
    report();
    return true;
  }

  /** One step: forward, backward, update. The promise settles when its loss has come back. */
  trainStep(batch: Batch): Promise<void> {
    const { model, optimizer, schedule, classes, labelSmoothing = 0 } = this.parts;
    checkBatch('trainer', batch);
    const { images, labels } = batch;
    using _step = scope();
    const x = tensor(images);
    const target = tensor(labels);
    const logits = findingParts('trainer', model, () => model.forward(x));
    checkAnswers('trainer', logits.shape, batch, classes);
    const loss = crossEntropy(logits, target, { labelSmoothing });
    optimizer.zeroGrad();
    loss.backward();
    checkGradients(optimizer);
    const rate = this.update();
    if (schedule?.each === 'step') schedule.rule.step();
    this.step++;
    return this.note(this.step, rate, labels, loss.item(), argmax(logits, 1).data());
  }

  /** The optimizer's step, with rates scaled down after rollbacks. Returns the learning rate used. */
  private update(): number {
    const { optimizer } = this.parts;
    const rate = this.learningRate();
    if (this.lrScale === 1) {
      optimizer.step();
      return rate;
    }
    const rates = optimizer.groups.map((group) => group.lr);
    for (const group of optimizer.groups) group.lr *= this.lrScale;
    optimizer.step();
    optimizer.groups.forEach((group, i) => {
      group.lr = rates[i]; // schedules go on from their own
    });
    return rate;
  }

  private learningRate(): number {
    return this.parts.optimizer.lr * this.lrScale;
  }

  private async note(
    step: number,
    rate: number,
    labels: Int32Array,
    lossValue: Promise<number>,
    predictions: Promise<ArrayLike<number>>,
  ): Promise<void> {
    const life = this.life.signal;
    const { open } = this;
    open.add(step);
    const [loss, predicted] = await Promise.all([lossValue, predictions]).finally(() => open.delete(step));
    if (life.aborted) return;
    if (!Number.isFinite(loss)) throw this.diverged(`the loss is ${loss}`, loss, step, rate);
    if (this.watch.exploded(loss, this.explosion)) {
      const { start, recent } = this.watch;
      const grown = `losses have grown to ${recent.toPrecision(3)}, more than ${this.explosion} times the ${start.toPrecision(3)} of the start,`;
      throw this.diverged(grown, loss, step, rate);
    }
    const correct = labels.reduce((count, label, i) => count + (predicted[i] === label ? 1 : 0), 0);
    this.batchLoss = loss;
    this.batchAccuracy = correct / labels.length;
    this.loss.add(loss, labels.length);
    this.correct += correct;
  }

  /** @internal */
  diverged(what: string, loss = this.batchLoss, step = this.step, rate = this.learningRate()): DivergenceError {
    return divergence(what, step, loss, rate);
  }

  private progress(phase: Progress['phase'], images: number, imagesInEpoch: number): Progress {
    const { step, batchLoss, batchAccuracy } = this;
    const epoch = this.epoch + 1;
    const accuracy = this.correct / this.loss.weight;
    return { epoch, images, imagesInEpoch, step, loss: this.loss.value, accuracy, batchLoss, batchAccuracy, phase };
  }

  /** False if the signal stopped validation; the epoch can then be finished another time. */
  private async finishEpoch(options: FitOptions, net: SafetyNet): Promise<boolean> {
    const { schedule } = this.parts;
    const life = this.life.signal;
    const learningRate = this.learningRate();
    const checked = await this.validate(options);
    if (checked === 'stopped') return false;
    if (checked && !Number.isFinite(checked.loss)) {
      throw this.diverged(`the validation loss is ${checked.loss}`, checked.loss);
    }
    const trainLoss = this.loss.value;
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
    if (schedule?.each === 'epoch') schedule.rule.step(watchedFigure(schedule.watch, record));
    this.loss = new Mean();
    this.correct = 0;
    this.history.push(record);
    const score = checked?.loss ?? trainLoss;
    const isBest = this.bestLoss === null || score < this.bestLoss;
    if (isBest && options.onEpoch) await net.requireFinite();
    if (isBest) this.bestLoss = score;
    await options.onEpoch?.(record, isBest);
    await net.save(life);
    return true;
  }

  private async validate({ onProgress, signal }: FitOptions): Promise<Evaluation | 'stopped' | null> {
    const { model, validation, classes } = this.parts;
    if (!validation) return null;
    const tell = (images: number) => onProgress?.(this.progress('validation', images, validation.length));
    return evaluate(model, validation, classes, tell, signal, this.life.signal).catch((error) => {
      if (signal?.aborted && error === signal.reason) return 'stopped';
      throw error;
    });
  }

  private seconds(): number {
    return this.secondsBefore + (this.startedAt === null ? 0 : (performance.now() - this.startedAt) / 1000);
  }

  /** Where the run stands. */
  position(): TrainerPosition {
    const { epoch, batch, step, bestLoss, correct, lrScale, rollbacks, history } = this;
    const loss = { sum: this.loss.sum, weight: this.loss.weight };
    const seconds = this.seconds();
    const watch = this.watch.state();
    return {
      ...{ epoch, batch, step, seconds, bestLoss, loss, correct, watch, lrScale, rollbacks },
      history: [...history],
    };
  }

  /** @internal Whether all losses have come back: the figures of `position()` then are of all steps. */
  get settled(): boolean {
    return this.open.size === 0;
  }

  /** Goes on from where `position()` was taken; tensors, optimizer and schedule are restored by the caller. */
  restore(position: TrainerPosition): void {
    const { loss, watch } = position;
    this.open = new Set();
    this.epoch = position.epoch;
    this.batch = position.batch;
    this.step = position.step;
    this.secondsBefore = position.seconds;
    if (this.startedAt !== null) this.startedAt = performance.now();
    this.bestLoss = position.bestLoss;
    this.loss = new Mean(loss.sum, loss.weight);
    this.correct = position.correct;
    this.watch = new LossWatch(watch.count, watch.start, watch.recent);
    this.lrScale = position.lrScale;
    this.rollbacks = position.rollbacks;
    this.history.splice(0, this.history.length, ...position.history);
  }

  /** @internal Takes parts made on a new device; their state is restored afterwards. */
  replaceParts(parts: TrainerParts): void {
    this.current = parts;
  }
}
