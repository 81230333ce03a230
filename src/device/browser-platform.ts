// What the browser gives for `#platform`; src/node/platform.ts is its counterpart for Node.
import type { GpuOptions } from './gpu-options.js';

/** The browser's WebGPU entry point, or undefined where there is none. */
export async function openGpu(_options: GpuOptions): Promise<GPU | undefined> {
  return globalThis.navigator?.gpu;
}

/** Awaits a call into WebGPU. The browser needs no help with it. */
export function track<T>(call: () => Promise<T>): Promise<T> {
  return call();
}

/** Environment settings: a browser has none. */
export function setting(_name: string): string | undefined {
  return undefined;
}

const STORED = 'wgrad/';

/** A small text kept from another session under this name, or null. */
export function recall(name: string): string | null {
  try {
    return globalThis.localStorage?.getItem(STORED + name) ?? null;
  } catch {
    return null; // storage is blocked: what it would have sped up is done without
  }
}

/** Keeps a small text for other sessions. */
export function remember(name: string, text: string): void {
  try {
    globalThis.localStorage?.setItem(STORED + name, text);
  } catch {
    // blocked, or full: the caller has what it wanted to keep
  }
}

export const missingGpuAdvice = 'This browser has no WebGPU, or it is switched off: see https://webgpureport.org.';
