// Mixed precision of a trainer: its tasks under autocast, its losses scaled.
import { autocast, hasHalf } from '../autograd/autocast.js';
import { GradScaler } from '../optim/grad-scaler.js';
import type { TrainerParts } from './fit.js';

/** Of the parts that train in f16: parts made anew, on another device, have another. */
const scalers = new WeakMap<TrainerParts, GradScaler>();

/** What keeps these parts' gradients in the range of halves; undefined where they train in f32. */
export function scalerOf(parts: TrainerParts): GradScaler | undefined {
  if (parts.precision !== 'f16') return undefined;
  let scaler = scalers.get(parts);
  if (!scaler) {
    scaler = new GradScaler({ enabled: hasHalf() });
    scalers.set(parts, scaler);
  }
  return scaler;
}

/** Runs `body` in a precision. 'f32' leaves an `autocast` around it as it is. */
export function inPrecision<T>(precision: 'f32' | 'f16', body: () => T): T {
  return precision === 'f16' ? autocast('f16', body) : body();
}
