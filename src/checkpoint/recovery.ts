// How a run goes on when training diverges or the device is lost: it goes back to where it was saved last.
import { deviceLost, ready, shutdown } from '../device/runtime.js';
import { DeviceLostError, type WgradError } from '../errors.js';
import { Optimizer } from '../optim/optimizer.js';
import { anything, callback, checkOptions, oneOf, type Rules, requireFunction } from '../options.js';
import { DivergenceError, divergence } from './divergence.js';
import { firstNotFinite, partsOf, requireRun, restoreSnapshot, type Snapshot, takeSnapshot } from './snapshot.js';
import type { Run } from './stateful.js';

/** What happened and how training goes on. */
export interface Recovery<Position = unknown> {
  /** DivergenceError or DeviceLostError. */
  error: WgradError;
  /** From where training goes on. */
  position: Position;
  /** All learning rates are multiplied by this from now on; below 1 after rollbacks. */
  lrScale: number;
}

/** What a rollback changes. */
export interface RollbackOptions {
  /** A rollback multiplies all learning rates by this, for good. Default 0.5. */
  lrFactor?: number;
  /** After so many rollbacks in a run the next divergence stops it. Default 3. */
  maxRollbacks?: number;
}

/** How a run is saved, and what it does when something goes wrong. */
export interface RecoveryOptions<Position> {
  /**
   * Takes each saved state: `writeCheckpoint` makes a file of it. Never one with tensors that are not finite. What it throws ends the
   * run. Default: states are kept in memory, where a rollback or `rebuild` needs them.
   */
  save?(snapshot: Snapshot<Position>): Promise<void> | void;
  /** On a DivergenceError: 'stop' throws it; 'rollback' goes back and on with lower learning rates. Default 'stop'. */
  onDivergence?: 'stop' | 'rollback';
  /** What a rollback changes. */
  rollback?: RollbackOptions;
  /** Whether a rollback may go back to a state. Default: to any. */
  isSound?(position: Position): boolean;
  /**
   * Makes the device and the run's parts anew after the device was lost, and puts them into `run.keep`. A second loss before the run is
   * past the first one ends it. Default: DeviceLostError.
   */
  rebuild?(): Promise<void> | void;
  /** Called after a rollback, and when the run goes on after the device was lost. */
  onRecovery?(recovery: Recovery<Position>): void;
  /** How far the run is, to tell whether a second loss is past the first. Default: each loss counts as past the one before. */
  progressOf?(position: Position): number;
}

const RULES: Rules<RecoveryOptions<never>> = {
  ...{ save: callback, onDivergence: oneOf('stop', 'rollback'), rollback: anything, isSound: callback },
  ...{ rebuild: callback, onRecovery: callback, progressOf: callback },
};

/** What the body of `withRecovery` is given. */
export interface Attempt {
  /**
   * Saves the run, for files and to go back to. Nothing may train meanwhile.
   * @throws DivergenceError if a tensor holds NaN or an infinity.
   */
  save(): Promise<void>;
  /** Aborts when this attempt has failed: what is still under way must not touch what is restored. */
  signal: AbortSignal;
}

/**
 * Runs `body`, which trains; when it throws a DivergenceError or the device is lost, and options say so, the run is put back to where it was saved
 * last (or began) and `body` begins anew from `run.position`. Trainer.fit uses it; a loop of your own may.
 * @throws what `body` throws and cannot be recovered from; UsageError for what is no run, and options that it does not know.
 */
export async function withRecovery<Position, T>(
  run: Run<Position>,
  options: RecoveryOptions<Position>,
  body: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  requireRun('withRecovery', run);
  checkOptions('withRecovery', options, RULES);
  requireFunction('withRecovery', 'body', body);
  const safety = new Safety(run, options);
  for (;;) {
    const failed = new AbortController();
    const lost = safety.deviceLost();
    lost.catch(() => {}); // awaited, if at all, by the races
    const attempt = { save: () => safety.save(failed.signal), signal: failed.signal };
    try {
      await Promise.race([safety.begin(), lost]);
      return await Promise.race([body(attempt), lost]);
    } catch (error) {
      failed.abort(error);
      await safety.recover(error);
    }
  }
}

class Safety<Position> {
  private last: Snapshot<Position> | null = null;
  /** The last that a rollback may go back to: with weights half exploded no rate helps. */
  private lastSound: Snapshot<Position> | null = null;
  private lost = deviceLost();
  /** How far the run was when the device was lost last. */
  private lostAt: number | null = null;

