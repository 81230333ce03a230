import type { Json } from '../../checkpoint/stateful.js';
import type { StoredTensor } from '../../io/safetensors.js';
import { type AverageOptions, ExponentialMovingAverage } from '../../optim/average.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Callback, Training } from '../callback.js';

/**
 * Averages the weights after each update, and validates with the average; the model trains on with its own weights. Its state is saved
 * with the run. `ema.average.apply(() => ...)` does anything else with the average; `ema.average.copyTo()` keeps it. Keras: SwapEMAWeights.
 */
export class ModelEMA implements Callback {
  /** What checkpoints call it. */
  readonly name: string = 'ModelEMA';
  private current: ExponentialMovingAverage | null = null;

  /** Options as `ExponentialMovingAverage`'s: `decay` (default 0.999), `warmup`, `buffers`. */
  constructor(private readonly options: AverageOptions = {}) {}

  /** The average. @throws TypeError before the first `fit`. */
  get average(): ExponentialMovingAverage {
    return this.current!;
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
