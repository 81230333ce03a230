import { hasHalf } from '../../src/autograd/autocast.js';
import { init, ready } from '../../src/device/runtime.js';
import { bindingLimit, setBindingLimit } from '../../src/device/windows.js';
import { DeviceError } from '../../src/errors.js';
import { Skip } from './suite.js';

/** Opens the device for a suite. Without an adapter its tests fail; with ALLOW_NO_GPU=1 they are listed as not run. */
export async function useDevice(): Promise<void> {
  if (ready()) return;
  try {
    await init();
  } catch (error) {
    if (error instanceof DeviceError && process.env.ALLOW_NO_GPU === '1') {
      throw new Skip(`there is no GPU adapter, and ALLOW_NO_GPU=1 allows that`);
    }
    throw error;
  }
}

export const NO_HALF = 'the device has no f16 (the feature shader-f16)';

/** The same for a suite of f16, which is listed as not run where the adapter has none. */
export async function useHalf(): Promise<void> {
  await useDevice();
  if (!hasHalf()) throw new Skip(NO_HALF);
}

/** Runs `body` with a lower limit of what a kernel may bind, so that small tensors are walked in windows. */
export async function withBindingLimit<T>(bytes: number, body: () => T | Promise<T>): Promise<T> {
  const before = bindingLimit();
  setBindingLimit(bytes);
  try {
    return await body();
  } finally {
    setBindingLimit(before);
  }
}
