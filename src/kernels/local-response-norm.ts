import { run, view } from '../device/commands.js';
import type { Slots } from '../device/pipeline.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { local_response_norm_grad as gradShader, local_response_norm as shader } from './sources.gen.js';

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

function slots({ size, beta }: LocalResponseNormSize): Slots {
  const power = beta === 0.75 && { power: 'inverseSqrt(d) * sqrt(inverseSqrt(d))' };
  return { SIZE: size, KEPT: size - 1, ...power };
}

/** Those of the gradient, which also looks at the channels to the left of what it sums up. */
function gradSlots(s: LocalResponseNormSize): Slots {
  const left = s.size >> 1;
  return { ...slots(s), LEFT: left, KEPT_X: s.size - 1 + left };
}

const params = ({ channels, plane, size, alpha, beta, k }: LocalResponseNormSize, batch: number) => ({
  pixels: batch * plane,
  channels,
  plane,
  alpha: alpha / size,
  beta,
  k,
});

export function localResponseNorm(x: GpuBuffer, y: GpuBuffer, s: LocalResponseNormSize): void {
  const image = s.channels * s.plane;
  for (const w of windows('localResponseNorm: an image of all channels', s.batch, image)) {
    const part = (b: GpuBuffer) => view(b, w.start * image, w.count * image);
    const groups = ceilDiv(w.count * s.plane, 64);
    run(shader, { x: part(x), y: part(y) }, params(s, w.count), { slots: slots(s), groups });
  }
}

export function localResponseNormGrad(x: GpuBuffer, dy: GpuBuffer, dx: GpuBuffer, s: LocalResponseNormSize): void {
  const image = s.channels * s.plane;
  for (const w of windows('localResponseNorm: an image of all channels', s.batch, image)) {
    const part = (b: GpuBuffer) => view(b, w.start * image, w.count * image);
    const groups = ceilDiv(w.count * s.plane, 64);
    run(gradShader, { x: part(x), dy: part(dy), dx: part(dx) }, params(s, w.count), { slots: gradSlots(s), groups });
  }
}
