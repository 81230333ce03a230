// The training loop: batches in, steps on the GPU, losses read a little late so that the GPU never waits.
import { DivergenceError, divergence } from '../checkpoint/divergence.js';
import { firstNotFiniteOf } from '../checkpoint/finite.js';
import { type Attempt, withRecovery } from '../checkpoint/recovery.js';
import type { Json, Run } from '../checkpoint/stateful.js';
import { sync } from '../device/commands.js';
import { UsageError } from '../errors.js';
import type { AnyModule } from '../layers/module.js';
import { findingParts } from '../layers/reach.js';
import type { Optimizer } from '../optim/optimizer.js';
import { scope } from '../tensor/scope.js';
import { type BatchSource, onDevice, timed } from './batches.js';
import { CallbackList, type Training } from './callback.js';
import { checkData, checkFit, checkGradients, checkParts, checkStep, checkWhole } from './checks.js';
import { evaluate } from './evaluate.js';
import { Figures } from './figures.js';
import type { FitOptions, TrainerParts } from './fit.js';
import { KeptData, KeptSchedule, watchedMetric } from './kept.js';
import { AHEAD, LateResults } from './late-results.js';
import { nameMetrics } from './name-metrics.js';
import type { EpochRecord, Progress, TrainerPosition } from './record.js';
import { positionMismatch, positionOf, START } from './record.js';
import { updateWeights } from './update.js';

/** A rollback does not go back to where losses were this many times the first: they were on their way up. */
const RISING = 2;

/** Trains a model on a task. Every part is yours to choose; `fit` runs epochs and may be resumed. */
// biome-ignore lint/suspicious/noExplicitAny: a task's batches are of any kind
export class Trainer<B extends object = any, M extends AnyModule = any> implements Run<TrainerPosition>, Training {
  /** So far. */
  rollbacks = 0;
  private at: TrainerPosition = structuredClone(START);
  private startedAt: number | null = null;
  /** Batches whose gradients wait for the next update. */
  private gathered = 0;
  private readonly figures = new Figures();
  private readonly callbacks = new CallbackList();
  private options: FitOptions = { epochs: 0 };
  /** Why `fit` ended before its epochs were done: what `stop` was told. Null if nothing stopped it. */
  stoppedBy: string | null = null;

  /** @throws UsageError if a part is missing or something else, or the optimizer is another model's. */
  constructor(private current: TrainerParts<B, M>) {
    checkParts(current);
  }

  /** What it works with, as given or as made anew after the device was lost. */
  get parts(): TrainerParts<B, M> {
    return this.current;
  }

  /** What is trained. */
  get model(): M {
    return this.current.model;
  }

  /** What trains it. */
  get optimizer(): Optimizer {
    return this.current.optimizer;
  }

  /** Epochs that `fit` was asked for last, in all. */
  get epochs(): number {
    return this.options.epochs;
  }

  /** The epochs done. */
  get history(): readonly EpochRecord[] {
    return this.at.history;
  }

  /** Where the run stands: a copy. Setting it goes on from there; tensors, optimizer and schedule are restored by `restoreRun`. */
  get position(): TrainerPosition {
    return structuredClone({ ...this.at, seconds: this.seconds() });
  }

  set position(position: TrainerPosition) {
    this.at = positionOf(position);
    if (this.startedAt !== null) this.startedAt = performance.now();
    this.figures.interrupt();
    this.gathered = 0;
  }

  /** What checkpoints keep, beside the position. */
  get keep(): Run['keep'] {
    const { model, optimizer, schedule, train, validation } = this.current;
    const { callbacks } = this;
    const metrics = this.figures.measures;
    const kept = schedule && new KeptSchedule(schedule, validation !== undefined);
    return { model, optimizer, schedule: kept, data: new KeptData(train, () => this.at), metrics, callbacks };
  }

  /** Why a saved position is none of a trainer, or undefined. @internal */
  mismatch(position: Json): string | undefined {
    return positionMismatch(position);
  }

  /** @throws UsageError while losses are on their way: the epoch's figures would lack them. @internal */
  requireSettled(where: string): void {
    this.figures.requireSettled(where);
  }

  /** Ends `fit` after the batch or epoch under way, as if its epochs were done. */
  stop(reason: string): void {
    this.stoppedBy = reason;
  }

