// The device in use. Nothing else holds it: a tensor op is a plain function, which finds its device here.
import { DeviceError, type DeviceLostError } from '../errors.js';
import type { CommandRecorder } from './command-recorder.js';
import type { DeviceInfo } from './device-info.js';
import { lostDuring } from './failures.js';

/** An open device. Its pool, pipelines and failures are its recorder's `host`. */
export interface OpenDevice {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  readonly device: GPUDevice;
  readonly info: DeviceInfo;
  readonly recorder: CommandRecorder;
  /** Settles when the device is gone. */
  readonly lost: Promise<DeviceLostError>;
}

/** Written by runtime.ts alone. */
export const current: {
  /** The device, from `init()` until it is lost or `shutdown()` closes it. */
  open: OpenDevice | undefined;
  /** An `init()` under way. */
  opening: Promise<void> | undefined;
  /** Why none is open, if the last one was lost. */
  lost: DeviceLostError | undefined;
} = { open: undefined, opening: undefined, lost: undefined };

/**
 * The open device; `op` is what needs it.
 * @throws DeviceLostError after the device was lost, DeviceError if none was opened or it was shut down.
 */
export function openDevice(op = 'wgrad'): OpenDevice {
  if (current.open) return current.open;
  if (current.lost) throw lostDuring(op, current.lost);
  throw new DeviceError(`${op}: no device is open; call \`await init()\` first`);
}

/** The open device's recorder; `op` is what needs it. @throws as `openDevice`. */
export function activeRecorder(op?: string): CommandRecorder {
  return openDevice(op).recorder;
}
