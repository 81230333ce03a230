import type { DivergenceError } from '../../checkpoint/divergence.js';
import type { Callback, Training } from '../callback.js';

/** Ends `fit` as if its epochs were done when training diverges, where it would throw the DivergenceError. Keras: TerminateOnNaN. */
export class TerminateOnNaN implements Callback {
  /** Ends training. */
  onDivergence({ message }: DivergenceError, training: Training): void {
    training.stop(message);
  }
}