  /**
   * Runs epochs until `epochs` are done, a callback stops it or the signal aborts.
   * @throws DivergenceError if training has gone wrong; DeviceLostError and the like from the device; DataError if there
   * is nothing to train on; UsageError for options that it does not know; and what the task throws.
   */
  async fit(options: FitOptions): Promise<'done' | 'stopped'> {
    checkFit(options);
    if (this.startedAt !== null) throw new UsageError('fit: this trainer is training; wait for its fit to end');
    checkData(this.current);
    this.callbacks.use(options.callbacks ?? []);
    this.startedAt = performance.now();
    this.options = options;
    this.stoppedBy = null;
    const { save, onDivergence, divergence: rollback, rebuild } = options;
    let failed = false;
    try {
      await this.callbacks.begin(this);
      return await withRecovery<TrainerPosition, 'done' | 'stopped'>(
        this,
        {
          ...{ save, onDivergence, rollback },
          isSound: ({ trend: { start, recent } }) => recent <= RISING * Math.max(start, 1),
          progressOf: ({ step }) => step,
          rebuild: rebuild && (() => this.rebuild(rebuild)),
          onRecovery: (recovery) => this.callbacks.callNow('onRecovery', recovery, this),
        },
        (attempt) => this.runEpochs(attempt),
      );
    } catch (error) {
      failed = true;
      if (!(error instanceof DivergenceError)) throw error;
      await this.callbacks.call('onDivergence', error, this);
      failed = this.stoppedBy === null;
      if (failed) throw error;
      return 'done';
    } finally {
      this.at.seconds = this.seconds();
      this.startedAt = null;
      await this.callbacks.end(this, failed);
    }
  }

  private async rebuild(make: NonNullable<FitOptions['rebuild']>): Promise<void> {
    this.current = await make();
    checkParts(this.current);
    await this.callbacks.begin(this);
  }

  private async runEpochs(attempt: Attempt): Promise<'done' | 'stopped'> {
    const { epochs, signal } = this.options;
    while (this.at.epoch < epochs && this.stoppedBy === null) {
      const finished = !signal?.aborted && (await this.trainEpoch(attempt)) && (await this.finishEpoch(attempt));
      if (finished) continue;
      await attempt.save();
      return signal?.aborted ? 'stopped' : 'done';
    }
    return 'done';
  }

  /** False if it was stopped inside the epoch. */
  private async trainEpoch(attempt: Attempt): Promise<boolean> {
    const { train, model, accumulate = 1 } = this.current;
    const { saveEvery = 0, metricsEvery = 0, signal } = this.options;
    if (this.at.batch === 0) await this.callbacks.call('onEpochBegin', this.at.epoch + 1, this);
    if (this.stoppedBy !== null) return false;
    if (!model.training) model.train(); // a part that was put into evaluation mode stays there
    const late = new LateResults(AHEAD);
    const batches = train.epoch(this.at.epoch, { startBatch: this.at.batch });
    for await (const batch of timed(batches, (seconds) => (this.at.waited += seconds))) {
      await this.callbacks.call('onBatchBegin', this.at.batch + 1, this);
      attempt.signal.throwIfAborted();
      const noted = this.trainStep(batch, this.gathered + 1 >= accumulate, attempt.signal);
      await late.add(noted);
      await sync(AHEAD);
      attempt.signal.throwIfAborted();
      if (metricsEvery > 0 && this.at.batch % metricsEvery === 0) this.lookAtMetrics();
      await this.callbacks.call('onBatchEnd', this.progress('train', this.at.loss.weight, train.length), this);
      if (this.gathered > 0) continue; // what is saved has no gradients
      const stopped = signal?.aborted || this.stoppedBy !== null;
      if (!stopped && !(saveEvery > 0 && this.at.step % saveEvery === 0)) continue;
      await late.all();
      if (stopped) return false;
      await attempt.save();
    }
    if (this.gathered > 0) this.update();
    await late.all();
    attempt.signal.throwIfAborted();
    checkWhole('trainer', `the training data gave no batch in epoch ${this.at.epoch + 1}`, train, this.at.examples);
    return true;
  }

