// Timestamps before and after each dispatch of one batch, and the buffers that bring them back.

/** The query set of one batch and the way back of its values. */
export class BatchTimer {
  private readonly querySet: GPUQuerySet;
  private readonly resolved: GPUBuffer;
  private readonly staging: GPUBuffer;
  private next = 0;

  constructor(
    device: GPUDevice,
    private readonly count: number,
  ) {
    this.querySet = device.createQuerySet({ type: 'timestamp', count: 2 * count });
    const size = 16 * count;
    this.resolved = device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    this.staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  }

  /** For the next dispatch's pass. */
  writes(): GPUComputePassTimestampWrites {
    const first = 2 * this.next++;
    return { querySet: this.querySet, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  finish(encoder: GPUCommandEncoder): void {
    encoder.resolveQuerySet(this.querySet, 0, 2 * this.count, this.resolved, 0);
    encoder.copyBufferToBuffer(this.resolved, 0, this.staging, 0, 16 * this.count);
  }

  async read(): Promise<BigUint64Array> {
    await this.staging.mapAsync(GPUMapMode.READ);
    const values = new BigUint64Array(this.staging.getMappedRange().slice(0));
    this.staging.destroy();
    this.resolved.destroy();
    this.querySet.destroy();
    return values.subarray(0, 2 * this.next);
  }
}
