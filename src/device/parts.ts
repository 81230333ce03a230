// Parts of a buffer, each a buffer to whoever has it: small tensors that lie side by side, so that one launch sees them all.
import { roundUp } from '../math.js';
import { GpuBuffer, GRANULE } from './pool.js';

/** What a part of so many bytes takes: the next one begins where a binding may start. */
export const partStep = (bytes: number): number => roundUp(Math.max(bytes, 1), GRANULE);

/** The part of a buffer that has `bytes` from byte `base` on, to be released as any buffer. Parts do not overlap. */
export function partOf(root: GpuBuffer, base: number, bytes: number): GpuBuffer {
  const part = new GpuBuffer(root.pool, root.usage, partStep(bytes));
  root.parts ??= new Map();
  root.parts.set(base, part);
  root.holders++;
  return Object.assign(part, { root, base, bytes, label: root.label });
}

/** Whose a range of a buffer's bytes is: the parts that lie there, or the buffer itself if it has none. */
export function partsIn(buffer: GpuBuffer, from: number, to: number): GpuBuffer[] {
  if (!buffer.parts) return [buffer];
  return [...buffer.parts.values()].filter(({ base, capacity }) => base < to && base + capacity > from);
}

/** Whether buffers are all the parts of one, in their order. */
export function areSideBySide(buffers: readonly GpuBuffer[]): boolean {
  const { root, base } = buffers[0];
  if (root === buffers[0] || root.parts?.size !== buffers.length) return false;
  let next = base;
  for (const buffer of buffers) {
    if (buffer.root !== root || buffer.base !== next) return false;
    next += buffer.capacity;
  }
  return next - base === root.bytes;
}
