// Buffers that the host can read: copied into, mapped, and kept for the next read of that size.
import { roundUp } from './math.js';

const MAX_SPARE = 4;
const MAX_SPARE_BYTES = 2 ** 24;

export class StagingBuffers {
  private readonly spare = new Map<number, GPUBuffer[]>();

  constructor(
    private readonly device: GPUDevice,
    private readonly track: <T>(call: () => Promise<T>) => Promise<T>,
  ) {}

  /** A buffer of at least `bytes` to copy into. */
  take(bytes: number): GPUBuffer {
    const size = roundUp(Math.max(bytes, 4), 256);
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return this.spare.get(size)?.pop() ?? this.device.createBuffer({ label: 'readback', size, usage });
  }

  /** What was copied into it, once the copy is done; the buffer is then kept for the next read. */
  async readOut(staging: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    await this.track(() => staging.mapAsync(GPUMapMode.READ));
    const result = staging.getMappedRange().slice(0, bytes);
    staging.unmap();
    const list = this.spare.get(staging.size) ?? [];
    if (list.length < MAX_SPARE && staging.size <= MAX_SPARE_BYTES) this.spare.set(staging.size, [...list, staging]);
    else staging.destroy();
    return result;
  }
}
