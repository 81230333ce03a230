import type { Team } from './team.js';

/** What ends `fit` before its epochs are done. Processes that train together ask each other, so that all end at the same step. */
export class Ending {
  /** What `stop` was told; null if nothing was. */
  reason: string | null = null;
  /** Whether it was the signal. */
  aborted = false;

  /** Whether it ends here. */
  async asked(signal: AbortSignal | undefined, team: Team | undefined): Promise<boolean> {
    this.aborted = signal?.aborted ?? false;
    if (team) {
      const [aborted, stopped] = await team.any(this.aborted, this.reason !== null);
      this.aborted = aborted;
      if (stopped) this.reason ??= 'another process asked for it';
    }
    return this.aborted || this.reason !== null;
  }
}
