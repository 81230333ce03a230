import type { Json } from '../../checkpoint/stateful.js';
import { callback, checkOptions, type Rules } from '../../options.js';
import type { Callback, Training } from '../callback.js';
import type { EpochRecord } from '../record.js';
import { bestMismatch, MONITOR_RULES, Monitor, type MonitorOptions } from './monitor.js';

/** What is kept of the best epoch. */
export interface ModelCheckpointOptions extends MonitorOptions {
  /** Called after each epoch that is better than all before it: `writeWeights(training.model)` makes a file of its weights. Default: nothing. */
  save?(training: Training, record: EpochRecord): Promise<void> | void;
}

const RULES: Rules<ModelCheckpointOptions> = { ...MONITOR_RULES, save: callback };

/** Knows the best epoch so far, and hands its weights over. Keras: ModelCheckpoint with save_best_only; all else is `fit`'s `save`. */
export class ModelCheckpoint implements Callback {
  /** What checkpoints call it; a second one in a `fit` is given another name. */
  name = 'ModelCheckpoint';
  /** Whether the latest epoch is the best. */
  isBest = false;
  private readonly monitor: Monitor;

  /** @throws UsageError for options that it does not know. */
  constructor(private readonly options: ModelCheckpointOptions = {}) {
    checkOptions('ModelCheckpoint', options, RULES);
    this.monitor = new Monitor('ModelCheckpoint', options);
  }

  /** Looks whether the epoch is the best, and saves it. */
  async onEpochEnd(record: EpochRecord, training: Training): Promise<void> {
    this.isBest = this.monitor.improves(record);
    if (this.isBest) await this.options.save?.(training, record);
  }

  /** The best figure so far. */
  state(): Json {
    return { best: this.monitor.best };
  }

  /** Goes on from there. */
  restore(state: Json): void {
    this.monitor.best = (state as { best: number | null }).best;
  }

  /** Why it cannot go on from a saved state. */
  mismatch(state: Json): string | undefined {
    return bestMismatch(state);
  }
}
