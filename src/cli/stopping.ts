// Ctrl-C, SIGTERM and a closed terminal: what they do depends on what there is to lose.
import type { Terminal } from './terminal.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A scheduler signals each process of a job, and bin/start.js passes its signal on: what comes within this time is one. */
const ECHO_MS = 1000;

/** Before training a signal ends the program at once, afterwards it stops `fit`, which saves; a second one always ends it. */
export class Stopping {
  private readonly controller = new AbortController();
  private training = false;
  private received = Number.NEGATIVE_INFINITY;

  constructor(private readonly terminal: Terminal) {
    for (const signal of SIGNALS) process.on(signal, () => this.receive(signal));
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** From here on there is something to save. */
  trainingBegins(): void {
    this.training = true;
  }

  /** Stops at this point, as a signal would. */
  stop(): void {
    this.controller.abort();
  }

  private receive(signal: (typeof SIGNALS)[number]): void {
    const echo = signal !== 'SIGINT' && performance.now() - this.received < ECHO_MS;
    this.received = performance.now();
    if (echo && this.signal.aborted) return;
    if (this.signal.aborted) endBy(signal);
    else if (!this.training) {
      this.terminal.say('Stopped before training began: there is nothing to save.');
      endBy(signal);
    } else {
      this.terminal.say('Stopping after this step and saving; once more stops at once.');
      this.controller.abort();
    }
  }
}

/** Ends as if nobody had caught it (a shell says 130, 143, 129): an exit of Node's would unload a driver that compiles. */
function endBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
