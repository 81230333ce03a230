import type { Json } from '../../checkpoint/stateful.js';
import { UsageError } from '../../errors.js';
import type { StoredTensor } from '../../io/safetensors.js';
import { AVERAGE_RULES, type AverageOptions, ExponentialMovingAverage } from '../../optim/average.js';
import { checkOptions } from '../../options.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Callback, Training } from '../callback.js';

/**
 * Averages the weights after each update, and validates with the average; the model trains on with its own weights. Its state is saved
 * with the run. Outside of validation the model has its own: `ema.average.apply(() => writeWeights(model))` makes a file of the average,
 * also in a `ModelCheckpoint`'s `save`; `ema.average.copyTo()` keeps it. Keras: SwapEMAWeights.
 */
export class ModelEMA implements Callback {
  /** What checkpoints call it; a second one in a `fit` is given another name. */
  name = 'ModelEMA';
  private current: ExponentialMovingAverage | null = null;

  /** Options as `ExponentialMovingAverage`'s: `decay` (default 0.999), `warmup`, `buffers`. @throws UsageError for others. */
  constructor(private readonly options: AverageOptions = {}) {
    checkOptions('ModelEMA', options, AVERAGE_RULES);
  }

  /** The average. @throws UsageError before the first `fit`. */
  get average(): ExponentialMovingAverage {
    if (!this.current) throw new UsageError('ModelEMA: there is no average before the first fit');
    return this.current;
  }

  /** Begins an average of the model; a model made anew gets its own, with the state that is restored. */
  onTrainBegin({ model }: Training): void {
    if (this.current?.isOf(model)) return;
    this.current = new ExponentialMovingAverage(model, this.options);
  }

  /** Takes the new weights in. */
  onStep(): void {
    this.current!.update();
  }

  /** Gives the model the average. */
  onValidationBegin(): void {
    this.current!.swap();
  }

  /** Gives the model its own weights back. */
  onValidationEnd(): void {
    this.current!.swap();
  }

  /** Updates so far. */
  state(): Json {
    return this.current!.state();
  }

  /** The averages. */
  tensors(): Record<string, Tensor> {
    return this.current!.tensors();
  }

  /** Goes on from there. */
  restore(state: Json, tensors: Record<string, StoredTensor>): void {
    this.current!.restore(state, tensors);
  }

  /** Why it cannot go on from a saved state. */
  mismatch(state: Json, tensors: Record<string, StoredTensor>): string | undefined {
    return this.current!.mismatch(state, tensors);
  }
}
