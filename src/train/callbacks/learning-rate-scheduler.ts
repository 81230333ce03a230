import { requireFunction } from '../../options.js';
import type { Callback, Training } from '../callback.js';

/**
 * Sets the learning rate of all groups before each epoch. Schedules that count steps or know their state are the trainer's `schedule`.
 * Keras: LearningRateScheduler.
 */
export class LearningRateScheduler implements Callback {
  /** `rate` gives the rate of an epoch (from 1), from the one before. @throws UsageError for what is no function. */
  constructor(private readonly rate: (epoch: number, before: number) => number) {
    requireFunction('LearningRateScheduler', 'rate', rate);
  }

  /** Sets the rate; the optimizer refuses what is none. */
  onEpochBegin(epoch: number, { optimizer }: Training): void {
    optimizer.lr = this.rate(epoch, optimizer.lr);
  }
}
