// Whether an optimizer's update is skipped, which only the GPU knows.
import { activeRecorder, upload } from '../device/commands.js';
import type { BufferPool, GpuBuffer } from '../device/pool.js';

/** Two buffers of one word each. */
export interface Gate {
  /** Not 0: the kernel does nothing. */
  skip: GpuBuffer;
  /** f32: updates of this parameter that were skipped. */
  skipped: GpuBuffer;
}

/** A zero of each device: kept, in no `memory()` count. */
const zeros = new WeakMap<BufferPool, GpuBuffer>();

/** The word of gates that skip nothing. */
export function zero(): GpuBuffer {
  const { pool } = activeRecorder('optimizer').host;
  let buffer = zeros.get(pool);
  if (!buffer) {
    buffer = pool.make(256, 'no update is skipped', GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
    buffer.bytes = 4;
    zeros.set(pool, buffer);
    upload(buffer, new Uint32Array(1));
  } else if (buffer.failure) upload(buffer, new Uint32Array(1)); // it was to be written in a submit that failed
  return buffer;
}
