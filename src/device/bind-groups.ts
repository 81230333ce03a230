// Which buffers a dispatch sees, as bind groups that are made once for each combination.
import { LimitError } from './errors.js';
import { roundUp, showBytes } from './math.js';
import type { Pipeline } from './pipeline.js';
import type { GpuBuffer } from './pool.js';
import { bindingLimit } from './windows.js';

/** A run of 4-byte elements of a buffer: what one dispatch sees of a tensor. */
export interface View {
  buffer: GpuBuffer;
  offset: number;
  length: number;
}

export type Binding = GpuBuffer | View;

const ALIGNMENT = 256;
const CAP = 20_000;

export class BindGroupCache {
  private readonly groups = new Map<string, GPUBindGroup>();

  constructor(
    private readonly device: GPUDevice,
    /** Counts the groups made. */
    private readonly stats: { bindGroups: number },
  ) {}

  /**
   * The bind group for these buffers. Notes in `bases` at which element each buffer's window starts inside its
   * binding, and in `touched` which buffers are used.
   * @throws LimitError if a window is larger than a binding may be.
   */
  get(
    { label, shader, dataLayout }: Pipeline,
    buffers: { [name: string]: Binding },
    bases: Record<string, number>,
    touched: Set<GpuBuffer>,
  ): GPUBindGroup {
    let key = label;
    const entries = shader.buffers.map(({ name }, binding): GPUBindGroupEntry => {
      const bound = buffers[name];
      const buffer = 'gpu' in bound ? bound : bound.buffer;
      const first = 'gpu' in bound ? 0 : bound.offset * 4;
      const end = 'gpu' in bound ? bound.bytes : first + bound.length * 4;
      const offset = first - (first % ALIGNMENT);
      const size = Math.max(roundUp(end - offset, 16), 16);
      if (size > bindingLimit()) {
        const limit = showBytes(bindingLimit());
        throw new LimitError(`${shader.name}: '${name}' binds ${showBytes(size)}; this device allows ${limit}`);
      }
      bases[name] = (first - offset) / 4;
      touched.add(buffer);
      key += `|${buffer.id}:${offset}:${size}`;
      return { binding, resource: { buffer: buffer.gpu, offset, size } };
    });
    const known = this.groups.get(key);
    if (known) return known;
    if (this.groups.size >= CAP) this.groups.clear();
    const group = this.device.createBindGroup({ label, layout: dataLayout, entries });
    this.groups.set(key, group);
    this.stats.bindGroups++;
    return group;
  }

  clear(): void {
    this.groups.clear();
  }
}
