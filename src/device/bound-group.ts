// What a dispatch binds in group 0, and the bind group that is made of it.
import type { GpuBuffer } from './pool.js';

/** A range of a buffer, in bytes, as one binding of a dispatch sees it. */
export interface BoundRange {
  /** A whole one, of which parts may lie in the range. */
  buffer: GpuBuffer;
  offset: number;
  size: number;
}

/** A bind group that is made when it is first encoded: by then its buffers are known to exist. */
export interface BoundGroup {
  readonly label: string;
  readonly layout: GPUBindGroupLayout;
  readonly entries: readonly BoundRange[];
  group: GPUBindGroup | undefined;
}

/** The WebGPU bind group, made at the first call. */
export function bindGroupOf(device: GPUDevice, bound: BoundGroup): GPUBindGroup {
  bound.group ??= device.createBindGroup({
    label: bound.label,
    layout: bound.layout,
    entries: bound.entries.map(({ buffer, offset, size }, binding) => ({
      ...{ binding, resource: { buffer: buffer.gpu, offset, size } },
    })),
  });
  return bound.group;
}
