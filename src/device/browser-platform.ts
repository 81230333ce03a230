// What the browser and Deno give for `#platform`; src/node/platform.ts is its counterpart for Node.
import type { GpuOptions } from './gpu-options.js';

/** The WebGPU entry point of a page, a worker or Deno, or undefined where there is none. */
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

export const missingGpuAdvice =
  'Deno' in globalThis
    ? 'On Linux, Deno needs a Vulkan driver: that of your GPU, or Mesa’s (apt-get install mesa-vulkan-drivers). Before Deno had WebGPU by itself, it was started with --unstable-webgpu.'
    : 'This browser has no WebGPU, or it is switched off: see https://webgpureport.org.';
