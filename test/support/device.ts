import { init, ready } from '../../src/device/runtime.js';

/** Opens the device for a suite. Without an adapter its tests fail, unless ALLOW_NO_GPU=1 (see test/run.ts). */
export async function useDevice(): Promise<void> {
  if (!ready()) await init();
}
