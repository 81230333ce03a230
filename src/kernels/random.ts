import { run, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { dropout as dropoutShader, random as randomShader } from './sources.gen.js';

/** Which random numbers: Philox is keyed by both. */
export interface Stream {
  seed: number;
  stream: number;
}

/** Uniform numbers in [low, high). */
export function randomUniform(y: GpuBuffer, count: number, key: Stream, low: number, high: number): void {
  fillRandom(y, count, key, { low, high }, 'uniform_of(bits)');
}

/** Normal numbers. */
export function randomNormal(y: GpuBuffer, count: number, key: Stream, mean: number, std: number): void {
  fillRandom(y, count, key, { low: mean, high: std }, 'normal_of(bits)');
}

function fillRandom(
  y: GpuBuffer,
  count: number,
  key: Stream,
  range: { low: number; high: number },
  shape: string,
): void {
  for (const w of windows('random: an element', count, 1)) {
    const params = { count: w.count, first: w.start, ...key, ...range };
    run(randomShader, { y: view(y, w.start, w.count) }, params, { slots: { shape }, groups: ceilDiv(w.count, 256) });
  }
}

/** y = x / (1 - p) or, with probability p, 0. The same key gives the same mask. */
export function dropout(x: GpuBuffer, y: GpuBuffer, count: number, p: number, key: Stream): void {
  const threshold = Math.min(Math.round(p * 2 ** 32), 2 ** 32 - 1);
  for (const w of windows('random: an element', count, 1)) {
    const buffers = { x: view(x, w.start, w.count), y: view(y, w.start, w.count) };
    const params = { count: w.count, first: w.start, ...key, threshold, scale: 1 / (1 - p) };
    run(dropoutShader, buffers, params, { groups: ceilDiv(w.count, 256) });
  }
}
