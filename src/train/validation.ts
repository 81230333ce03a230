// Validation within training: after each epoch, unless the signal ends it.
import type { BatchSource } from './batches.js';
import type { CallbackList, Training } from './callback.js';
import { evaluate } from './evaluate.js';
import type { TrainerParts } from './fit.js';
import type { Progress } from './record.js';
import type { Team } from './team.js';

/** The training that it is part of. */
interface Within {
  training: Training & { readonly parts: TrainerParts };
  callbacks: CallbackList;
  progress(phase: 'validation', examples: number, examplesInEpoch: number): Progress;
  /** Stops it, which can then be done another time. */
  signal: AbortSignal | undefined;
  /** Ends it with the attempt that has failed. */
  failed: AbortSignal;
  team: Team | undefined;
}

/** The metrics of the validation data by name, 'val_loss' among them; null where there are none, 'stopped' if the signal ended it. */
export async function validate(within: Within): Promise<Record<string, number> | 'stopped' | null> {
  const { training, callbacks, progress, failed, team } = within;
  const { model, task, validation, precision } = training.parts;
  const data = validation as BatchSource | undefined; // the same on the device
  if (!data) return null;
  await callbacks.call('onValidationBegin', training);
  const onProgress = (examples: number) =>
    callbacks.call('onValidationBatchEnd', progress('validation', examples, data.length), training);
  const signal = team ? undefined : within.signal; // all end it together
  try {
    const found = await evaluate({ model, task, data, precision, onProgress, signals: [signal, failed] }, team);
    return Object.fromEntries(Object.entries(found).map(([name, value]) => [`val_${name}`, value]));
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return 'stopped';
    throw error;
  } finally {
    if (!failed.aborted) await callbacks.call('onValidationEnd', training); // else the parts are others by now
  }
}