  /** One batch of the epoch under way: forward, backward and, unless gradients are gathered further, update. Settles with its loss. */
  trainStep(batch: B, update = true, attempt?: AbortSignal): Promise<void> {
    const { model, optimizer, task } = this.current;
    using _step = scope();
    const given = onDevice('trainer', batch);
    const result = findingParts('trainer', model, () => {
      const result = task(model, given, { training: true });
      checkStep('trainer', result);
      return result;
    });
    this.figures.measures.add('trainer', result);
    if (this.gathered === 0) optimizer.zeroGrad();
    result.loss.backward();
    checkGradients(optimizer);
    this.gathered++;
    this.at.batch++;
    this.at.examples += result.size;
    const rate = this.learningRate();
    if (update) this.update();
    return this.figures.note(this.at, result, rate, this.options.divergence?.factor, attempt);
  }

  /** The optimizer's step, from the gradients gathered so far. */
  private update(): void {
    updateWeights(this.current, this.gathered);
    this.gathered = 0;
    this.at.step++;
    this.callbacks.callNow('onStep', this.at.step, this);
  }

  private learningRate(): number {
    return this.optimizer.lr * this.optimizer.lrScale;
  }

  private lookAtMetrics(): void {
    const [at, { epoch }] = [this.at, this.at];
    this.figures.look(() => at === this.at && epoch === at.epoch);
  }

  private progress(phase: Progress['phase'], examples: number, examplesInEpoch: number): Progress {
    const { at, figures } = this;
    const [epoch, step, metrics] = [at.epoch + 1, at.step, figures.current(at)];
    return { epoch, step, examples, examplesInEpoch, phase, metrics, batchLoss: figures.batchLoss };
  }

  /** False if the signal stopped validation; the epoch can then be finished another time. */
  private async finishEpoch(attempt: Attempt): Promise<boolean> {
    const { schedule } = this.current;
    const learningRate = this.learningRate();
    const checked = await this.validate(attempt);
    if (checked === 'stopped') return false;
    if (checked && !Number.isFinite(checked.val_loss))
      throw this.diverged(`the validation loss is ${checked.val_loss}`, checked.val_loss);
    const { measures } = this.figures;
    if (measures.unnamed) await nameMetrics(this.current, measures, this.at.epoch, this.at.batch - 1);
    const metrics = { ...(await this.figures.read(this.at)), ...checked };
    attempt.signal.throwIfAborted();
    const { at } = this;
    at.epoch++;
    at.batch = 0;
    const { epoch, step, waited } = at;
    const record: EpochRecord = { epoch, step, learningRate, seconds: this.seconds(), waited, metrics };
    if (schedule?.each === 'epoch') schedule.rule.step(watchedMetric(schedule.watch, metrics));
    this.figures.reset(at);
    at.history.push(record);
    if (this.callbacks.has('onEpochEnd')) {
      const broken = await firstNotFiniteOf(Object.entries(this.model.stateDict()));
      if (broken) throw this.diverged(`model.${broken} holds NaN or an infinity`);
      await this.callbacks.call('onEpochEnd', structuredClone(record), this);
    }
    await attempt.save();
    return true;
  }

  private diverged(what: string, loss = this.figures.batchLoss): DivergenceError {
    return divergence(what, this.at.step, loss, this.learningRate());
  }

  private async validate(attempt: Attempt): Promise<Record<string, number> | 'stopped' | null> {
    const { model, task } = this.current;
    const data = this.current.validation as BatchSource<B> | undefined; // the same on the device
    const { signal } = this.options;
    if (!data) return null;
    await this.callbacks.call('onValidationBegin', this);
    const onProgress = (examples: number) =>
      this.callbacks.call('onValidationBatchEnd', this.progress('validation', examples, data.length), this);
    try {
      const found = await evaluate({ model, task, data, onProgress, signals: [signal, attempt.signal] });
      return Object.fromEntries(Object.entries(found).map(([name, value]) => [`val_${name}`, value]));
    } catch (error) {
      if (signal?.aborted && error === signal.reason) return 'stopped';
      throw error;
    } finally {
      if (!attempt.signal.aborted) await this.callbacks.call('onValidationEnd', this); // else the parts are others by now
    }
  }

  private seconds(): number {
    return this.at.seconds + (this.startedAt === null ? 0 : (performance.now() - this.startedAt) / 1000);
  }
}
