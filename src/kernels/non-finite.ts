import { run, view } from '../device/commands.js';
import type { Slots } from '../device/pipeline.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { non_finite as shader } from './sources.gen.js';

/** u32 words that `nonFinite` writes for each tensor. */
export const FOUND_WORDS = 4;

const BY_SPAN = 1024;

/** Counts the NaNs and infinities of x into the words of `found` that belong to `slot`. */
export function nonFinite(x: GpuBuffer, found: GpuBuffer, slot: number, count: number): void {
  for (const w of windows('detectAnomaly: an element', count, 1)) {
    const params = { count: w.count, start: w.start, slot };
    const slots: Slots = x.elementBytes === 2 ? { bits_of: 'bitcast<u32>(f32(v))' } : {};
    run(shader, { x: view(x, w.start, w.count), found }, params, { slots, groups: ceilDiv(w.count, BY_SPAN) });
  }
}
