// Bind groups by pipeline and buffers: each combination is made once.
import { KernelError, LimitError } from '../errors.js';
import { roundUp, showBytes } from '../math.js';
import type { BoundGroup, BoundRange } from './bound-group.js';
import type { RecorderHost } from './host.js';
import type { Pipeline, Shader, Slots } from './pipeline.js';
import { type GpuBuffer, requireHere } from './pool.js';

/** A run of a buffer's elements, words or halves: what one dispatch sees of a tensor. */
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
      const { root: buffer, base, elementBytes, bytes } = whole ? bound : bound.buffer;
      const first = base + (whole ? 0 : bound.offset * elementBytes);
      const end = whole ? base + bytes : first + bound.length * elementBytes;
      const offset = first - (first % ALIGNMENT);
      const size = Math.max(roundUp(end - offset, 16), 16);
      if (size > this.host.bindingBytes) {
        const limit = showBytes(this.host.bindingBytes);
        throw new LimitError(
          `${pipeline.shader.name}: '${name}' binds ${showBytes(size)}; this device allows ${limit}`,
        );
      }
      if (first !== offset) bases.set(name, (first - offset) / elementBytes);
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
  return Object.values(buffers).reduce((sum, b) => sum + ('gpu' in b ? b.bytes : b.length * b.buffer.elementBytes), 0);
}

/**
 * A kernel's slots, with the type of its elements where buffers of halves are bound: `alias T = f32; // slot` is f16 then for all
 * buffers of T.
 * @throws KernelError if a kernel takes words alone, or one alias would have to be both.
 */
export function withElements(shader: Shader, buffers: { [name: string]: Binding }, slots: Slots): Slots {
  let all = slots;
  let words: Set<string> | undefined;
  for (const { name, element } of shader.buffers) {
    const bound = buffers[name];
    if (('gpu' in bound ? bound : bound.buffer).elementBytes === 4) continue;
    if (!element)
      throw new KernelError(`${shader.name}: '${name}' is given f16, and its elements are no "alias T = f32; // slot"`);
    words ??= new Set(wordsIn(shader, buffers));
    if (words.has(element) && !slots[element]) {
      throw new KernelError(`${shader.name}: '${name}' is given f16, and another array of ${element} is not; cast one`);
    }
    if (!all[element]) all = { ...all, [element]: 'f16' };
  }
  return all;
}

function wordsIn(shader: Shader, buffers: { [name: string]: Binding }): string[] {
  const words = shader.buffers.filter(({ name }) => {
    const bound = buffers[name];
    return ('gpu' in bound ? bound : bound.buffer).elementBytes === 4;
  });
  return words.flatMap(({ element }) => element ?? []);
}
