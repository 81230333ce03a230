// Bind groups by pipeline and buffers: each combination is made once.
import { LimitError } from '../errors.js';
import { roundUp, showBytes } from '../math.js';
import type { BoundGroup, BoundRange } from './bound-group.js';
import type { RecorderHost } from './host.js';
import type { Pipeline } from './pipeline.js';
import { type GpuBuffer, requireHere } from './pool.js';

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
  private count = 0;
  private entries: BoundRange[] = [];

  constructor(
    private readonly host: RecorderHost,
    /** Counts the groups made. */
    private readonly stats: { bindGroups: number },
  ) {}

  /**
   * The bind group for these buffers. Notes in `bases` at which element each buffer's window starts inside its
   * binding, if that is not its first, and in `touched` which buffers are used.
   * @throws LimitError if a window is larger than a binding may be.
   */
  get(
    pipeline: Pipeline,
    buffers: { [name: string]: Binding },
    bases: Map<string, number>,
    touched: Set<GpuBuffer>,
  ): BoundGroup {
    let key = '';
    this.entries.length = 0;
    for (const { name } of pipeline.shader.buffers) {
      const bound = buffers[name];
      const whole = 'gpu' in bound;
      const buffer = whole ? bound : bound.buffer;
      const first = whole ? 0 : bound.offset * 4;
      const end = whole ? bound.bytes : first + bound.length * 4;
      const offset = first - (first % ALIGNMENT);
      const size = Math.max(roundUp(end - offset, 16), 16);
      if (size > this.host.bindingBytes) {
        const limit = showBytes(this.host.bindingBytes);
        throw new LimitError(
          `${pipeline.shader.name}: '${name}' binds ${showBytes(size)}; this device allows ${limit}`,
        );
      }
      if (first !== offset) bases.set(name, (first - offset) / 4);
      touched.add(buffer);
      key += offset === 0 ? `${buffer.id},${size},` : `${buffer.id}+${offset},${size},`;
      this.entries.push({ buffer, offset, size });
    }
    return pipeline.bindGroups.get(key) ?? this.make(pipeline, key);
  }

  private make({ label, dataLayout, bindGroups, shader }: Pipeline, key: string): BoundGroup {
    for (const { buffer } of this.entries) requireHere(buffer, this.host.pool, shader.name);
    if (this.count >= CAP) this.clear();
    const bound: BoundGroup = { label, layout: dataLayout, entries: [...this.entries], group: undefined };
    bindGroups.set(key, bound);
    this.count++;
    this.stats.bindGroups++;
    return bound;
  }

  clear(): void {
    for (const { bindGroups } of this.host.pipelines.all()) bindGroups.clear();
    this.count = 0;
  }
}

/** Bytes of all that is bound. */
export function boundBytes(buffers: { [name: string]: Binding }): number {
  return Object.values(buffers).reduce((sum, b) => sum + ('gpu' in b ? b.bytes : b.length * 4), 0);
}