  constructor(
    private readonly run: Run<Position>,
    private readonly options: RecoveryOptions<Position>,
  ) {}

  private get keepsSnapshots(): boolean {
    return this.options.onDivergence === 'rollback' || this.options.rebuild !== undefined;
  }

  /** Before the first step there must be something to go back to, too. */
  async begin(): Promise<void> {
    if (this.keepsSnapshots && !this.last) this.last = this.lastSound = await takeSnapshot(this.run);
  }

  /** Rejects when the device is lost. What waits for it may then wait for ever: not every driver settles reads that were under way. */
  async deviceLost(): Promise<never> {
    throw await this.lost;
  }

  async save(failed: AbortSignal): Promise<void> {
    failed.throwIfAborted();
    if (!this.keepsSnapshots && !this.options.save) return;
    const snapshot = await takeSnapshot(this.run);
    failed.throwIfAborted();
    const broken = firstNotFinite(snapshot);
    if (broken) throw notFinite(broken, this.run);
    if (this.keepsSnapshots) {
      this.last = snapshot;
      if (this.options.isSound?.(snapshot.saved.position) ?? true) this.lastSound = snapshot;
    }
    await this.options.save?.(snapshot);
  }

  /** Goes back to where training can go on. @throws the error, typed, if there is no going on. */
  async recover(thrown: unknown): Promise<void> {
    const error = thrown instanceof DeviceLostError || ready() ? thrown : await this.lost;
    if (!this.last) throw error;
    if (error instanceof DivergenceError && this.options.onDivergence === 'rollback')
      this.rollBack(error, this.lastSound ?? this.last);
    else if (error instanceof DeviceLostError && this.options.rebuild) await this.reopen(error, this.last);
    else throw error;
  }

  private rollBack(error: DivergenceError, snapshot: Snapshot<Position>): void {
    const { lrFactor = 0.5, maxRollbacks = 3 } = this.options.rollback ?? {};
    const rollbacks = this.run.rollbacks ?? 0;
    if (rollbacks >= maxRollbacks) {
      const message = `${error.message}; ${rollbacks} rollbacks with smaller learning rates did not help`;
      throw new DivergenceError(message, error.step, error.loss, error.learningRate);
    }
    this.goBack(snapshot, lrFactor, rollbacks + 1);
    this.tell(error);
  }

  private async reopen(error: DeviceLostError, snapshot: Snapshot<Position>): Promise<void> {
    const reached = this.options.progressOf?.(this.run.position) ?? null;
    if (this.lostAt !== null && reached !== null && reached <= this.lostAt) {
      throw new DeviceLostError(
        `training: the device was lost again before step ${this.lostAt + 1}: ${error.message}`,
        {
          cause: error,
        },
      );
    }
    this.lostAt = reached;
    const scales = this.scales();
    await shutdown(); // reads fail before the device says that it is lost
    await this.options.rebuild!();
    this.lost = deviceLost();
    this.goBack(snapshot, 1, this.run.rollbacks ?? 0, scales);
    this.tell(error);
  }

  private optimizers(): [string, Optimizer][] {
    return partsOf(this.run).filter((entry): entry is [string, Optimizer] => entry[1] instanceof Optimizer);
  }

  private scales(): Map<string, number> {
    return new Map(this.optimizers().map(([name, { lrScale }]) => [name, lrScale]));
  }

  /** The snapshot may be from before earlier rollbacks: rates and their count stay what they are now. */
  private goBack(snapshot: Snapshot<Position>, lrFactor: number, rollbacks: number, scales = this.scales()): void {
    restoreSnapshot(snapshot, this.run);
    this.run.rollbacks = rollbacks;
    for (const [name, optimizer] of this.optimizers()) optimizer.lrScale = (scales.get(name) ?? 1) * lrFactor;
  }

  private tell(error: DivergenceError | DeviceLostError): void {
    const [scale = 1] = this.scales().values();
    this.options.onRecovery?.({ error, position: structuredClone(this.run.position), lrScale: scale });
  }
}

function notFinite<Position>(tensor: string, run: Run<Position>): DivergenceError {
  const { step = Number.NaN } = Object(run.position) as { step?: number };
  const optimizer = partsOf(run).find(([, part]) => part instanceof Optimizer)?.[1] as Optimizer | undefined;
  const rate = optimizer ? optimizer.lr * optimizer.lrScale : Number.NaN;
  return divergence(`${tensor} holds NaN or an infinity`, step, Number.NaN, rate);
}
