import { ceilDiv } from '../device/math.js';
import type { Slots } from '../device/pipeline.js';
import type { GpuBuffer } from '../device/pool.js';
import { run, view } from '../device/recorder.js';
import { windows } from '../device/windows.js';
import { local_response_norm_grad as gradShader, local_response_norm as shader } from './sources.gen.js';
import { sharedWanted } from './tile.js';

/** x (batch, channels, plane); alpha is not yet divided by size. */
export interface LocalResponseNormSize {
  batch: number;
  channels: number;
  plane: number;
  size: number;
  alpha: number;
  beta: number;
  k: number;
}

/**
 * Channels of a thread on GPUs (RUN in the kernels), and threads of a workgroup: long walks through many images at once touch more
 * pages of memory than a core keeps the addresses of. On a software adapter a thread walks all channels.
 */
const RUN = 32;
const THREADS = 256;

function slots({ size, beta }: LocalResponseNormSize): Slots {
  const power: Slots = beta === 0.75 ? { power: 'inverseSqrt(d) * sqrt(inverseSqrt(d))' } : {};
  return { SIZE: size, ...power, ...(sharedWanted() ? { THREADS, WHOLE: 'false' } : {}) };
}

function params({ channels, plane, size, alpha, beta, k }: LocalResponseNormSize, batch: number) {
  const runs = sharedWanted() ? ceilDiv(channels, RUN) : 1;
  return { count: batch * runs * plane, channels, plane, alpha: alpha / size, beta, k };
}

const groupsOf = (count: number) => ceilDiv(count, sharedWanted() ? THREADS : 64);

export function localResponseNorm(x: GpuBuffer, y: GpuBuffer, s: LocalResponseNormSize): void {
  const image = s.channels * s.plane;
  for (const w of windows('localResponseNorm: an image of all channels', s.batch, image)) {
    const part = (b: GpuBuffer) => view(b, w.start * image, w.count * image);
    const all = params(s, w.count);
    run(shader, { x: part(x), y: part(y) }, all, { slots: slots(s), groups: groupsOf(all.count) });
  }
}

export function localResponseNormGrad(x: GpuBuffer, dy: GpuBuffer, dx: GpuBuffer, s: LocalResponseNormSize): void {
  const image = s.channels * s.plane;
  for (const w of windows('localResponseNorm: an image of all channels', s.batch, image)) {
    const part = (b: GpuBuffer) => view(b, w.start * image, w.count * image);
    const all = params(s, w.count);
    run(gradShader, { x: part(x), dy: part(dy), dx: part(dx) }, all, { slots: slots(s), groups: groupsOf(all.count) });
  }
}
