// Errors of the device. They arrive late, and are kept until the next read, which throws them.
import { DeviceLostError, type WgradError } from '../errors.js';

const TICKS = 10;
const LONGEST_MS = 2 ** 31 - 1; // of a timer

export class Failures {
  /** Set when the device is gone. */
  lost: DeviceLostError | undefined;
  /** Whether anything has failed. Until then no launch looks for buffers with invalid contents. */
  any = false;
  private untold: WgradError | undefined;
  private readonly waiting = new Set<(error: DeviceLostError) => void>();
  /** Runs while something waits. */
  private timer: ReturnType<typeof setInterval> | undefined;
  /** Ticks of the timer since the device last answered. Not clock time, which passes while a laptop sleeps. */
  private silence = 0;

  /** `onSilence` is called when the device has settled nothing for so many seconds while something waited. */
  constructor(
    private readonly seconds: number,
    private readonly onSilence: () => void,
  ) {}

  /** The device is lost. Rejects everything that waits for it: not every driver settles its own promises. */
  lose(error: DeviceLostError): void {
    this.lost ??= error;
    for (const fail of this.waiting) fail(this.lost);
  }

  /**
   * The promise's result. Rejects if the device is lost first. What rejects by itself does so one turn later: wgpu refuses what a
   * lost device was asked before it tells of the loss, which is the reason.
   */
  answer<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const end = () => {
        this.waiting.delete(fail);
        this.silence = 0;
        if (this.waiting.size === 0) this.stopWatching();
      };
      const fail = (error: unknown) => {
        end();
        reject(error);
      };
      this.waiting.add(fail);
      this.startWatching();
      promise.then(
        (value) => {
          end();
          resolve(value);
        },
        (error) => setTimeout(() => fail(error)),
      );
      if (this.lost) fail(this.lost);
    });
  }

  private startWatching(): void {
    if (this.timer !== undefined || !Number.isFinite(this.seconds)) return;
    this.silence = 0;
    const tick = () => {
      if (++this.silence >= TICKS) this.onSilence();
    };
    this.timer = setInterval(tick, Math.min((this.seconds * 1000) / TICKS, LONGEST_MS));
  }

  private stopWatching(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Keeps an error for the next `check`. Of several the first is kept: the others follow from it. */
  note(error: WgradError): void {
    this.any = true;
    this.untold ??= error;
  }

  /** The error was reported in another way: `check` does not throw it again. */
  told(error: WgradError): void {
    if (this.untold === error) this.untold = undefined;
  }

  /** Throws a DeviceLostError, always, once the device is lost; else an error that was not reported yet, once. `op` is what waits. */
  check(op: string): void {
    if (this.lost) throw lostDuring(op, this.lost);
    const error = this.untold;
    this.untold = undefined;
    if (error) throw error;
  }
}

/** The device's loss, as an op under way reports it. */
export function lostDuring(op: string, lost: DeviceLostError): DeviceLostError {
  return new DeviceLostError(`${op}: ${lost.message}`, { cause: lost });
}
