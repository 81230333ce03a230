// What catches a trainer that falls: it remembers where the run was saved last, and goes back there when losses explode or
// the device is lost.

import { deviceLost, ready, shutdown } from '../device/runtime.js';
import { DeviceLostError } from '../errors.js';
import { DivergenceError } from './divergence.js';
import type { FitOptions } from './run.js';
import { firstNotFinite, restoreSnapshot, type Snapshot, takeSnapshot } from './snapshot.js';
import type { Trainer } from './trainer.js';

/** Losses this many times the first are on their way up. */
const RISING = 2;

/** Belongs to one call of `fit`. */
export class SafetyNet {
  private snapshot: Snapshot | null = null;
  /** The last from when losses were not on their way up: with weights half exploded no rate helps. */
  private sound: Snapshot | null = null;
  private lost = deviceLost();
  /** The step at which the device was lost last. */
  private lostAt: number | null = null;

  constructor(
    private readonly trainer: Trainer,
    private readonly options: FitOptions,
  ) {}

  private get wanted(): boolean {
    return this.options.onDivergence === 'rollback' || this.options.rebuild !== undefined;
  }

  /** Before the first step there must be something to go back to, too. */
  async spread(): Promise<void> {
    if (this.wanted && !this.snapshot) this.snapshot = this.sound = await takeSnapshot(this.trainer);
  }

  /**
   * Rejects when the device is lost. What waits for it may then wait for ever: not every driver settles reads that were
   * under way.
   */
  async loss(): Promise<never> {
    throw await this.lost;
  }

  /** @throws DivergenceError if a weight is no number, before it is shown as the best so far. */
  async requireFinite(): Promise<void> {
    const broken = firstNotFinite(await takeSnapshot(this.trainer));
    if (broken) throw this.trainer.diverged(`${broken} holds NaN or an infinity`);
  }

  /** Saves the run, unless its weights are broken or `life` is over. @throws DivergenceError if they are. */
  async save(life: AbortSignal): Promise<void> {
    life.throwIfAborted();
    if (!this.wanted && !this.options.save) return;
    const snapshot = await takeSnapshot(this.trainer);
    life.throwIfAborted();
    const broken = firstNotFinite(snapshot);
    if (broken) throw this.trainer.diverged(`${broken} holds NaN or an infinity`);
    const { start, recent } = snapshot.saved.position.watch;
    if (this.wanted) this.snapshot = snapshot;
    if (this.wanted && recent <= RISING * Math.max(start, 1)) this.sound = snapshot;
    await this.options.save?.(snapshot);
  }

  /** Goes back to where training can go on. @throws the error, typed, if there is no going on. */
  async recover(thrown: unknown): Promise<void> {
    const error = thrown instanceof DeviceLostError || ready() ? thrown : await this.lost;
    if (!this.snapshot) throw error;
    if (error instanceof DivergenceError && this.options.onDivergence === 'rollback')
      this.rollBack(error, this.sound ?? this.snapshot);
    else if (error instanceof DeviceLostError && this.options.rebuild) await this.reopen(error, this.snapshot);
    else throw error;
  }

  private rollBack(error: DivergenceError, snapshot: Snapshot): void {
    const { lrFactor = 0.5, maxRollbacks = 3 } = this.options.divergence ?? {};
    const { lrScale, rollbacks } = this.trainer.position();
    if (rollbacks >= maxRollbacks) {
      const message = `${error.message}; ${rollbacks} rollbacks with smaller learning rates did not help`;
      throw new DivergenceError(message, error.step, error.loss, error.learningRate);
    }
    restoreSnapshot(snapshot, this.trainer);
    // The snapshot is from before this rollback, and maybe from before earlier ones.
    const lower = { lrScale: lrScale * lrFactor, rollbacks: rollbacks + 1 };
    this.trainer.restore({ ...snapshot.saved.position, ...lower });
    this.tell(error);
  }

  private async reopen(error: DeviceLostError, snapshot: Snapshot): Promise<void> {
    const { step, lrScale, rollbacks } = this.trainer.position();
    if (this.lostAt !== null && step <= this.lostAt) {
      throw new DeviceLostError(`trainer: the device was lost again before step ${this.lostAt + 1}: ${error.message}`, {
        cause: error,
      });
    }
    this.lostAt = step;
    await shutdown(); // reads fail before the device says that it is lost
    this.trainer.replaceParts(await this.options.rebuild!());
    this.lost = deviceLost();
    restoreSnapshot(snapshot, this.trainer);
    this.trainer.restore({ ...snapshot.saved.position, lrScale, rollbacks });
    this.tell(error);
  }

  private tell(error: DivergenceError | DeviceLostError): void {
    const { step, lrScale } = this.trainer.position();
    this.options.onRecovery?.({ error, step, lrScale });
  }
}
