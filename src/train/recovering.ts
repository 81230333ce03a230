// What a trainer asks of `withRecovery`.
import type { Recovery, RecoveryOptions } from '../checkpoint/recovery.js';
import type { FitOptions } from './fit.js';
import type { TrainerPosition } from './record.js';

/** A rollback does not go back to where losses were this many times the first: they were on their way up. */
const RISING = 2;

/** Makes the parts anew. */
export type Rebuild = NonNullable<FitOptions['rebuild']>;

/** How `fit` saves, and what it does when something goes wrong. */
export function recoveryFor(
  { save, onDivergence, divergence: rollback, rebuild }: FitOptions,
  hooks: { rebuild(make: Rebuild): Promise<void>; onRecovery(recovery: Recovery<TrainerPosition>): void },
): RecoveryOptions<TrainerPosition> {
  return {
    ...{ save, onDivergence, rollback },
    isSound: ({ trend: { start, recent } }) => recent <= RISING * Math.max(start, 1),
    progressOf: ({ step }) => step,
    rebuild: rebuild && (() => hooks.rebuild(rebuild)),
    onRecovery: hooks.onRecovery,
  };
}
