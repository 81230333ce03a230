// Results that come back from the GPU a few steps late, so that it never waits for the host.

/** Submits that may be on their way at once: the host prepares the next step while the GPU works. */
export const AHEAD = 2;

/** Promises in the order they were made, of which a few may be open. */
export class LateResults {
  private readonly open: Promise<void>[] = [];

  constructor(private readonly ahead: number) {}

  /** Takes one more; waits until no more than `ahead` are open. Rejects as the first that fails. */
  async add(result: Promise<void>): Promise<void> {
    result.catch(() => {}); // awaited later; until then Node must not call it unhandled
    this.open.push(result);
    while (this.open.length > this.ahead) {
      await this.open[0];
      void this.open.shift();
    }
  }

  /** Waits for all. */
  async all(): Promise<void> {
    await Promise.all(this.open);
    this.open.length = 0;
  }
}
