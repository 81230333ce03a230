import { ceilDiv } from '../device/math.js';
import type { GpuBuffer } from '../device/pool.js';
import { run, view } from '../device/recorder.js';
import { windows } from '../device/windows.js';
import { add as shader } from './sources.gen.js';

/** y = a + b over `count` elements: how the tape accumulates gradients. */
export function add(a: GpuBuffer, b: GpuBuffer, y: GpuBuffer, count: number): void {
  for (const w of windows(count, 1)) {
    const part = (buffer: GpuBuffer) => view(buffer, w.start, w.count);
    run(shader, { a: part(a), b: part(b), y: part(y) }, { count: w.count }, { groups: ceilDiv(w.count, 1024) });
  }
}
