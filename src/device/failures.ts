// What went wrong on the device. It is heard of late, so it is kept until somebody waits for a result.
import { DeviceLostError, type WgradError } from './errors.js';

const TICKS = 10;

export class Failures {
  /** Set when the device is gone. */
  lost: DeviceLostError | undefined;
  /** Whether anything failed yet: until then no buffer has to be looked at. */
  any = false;
  private untold: WgradError | undefined;
  private readonly waiting = new Set<(error: DeviceLostError) => void>();

  /** `onSilence` is called when the device has not settled a promise for so many seconds. */
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
    let ticks = 0; // of the timer, not of the clock: a laptop that slept is no device that is silent
    const tick = () => {
      if (++ticks === TICKS) this.onSilence();
    };
    const timer = Number.isFinite(this.seconds) ? setInterval(tick, (this.seconds * 1000) / TICKS) : undefined;
    return new Promise<T>((resolve, reject) => {
      const end = () => {
        clearInterval(timer);
        this.waiting.delete(fail);
      };
      const fail = (error: unknown) => {
        end();
        reject(error);
      };
      this.waiting.add(fail);
      promise.then((value) => {
        end();
        resolve(value);
      }, fail);
      if (this.lost) fail(this.lost);
    });
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
