// A device that misbehaves when a test wants it to.
import { activeRecorder } from '../../src/device/commands.js';
import { deviceInfo, init, ready } from '../../src/device/runtime.js';
import { SETTLE_SECONDS } from './limits.js';

/** The open GPUDevice. */
export function openDevice(): GPUDevice {
  return activeRecorder().host.device;
}

/** Loses the device on purpose, as a driver reset would. */
export function loseDevice(): void {
  openDevice().destroy();
}

/** Remembers how the device was opened; the function it returns opens one like it, if none is open. */
export function reopener(): () => Promise<void> {
  const { limits } = deviceInfo();
  return async () => {
    if (!ready()) await init({ limits });
  };
}

/** Rejects if nothing happens: a hang must fail its test, not the run. */
export async function soon<T>(promise: Promise<T>, what = 'it'): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not settle`)), 1000 * SETTLE_SECONDS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a promise rejects with, or what `body` throws; undefined if it does neither. */
export async function thrownBy(body: () => unknown): Promise<unknown> {
  try {
    await soon(Promise.resolve(body()));
  } catch (error) {
    return error;
  }
}

/** Every buffer that is asked for: its label, and whether it was refused. */
export type Asked = { label: string; refused: boolean }[];

/**
 * Lets the device refuse buffers as one without memory does: an invalid buffer, and the error in the scope around the call.
 * `refuse` is asked with how many there were before. Returns what was asked for, and `restore`.
 */
export function refuseBuffers(refuse: (count: number) => boolean): { asked: Asked; restore(): void } {
  const device = openDevice();
  const asked: Asked = [];
  let error: GPUError | null = null;
  const createBuffer = device.createBuffer.bind(device);
  const popErrorScope = device.popErrorScope.bind(device);
  device.createBuffer = (descriptor) => {
    const refused = refuse(asked.length);
    asked.push({ label: descriptor.label ?? '', refused });
    if (!refused) return createBuffer(descriptor);
    device.pushErrorScope('validation');
    const invalid = createBuffer({ ...descriptor, usage: 0 });
    popErrorScope().catch(() => {});
    error = { message: 'out of memory, on purpose' } as GPUError;
    return invalid;
  };
  device.popErrorScope = async () => {
    const injected = error;
    error = null;
    return (await popErrorScope()) ?? injected;
  };
  return {
    asked,
    restore() {
      Object.assign(device, { createBuffer, popErrorScope });
    },
  };
}
