// What Node gives for `#platform`: Dawn, from the npm package `webgpu`. src/device/browser-platform.ts is the browser's.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { GpuOptions } from '../device/gpu-options.js';
import { enter, track } from './pacer.js';

export { track };

/** Bounds checks and clearing, which only cost speed where shaders are trusted. Validation stays: without it a mistake ends the process. */
const UNSAFE_TOGGLES = 'enable-dawn-features=disable_robustness,disable_workgroup_init';

/** Timestamps in nanoseconds instead of steps of 65 microseconds. */
const FINE_CLOCK = 'disable-dawn-features=timestamp_quantization';

/**
 * Shows subgroup matrices, and f16 on NVIDIA's cards (docs/gpus.md). Both only allow what a program has to ask for: a device and
 * kernels that do not are as they were.
 */
const HALVES_AND_MATRICES = 'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia';

/** Loads Dawn and returns its WebGPU entry point. */
export async function openGpu(options: GpuOptions): Promise<GPU | undefined> {
  const { create, globals } = await import('webgpu');
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const flags = [...(options.dawn ?? [FINE_CLOCK, HALVES_AND_MATRICES]), ...(options.unsafe ? [UNSAFE_TOGGLES] : [])];
  return enter(() => create(together(flags)));
}

/** Flags with the values of those that are given several times in one list: Dawn takes the last one alone. */
function together(flags: readonly string[]): string[] {
  const values = new Map<string, string[]>();
  for (const flag of flags) {
    const [name, value = ''] = flag.split(/=(.*)/s);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  const lists = /^(en|dis)able-dawn-features$/;
  return [...values].map(([name, all]) => `${name}=${lists.test(name) ? all.join(',') : all.at(-1)}`);
}

/** A setting from the environment, such as WGRAD_LIMITS. */
export function setting(name: string): string | undefined {
  return process.env[name] || undefined;
}

const stored = (name: string) => join(process.env.WGRAD_CACHE || join(homedir(), '.cache/wgrad'), name);

/** A small text kept from another session under this name, or null. */
export function recall(name: string): string | null {
  try {
    return readFileSync(stored(name), 'utf8');
  } catch {
    return null; // none, or not readable: what it would have sped up is done without
  }
}

/** Keeps a small text for other sessions; a folder that cannot be written is done without. */
export function remember(name: string, text: string): void {
  try {
    mkdirSync(dirname(stored(name)), { recursive: true });
    writeFileSync(`${stored(name)}.new`, text);
    renameSync(`${stored(name)}.new`, stored(name));
  } catch {
    // the caller has what it wanted to keep
  }
}

export const missingGpuAdvice = 'Run `npx wgrad doctor`: it says what is missing, and what to install.';
