// Shader text with its slots filled in, compiled once for each (shader, slots), asynchronously and in parallel.

import { DeviceLostError, KernelError, LimitError } from '../errors.js';
import type { BoundGroup } from './bound-group.js';
import { inFirstSpelling } from './matrices.js';

/** A kernel as scripts/embed-wgsl.mjs describes it: text, and names as literal types. */
export interface Shader {
  /** Its file's, and what messages and profiles call it. */
  readonly name: string;
  /** In the order of their bindings in group 0. */
  readonly buffers: readonly {
    readonly name: string;
    readonly access: 'read' | 'read_write';
    /** The slot that is the type of its elements, if one is: f32 (or a word of bits), and f16 where halves are bound. */
    readonly element?: string;
  }[];
  /** The fields of `struct Params`, in order. */
  readonly params: readonly { readonly name: string; readonly type: 'u32' | 'i32' | 'f32' }[];
  /** Lines that the host may change, and what they declare. */
  readonly slots: { readonly [slot: string]: 'const' | 'alias' | 'fn' };
  /** Its WGSL. */
  readonly code: string;
}

/** Right-hand sides by slot: a number, a type or an expression; for a `fn` what it returns. */
export type Slots = { readonly [slot: string]: string | number };

/** A specialized kernel, compiled or being compiled. */
export interface Pipeline {
  readonly label: string;
  readonly shader: Shader;
  /** The shader's parameters in order; `base` names the buffer whose window's start it is. */
  readonly params: readonly { name: string; float: boolean; base: string | undefined }[];
  /** Its bind groups, by the buffers that they bind. */
  readonly bindGroups: Map<string, BoundGroup>;
  readonly dataLayout: GPUBindGroupLayout;
  /** Undefined while it compiles. */
  compiled: GPUComputePipeline | undefined;
  /** Settles when compiled; rejects with a KernelError. */
  readonly ready: Promise<void>;
}

/** Replaces the right-hand side of each named slot. A number, a type or an expression; a `fn`'s is what it returns. */
export function specialize(shader: Shader, slots: Slots): string {
  let code = shader.code;
  for (const [name, value] of Object.entries(slots)) {
    const kind = shader.slots[name];
    if (!kind) {
      const known = Object.keys(shader.slots).join(', ') || 'none';
      throw new KernelError(`${shader.name}: no slot '${name}' (slots: ${known})`);
    }
    const line = new RegExp(`^(${kind} ${name}\\b.*?${kind === 'fn' ? 'return' : '='} )[^;]+(;.*// slot.*)$`, 'm');
    if (!line.test(code)) throw new KernelError(`${shader.name}: slot '${name}' is not a one-line ${kind}`);
    code = code.replace(line, (_, head: string, tail: string) => head + value + tail);
  }
  return unroll(Object.values(slots).some(isHalf) ? `enable f16; ${code}` : code);
}

const isHalf = (value: string | number) => typeof value === 'string' && /\bf16\b/.test(value);

/**
 * Writes out each `for (var i = 0u; i < COUNT; i++) { // unroll`, COUNT a slot or a constant's name. Compilers keep
 * registers only while a loop over them is unrolled, and give up on large bodies.
 */
function unroll(code: string): string {
  const loop = /^( *)for \(var (\w+) = 0u; \2 < (\w+); \2\+\+\) \{ \/\/ unroll\n(.*?)^\1\}\n/gms;
  const written = code.replace(loop, (_, indent: string, index: string, name: string, body: string) => {
    const count = Number(code.match(new RegExp(`^const ${name}\\b.*?= (\\d+)u?;`, 'm'))?.[1]);
    if (!(count >= 0)) throw new KernelError(`unroll: '${name}' is not a constant with a number`);
    const pass = (i: number) => `${indent}{\n${indent}  const ${index} = ${i}u;\n${body}${indent}}\n`;
    return Array.from({ length: count }, (_, i) => pass(i)).join('');
  });
  return written === code ? code : unroll(written);
}

/**
 * A kernel that says `enable subgroups;` with each subgroup `lanes` wide, by the feature 'subgroup-size-control'. Its workgroup's first
 * size must be a multiple of `lanes`. Any other kernel as it is, and one that sets a size itself.
 */
