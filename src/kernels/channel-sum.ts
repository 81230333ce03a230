import { release, run, scratch, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { lanesFor } from './lanes.js';
import { reduce } from './reduce.js';
import { channel_sum as shader } from './sources.gen.js';
import { sumSlices } from './sum-slices.js';

/** sum (channels) of x (batch, channels, plane) over batch and plane: the gradient of a bias. */
export function channelSum(
  x: GpuBuffer,
  sum: GpuBuffer,
  { batch, channels, plane }: { batch: number; channels: number; plane: number },
): void {
  const partial = scratch(batch * channels, 'channel sums');
  if (lanesFor(plane) > 0) reduce('sum', x, partial, { outer: batch * channels, length: plane, inner: 1 });
  else sumPlanes(x, partial, batch * channels, plane);
  sumSlices(partial, sum, { count: channels, slices: batch });
  release(partial);
}

function sumPlanes(x: GpuBuffer, partial: GpuBuffer, planes: number, plane: number): void {
  for (const w of windows('sum of channels: an image of one channel', planes, plane)) {
    const piece = { x: view(x, w.start * plane, w.count * plane), partial: view(partial, w.start, w.count) };
    run(shader, piece, { planes: w.count, plane }, { groups: ceilDiv(w.count, 64) });
  }
}
