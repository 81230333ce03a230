import type { Json } from '../../checkpoint/stateful.js';
import type { StoredTensor } from '../../io/safetensors.js';
import { checkOptions, flag, type Rules, whole } from '../../options.js';
import { unscoped } from '../../tensor/scope.js';
import { empty, type Tensor, tensor } from '../../tensor/tensor.js';
import type { Callback, Training } from '../callback.js';
import type { EpochRecord } from '../record.js';
import { bestMismatch, MONITOR_RULES, Monitor, type MonitorOptions } from './monitor.js';

/** When training ends early. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without improvement that end it, 1 at least. Default 0, as in Keras. */
  patience?: number;
  /** Epochs before which nothing is watched. Default 0. */
  startFromEpoch?: number;
  /**
   * Whether the model gets the best epoch's weights back: when this ends training, and when `fit` has done all its epochs, as in Keras 3;
   * what `fit` saved last is then still the last epoch. They are held on the GPU. Default false.
   */
  restoreBestWeights?: boolean;
}

const RULES: Rules<EarlyStoppingOptions> = {
  ...MONITOR_RULES,
  patience: whole(0),
  startFromEpoch: whole(0),
  restoreBestWeights: flag,
};

/** Ends training when a metric has stopped improving. For another trainer it begins anew. Keras: EarlyStopping. */
export class EarlyStopping implements Callback {
  /** What checkpoints call it; a second one in a `fit` is given another name. */
  name = 'EarlyStopping';
  private readonly monitor: Monitor;
  private waited = 0;
  private stopped = false;
  private weights: Record<string, Tensor> = {};
  private training: Training | null = null;

  /** @throws UsageError for options that it does not know. */
  constructor(private readonly options: EarlyStoppingOptions = {}) {
    checkOptions('EarlyStopping', options, RULES);
    this.monitor = new Monitor('EarlyStopping', options);
  }

  /** Begins anew where another trainer is watched than before. */
  onTrainBegin(training: Training): void {
    if (this.training && this.training !== training) this.restore({ best: null, waited: 0, stopped: false }, {});
    this.training = training;
  }

  /** Looks whether the epoch is better, and ends training when too many were not. */
  onEpochEnd(record: EpochRecord, training: Training): void {
    const { patience = 0, startFromEpoch = 0, restoreBestWeights = false } = this.options;
    if (record.epoch <= startFromEpoch) return;
    if (this.monitor.improves(record)) {
      this.waited = 0;
      if (restoreBestWeights) this.hold(training);
      return;
    }
    this.waited++;
    if (this.waited < patience) return;
    this.stopped = true;
    this.giveBack(training);
    training.stop(`EarlyStopping: ${this.waited} epochs without improvement`);
  }

  /** One that had stopped training stops it again. */
  onEpochBegin(_epoch: number, training: Training): void {
    if (this.stopped) training.stop('EarlyStopping: it had stopped this run before');
    const gaveBack = this.monitor.best !== null && Object.keys(this.weights).length === 0;
    if (this.options.restoreBestWeights && gaveBack) this.hold(training); // the model has had them since
  }

  /** Where all epochs are done, the model gets the best weights. Gives their memory back, unless the run may go on. */
  onTrainEnd(training: Training): void {
    const done = training.history.length >= training.epochs;
    if (done) this.giveBack(training);
    if (done || this.stopped) this.forget();
  }

  private giveBack({ model }: Training): void {
    if (Object.keys(this.weights).length > 0) model.loadStateDict(this.weights);
  }

  private hold({ model }: Training): void {
    this.forget();
    const copies = Object.entries(model.stateDict()).map(([path, t]) => [path, copyOf(t)]);
    this.weights = Object.fromEntries(copies);
  }

  private forget(): void {
    for (const t of Object.values(this.weights)) t.dispose();
    this.weights = {};
  }

  /** The best figure, how long it is ago, and whether training was stopped. */
  state(): Json {
    return { best: this.monitor.best, waited: this.waited, stopped: this.stopped };
  }

  /** The weights that are held. */
  tensors(): Record<string, Tensor> {
    return this.weights;
  }

  /** Goes on from there. */
  restore(state: Json, tensors: Record<string, StoredTensor>): void {
    const { best, waited, stopped } = state as { best: number | null; waited: number; stopped: boolean };
    this.monitor.best = best;
    this.waited = waited;
    this.stopped = stopped;
    this.forget();
    const held = Object.entries(tensors).map(([path, t]) => [path, unscoped(() => tensor(t))]);
    this.weights = Object.fromEntries(held);
  }

  /** Why it cannot go on from a saved state. */
  mismatch(state: Json): string | undefined {
    return bestMismatch(state);
  }
}

function copyOf(t: Tensor): Tensor {
  const copy = unscoped(() => empty(t.shape, t.dtype, 'best weights'));
  copy.copy(t);
  return copy;
}
