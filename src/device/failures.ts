// What went wrong on the device. It is heard of late, so it is kept until somebody waits for a result.
import { DeviceLostError, type WgradError } from '../errors.js';

const TICKS = 10;
const LONGEST_MS = 2 ** 31 - 1; // of a timer

export class Failures {
  /** Set when the device is gone. */
  lost: DeviceLostError | undefined;
  /** Whether anything failed yet: until then no buffer has to be looked at. */
  any = false;
  private untold: WgradError | undefined;
  private readonly waiting = new Set<(error: DeviceLostError) => void>();
  /** Runs while something waits. */
  private timer: ReturnType<typeof setInterval> | undefined;
  /** Its ticks since the device last answered; not time by the clock, for a laptop that slept is no silent device. */
  private silence = 0;

  /** `onSilence` is called when the device has settled nothing for so many seconds while something waited. */
  constructor(
    private readonly seconds: number,
    private readonly onSilence: () => void,
  ) {}

  /** The device is gone: what waits for it is told, because not every driver settles what was under way. */
  lose(error: DeviceLostError): void {
    this.lost ??= error;
    for (const fail of this.waiting) fail(this.lost);
  }

  /** What the device promised; rejects if it is lost before it keeps it. */
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
      promise.then((value) => {
        end();
        resolve(value);
      }, fail);
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

  /** Keeps an error for the next `check`. Of several the first says most: the others follow from it. */
  note(error: WgradError): void {
    this.any = true;
    this.untold ??= error;
  }

  /** Somebody was told of it by another way. */
  told(error: WgradError): void {
    if (this.untold === error) this.untold = undefined;
  }

  /** Throws that the device is lost, for ever; else what nobody was told of yet, once. `op` is what waits. */
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
