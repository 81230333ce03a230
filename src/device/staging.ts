// Buffers that the host can read: copied into, mapped, and kept for the next read of that size.
import { OutOfMemoryError } from '../errors.js';
import { roundUp, showBytes } from '../math.js';
import type { BufferPool, GpuBuffer } from './pool.js';

const MAX_SPARE = 4;
const MAX_SPARE_BYTES = 2 ** 24;

export class StagingBuffers {
  private readonly spare = new Map<number, GpuBuffer[]>();

  constructor(
    private readonly pool: BufferPool,
    private readonly track: <T>(call: () => Promise<T>) => Promise<T>,
  ) {}

  /** A buffer of at least `bytes` to copy into. */
  take(bytes: number): GpuBuffer {
    const size = roundUp(Math.max(bytes, 4), 256);
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return this.spare.get(size)?.pop() ?? this.pool.make(size, 'readback', usage);
  }

  /**
   * What was copied into it, once the copy is done; the buffer is then kept for the next read.
   * @throws OutOfMemoryError if the host has no room for it.
   */
  async readOut(staging: GpuBuffer, bytes: number, op: string): Promise<ArrayBuffer> {
    await this.track(() => staging.gpu.mapAsync(GPUMapMode.READ));
    const result = copyOut(staging.gpu, bytes, op);
    const size = staging.capacity;
    const list = this.spare.get(size) ?? [];
    if (list.length < MAX_SPARE && size <= MAX_SPARE_BYTES) this.spare.set(size, [...list, staging]);
    else staging.gpu.destroy();
    return result;
  }
}

function copyOut(mapped: GPUBuffer, bytes: number, op: string): ArrayBuffer {
  try {
    return mapped.getMappedRange().slice(0, bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new OutOfMemoryError(`${op}: the host has no memory for ${showBytes(bytes)}`, { cause: error });
  } finally {
    mapped.unmap();
  }
}