export function pinSubgroups(code: string, lanes: number): string {
  if (!/^enable subgroups;/m.test(code) || /@subgroup_size\b/.test(code)) return code;
  return code
    .replace(/^enable subgroups;/m, 'enable subgroups, subgroup_size_control;')
    .replace(/^@compute\b/m, `@compute @subgroup_size(${lanes})`);
}

export class PipelineCache {
  /** By shader, not by name: two of a user's own may share one. */
  private readonly pipelines = new Map<Shader, Map<string, Pipeline>>();
  private count = 0;
  private readonly dataLayouts = new Map<string, GPUBindGroupLayout>();
  readonly paramsLayout: GPUBindGroupLayout;
  /** The device knows subgroup matrices by their first names (matrices.ts). Set before the first kernel; tests set it too. */
  firstSpelling = false;

  constructor(
    private readonly device: GPUDevice,
    private readonly track: <T>(call: () => Promise<T>) => Promise<T>,
    /** Lanes to which kernels with subgroups are pinned; 0: the device has subgroups of one size, or none. */
    private readonly pinned = 0,
  ) {
    this.paramsLayout = device.createBindGroupLayout({
      label: 'params',
      entries: [
        { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true } },
      ],
    });
  }

  /** Every pipeline asked for. */
  *all(): Iterable<Pipeline> {
    for (const variants of this.pipelines.values()) yield* variants.values();
  }

  /** How many different pipelines were asked for. */
  get size(): number {
    return this.count;
  }

  get(shader: Shader, slots: Slots): Pipeline {
    const variants = this.pipelines.get(shader) ?? new Map<string, Pipeline>();
    this.pipelines.set(shader, variants);
    const label = describe(shader, slots);
    const known = variants.get(label);
    if (known) return known;
    const pipeline = this.compile(shader, slots, label);
    variants.set(label, pipeline);
    this.count++;
    return pipeline;
  }

  private compile(shader: Shader, slots: Slots, label: string): Pipeline {
    const { device, track } = this;
    const specialized = specialize(shader, slots);
    const pinned = this.pinned > 0 ? pinSubgroups(specialized, this.pinned) : specialized;
    const code = this.firstSpelling ? inFirstSpelling(pinned) : pinned;
    const dataLayout = this.dataLayout(shader);
    const layouts = shader.params.length > 0 ? [dataLayout, this.paramsLayout] : [dataLayout];
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label, code });
    const layout = device.createPipelineLayout({ label, bindGroupLayouts: layouts });
    const moduleError = track(() => device.popErrorScope()).catch(() => null); // a lost device has none
    const compiling = track(() =>
      device.createComputePipelineAsync({ label, layout, compute: { module, entryPoint: 'main' } }),
    );
    const params = shader.params.map(({ name, type }) => ({
      ...{ name, float: type === 'f32' },
      base: name.endsWith('_base') ? name.slice(0, -5) : undefined,
    }));
    const pipeline: Pipeline = {
      ...{ label, shader, params },
      bindGroups: new Map(),
      dataLayout,
      compiled: undefined,
      ready: compiling.then(
        (compiled) => {
          pipeline.compiled = compiled;
        },
        async (error: Error) => {
          if (error instanceof DeviceLostError) throw error;
          const cause = (await moduleError) ?? error; // the module's own message names the line
          throw new KernelError(`${label}: does not compile: ${cause.message}`, { cause });
        },
      ),
    };
    pipeline.ready.catch(() => {}); // whoever submits the pipeline reports it
    return pipeline;
  }

  private dataLayout(shader: Shader): GPUBindGroupLayout {
    const most = this.device.limits.maxStorageBuffersPerShaderStage;
    if (shader.buffers.length > most) {
      throw new LimitError(`${shader.name}: binds ${shader.buffers.length} buffers; this device allows ${most}`);
    }
    const key = shader.buffers.map((b) => b.access).join();
    let layout = this.dataLayouts.get(key);
    if (!layout) {
      layout = this.device.createBindGroupLayout({
        label: key,
        entries: shader.buffers.map(({ access }, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
        })),
      });
      this.dataLayouts.set(key, layout);
    }
    return layout;
  }
}

function describe(shader: Shader, slots: Slots): string {
  const entries = Object.entries(slots);
  return entries.length === 0 ? shader.name : `${shader.name}(${entries.map(([k, v]) => `${k}=${v}`).join(', ')})`;
}
