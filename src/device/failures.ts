// What went wrong on the device. It is heard of late, so it is kept until somebody waits for a result.
import { DeviceLostError, type WgradError } from './errors.js';

export class Failures {
  /** Set when the device is gone. */
  lost: DeviceLostError | undefined;
  /** Whether anything failed yet: until then no buffer has to be looked at. */
  any = false;
  private untold: WgradError | undefined;

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
