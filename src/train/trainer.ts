// The training loop: batches in, steps on the GPU, losses read a little late so that the GPU never waits.
import { DivergenceError, divergence } from '../checkpoint/divergence.js';
import { firstNotFiniteOf } from '../checkpoint/finite.js';
import { type Attempt, type Recovery, withRecovery } from '../checkpoint/recovery.js';
import type { Json, Run } from '../checkpoint/stateful.js';
import { sync } from '../device/commands.js';
import { UsageError } from '../errors.js';
import type { AnyModule } from '../layers/module.js';
import type { Optimizer } from '../optim/optimizer.js';
import { scope } from '../tensor/scope.js';
import { timed } from './batches.js';
import { CallbackList, type Training } from './callback.js';
import { checkData, checkFit, checkGradients, checkParts, checkWhole } from './checks.js';
import { Ending } from './ending.js';
import { Figures } from './figures.js';
import type { FitOptions, TrainerParts } from './fit.js';
import { KeptData, KeptSchedule, watchedMetric } from './kept.js';
import { AHEAD, LateResults } from './late-results.js';
import { scalerOf } from './precision.js';
import type { EpochRecord, Progress, TrainerPosition } from './record.js';
import { endEpoch, positionMismatch, positionOf, START } from './record.js';
import { type Rebuild, recoveryFor } from './recovering.js';
import { passing, passOf } from './step.js';
import type { Passed, Team } from './team.js';
import { updateWeights } from './update.js';
import { validate } from './validation.js';

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
  private ending = new Ending();
  /** The processes that train with this one, where there are others. Set by `distribute`. @internal */
  team: Team | undefined;

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
    const [callbacks, metrics, scaler] = [this.callbacks, this.figures.measures, scalerOf(this.current)];
    const kept = schedule && new KeptSchedule(schedule, validation !== undefined);
    return {
      model,
      optimizer: this.team?.optimizer ?? optimizer,
      scaler,
      schedule: kept,
      data: new KeptData(train, () => this.at),
      metrics,
      callbacks,
    };
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
    this.ending.reason = reason;
  }

  /** Why `fit` ended before its epochs were done: what `stop` was told. Null if nothing stopped it. */
  get stoppedBy(): string | null {
    return this.ending.reason;
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
    this.ending = new Ending();
    let failed = false;
    try {
      this.options = (await this.team?.begin(options)) ?? options;
      await this.callbacks.begin(this);
      const hooks = {
        rebuild: (make: Rebuild) => this.rebuild(make),
        onRecovery: (recovery: Recovery<TrainerPosition>) => this.callbacks.callNow('onRecovery', recovery, this),
      };
      return await withRecovery(this, recoveryFor(this.options, hooks), (attempt) => this.runEpochs(attempt));
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

  private async rebuild(make: Rebuild): Promise<void> {
    this.current = await make();
    checkParts(this.current);
    await this.callbacks.begin(this);
  }

  private async runEpochs(attempt: Attempt): Promise<'done' | 'stopped'> {
    const { epochs } = this.options;
    while (this.at.epoch < epochs && this.stoppedBy === null) {
      const finished = !(await this.stops()) && (await this.trainEpoch(attempt)) && (await this.finishEpoch(attempt));
      if (finished) continue;
      await this.save(attempt);
      return this.ending.aborted ? 'stopped' : 'done';
    }
    return 'done';
  }

  private readonly stops = (): Promise<boolean> => this.ending.asked(this.options.signal, this.team);

  private async save(attempt: Attempt): Promise<void> {
    await this.team?.settle(this.figures.measures);
    await attempt.save();
  }

  /** False if it was stopped inside the epoch. */
  private async trainEpoch(attempt: Attempt): Promise<boolean> {
    const { train, model, accumulate = 1 } = this.current;
    const { saveEvery = 0, metricsEvery = 0 } = this.options;
    const { team } = this;
    if (this.at.batch === 0) await this.callbacks.call('onEpochBegin', this.at.epoch + 1, this);
    if (await this.stops()) return false;
    if (!model.training) model.train(); // a part that was put into evaluation mode stays there
    const late = new LateResults(team ? 0 : AHEAD); // an update that waits for others is waited for
    const { epoch, batch: startBatch } = this.at;
    const batches = team?.turns(train, epoch, startBatch) ?? train.epoch(epoch, { startBatch });
    for await (const batch of timed(batches, (seconds) => (this.at.waited += seconds))) {
      await this.callbacks.call('onBatchBegin', this.at.batch + 1, this);
      attempt.signal.throwIfAborted();
      const update = this.gathered + 1 >= accumulate;
      await late.add(
        team ? this.stepTogether(team, batch, update, attempt.signal) : this.trainStep(batch!, update, attempt.signal),
      );
      await sync(AHEAD);
      attempt.signal.throwIfAborted();
      if (metricsEvery > 0 && this.at.batch % metricsEvery === 0) this.lookAtMetrics();
      await this.callbacks.call('onBatchEnd', this.progress('train', this.at.loss.weight, train.length), this);
      if (this.gathered > 0) continue; // what is saved has no gradients
      const stopped = await this.stops();
      if (!stopped && !(saveEvery > 0 && this.at.step % saveEvery === 0)) continue;
      await late.all();
      if (stopped) return false;
      await this.save(attempt);
    }
    if (this.gathered > 0) this.update();
    await late.all();
    attempt.signal.throwIfAborted();
    checkWhole('trainer', `the training data gave no batch in epoch ${this.at.epoch + 1}`, train, this.at.examples);
    return true;
  }

  /** One batch of the epoch under way: forward, backward and, unless gradients are gathered further, update. Settles with its loss. */
  trainStep(batch: B, update = true, attempt?: AbortSignal): Promise<void> {
    using _step = scope();
    const passed = passOf(this.current, batch, this.figures.measures, this.gathered === 0);
    checkGradients(this.optimizer.groups.flatMap(({ params }) => params));
    this.gathered++;
    this.at.batch++;
    this.at.examples += passed.size;
    const rate = this.learningRate();
    if (update) this.update();
    return this.note(passed, rate, attempt);
  }

  private readonly note = (passed: Passed, rate: number, attempt?: AbortSignal): Promise<void> =>
    this.figures.note(this.at, passed, rate, this.options.divergence?.factor, attempt);

  /** The same of all processes' batches together; undefined where only others have one. */
  private async stepTogether(team: Team, batch: B | undefined, update: boolean, attempt: AbortSignal): Promise<void> {
    const rate = this.learningRate();
    const turn = await team.turn(batch && passing(this.current, batch, this.figures.measures), update);
    attempt.throwIfAborted();
    this.gathered = turn ? 0 : this.gathered + 1;
    if (!turn || turn.batches === 0) return;
    this.at.batch += turn.batches;
    this.at.examples += turn.examples;
    await team.update(turn.batches);
    this.updated();
    await this.note({ loss: Promise.resolve(turn.loss), size: turn.examples }, rate, attempt);
  }

  /** The optimizer's step, from the gradients gathered so far. */
  private update(): void {
    updateWeights(this.current, this.gathered);
    this.gathered = 0;
    this.updated();
  }

  private readonly updated = (): void => this.callbacks.callNow('onStep', ++this.at.step, this);

  private learningRate(): number {
    return this.optimizer.lr * this.optimizer.lrScale;
  }

  private lookAtMetrics(): void {
    const [at, { epoch }] = [this.at, this.at];
    this.figures.look(() => at === this.at && epoch === at.epoch);
  }

  private readonly progress = (phase: Progress['phase'], examples: number, examplesInEpoch: number): Progress =>
    this.figures.progress(this.at, { phase, examples, examplesInEpoch });

  /** False if the signal stopped validation; the epoch can then be finished another time. */
  private async finishEpoch(attempt: Attempt): Promise<boolean> {
    const { schedule } = this.current;
    const learningRate = this.learningRate();
    await this.team?.settle(this.figures.measures);
    const { callbacks, team, progress, ending, options } = this;
    const about = { callbacks, team, progress, signal: options.signal, failed: attempt.signal };
    const checked = await validate({ training: this, ...about });
    ending.aborted = checked === 'stopped';
    if (checked === 'stopped') return false;
    if (checked && !Number.isFinite(checked.val_loss))
      throw this.diverged(`the validation loss is ${checked.val_loss}`, checked.val_loss);
    const metrics = await this.figures.ofEpoch(this.current, this.at, checked ?? {}, team);
    attempt.signal.throwIfAborted();
    const record = endEpoch(this.at, { learningRate, seconds: this.seconds(), metrics });
    if (schedule?.each === 'epoch') schedule.rule.step(watchedMetric(schedule.watch, metrics));
    this.figures.reset(this.at);
    if (this.callbacks.has('onEpochEnd')) {
      const broken = await firstNotFiniteOf(Object.entries(this.model.stateDict()));
      if (broken) throw this.diverged(`model.${broken} holds NaN or an infinity`);
      await this.callbacks.call('onEpochEnd', structuredClone(record), this);
    }
    await this.save(attempt);
    return true;
  }

  private readonly diverged = (what: string, loss = this.figures.batchLoss): DivergenceError =>
    divergence(what, this.at.step, loss, this.learningRate());

  private seconds(): number {
    return this.at.seconds + (this.startedAt === null ? 0 : (performance.now() - this.startedAt) / 1000);
  }
}
