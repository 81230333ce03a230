import { init, ready } from '../../src/device/runtime.js';
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
