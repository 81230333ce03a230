import { run, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { count as shader } from './sources.gen.js';

/** y (bins), i32, gets how many of x (count), i32, are each index of it, on top of what it holds. */
export function count(x: GpuBuffer, y: GpuBuffer, { count, bins }: { count: number; bins: number }): void {
  for (const w of windows('count: a number', count, 1)) {
    const buffers = { x: view(x, w.start, w.count), y };
    run(shader, buffers, { count: w.count, bins }, { groups: ceilDiv(w.count, 64) });
  }
}
