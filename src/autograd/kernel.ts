// Kernels of a user's own: reflected, checked, launched and profiled as the library's are.
import type { LaunchOptions } from '../device/batch.js';
import { run } from '../device/commands.js';
import type { Shader, Slots } from '../device/pipeline.js';
import { reflect } from '../device/reflect.js';
import { DtypeError, KernelError, showValue, UsageError } from '../errors.js';
import { checkOptions, notNegative, type Rule, type Rules, required } from '../options.js';
import { Tensor } from '../tensor/tensor.js';

/** A compute shader that runs on tensors. */
export interface Kernel {
  /** Its name, buffers, parameters and slots, as its text declares them. @internal */
  readonly shader: Shader;
  /**
   * Records one launch; what it writes is written in place. `tensors` and `params` by the names in the WGSL. `groups` are
   * workgroups, folded into two dimensions where there are many (`workgroup.x + workgroup.y * groups.x`); `slots` replace
   * the right-hand sides of lines marked `// slot`.
   * @throws KernelError if a name is missing or unknown, DtypeError if an array's elements are not the tensor's (words of i32
   * and bytes may be u32, and f16 where f32 is a slot: `alias T = f32; // slot`), UsageError if a value does not fit its parameter; WGSL errors arrive with the next read, with their
   * line.
   */
  run(tensors: { [name: string]: Tensor }, params: { [name: string]: number }, options: LaunchOptions): void;
}

/**
 * A kernel from WGSL written by the rules of src/kernels/README.md: first line `// name: what it computes`, buffers in
 * `@group(0)`, parameters in `struct Params` as `p`, entry point `main`. With `record` it becomes an op with a gradient. It
 * has the library's checks, labels and profile. Nothing is compiled before the first launch.
 * @throws KernelError that says which rule is broken.
 */
export function kernel(code: string): Kernel {
  const shader = reflected(code);
  const known = (what: string, names: readonly string[], given: object) => {
    const missing = names.find((name) => !(name in given));
    const extra = Object.keys(given).find((name) => !names.includes(name));
    if (missing !== undefined) throw new KernelError(`${shader.name}: ${what} '${missing}' was not given`);
    if (extra !== undefined) throw new KernelError(`${shader.name}: there is no ${what} '${extra}'`);
  };
  const buffers = shader.buffers.map(({ name }) => name);
  const elements = buffers.map((name) => elementsOf(code, name)); // read once, not at every launch
  const params = shader.params.filter(({ name }) => !name.endsWith('_base'));
  const paramNames = params.map(({ name }) => name);
  return {
    shader,
    run(tensors, values, options) {
      requireNamed('tensors', tensors);
      requireNamed('parameters', values);
      known('tensor', buffers, tensors);
      known('parameter', paramNames, values);
      checkOptions(shader.name, options, LAUNCH);
      for (const [i, name] of buffers.entries()) {
        const { element: slot } = shader.buffers[i];
        const free = slot !== undefined && options.slots?.[slot] === undefined;
        requireElements(shader.name, name, tensors[name], withSlots(elements[i], options.slots), free);
      }
      for (const { name, type } of params) requireParam(shader.name, name, values[name], type);
      run(shader, Object.fromEntries(buffers.map((name) => [name, tensors[name].buffer])), values, options);
      for (const { name, access } of shader.buffers) {
        if (access === 'read_write') tensors[name].overwrittenBy(`kernel ${shader.name}`);
      }
    },
  };
  function requireNamed(what: string, given: unknown): void {
    if (typeof given === 'object' && given !== null) return;
    throw new UsageError(`${shader.name}: takes ${what} by name, such as { x }, got ${showValue(given)}`);
  }
}

const isCount = (n: unknown) => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0;

const grid: Rule = {
  be: 'workgroups: a whole number, or up to three of them',
  holds: (value) =>
    isCount(value) || (Array.isArray(value) && value.length >= 2 && value.length <= 3 && value.every(isCount)),
};
const texts: Rule = {
  be: 'right-hand sides by name, texts or numbers',
  holds: (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((text) => typeof text === 'string' || typeof text === 'number'),
};

const LAUNCH: Rules<LaunchOptions> = { slots: texts, groups: required(grid), flops: notNegative };

type Element = 'f32' | 'f16' | 'i32' | 'u32' | undefined;

/** A buffer's elements: the word that declares them, which may be an alias and a slot, and their type without slots. */
interface Elements {
  word: string;
  element: Element;
}

/** Of a buffer in WGSL, aliases followed. Undefined if it is no array of plain elements. */
function elementsOf(code: string, buffer: string): Elements | undefined {
  const word = code.match(new RegExp(`> ${buffer}\\s*:\\s*array<\\s*([\\w<>]+?)\\s*(,\\s*\\w+\\s*)?>;`))?.[1];
  if (word === undefined) return undefined;
  const alias = code.match(new RegExp(`^alias ${word}\\s*=\\s*([\\w<>]+)\\s*;`, 'm'))?.[1];
  return { word, element: scalarOf(alias ?? word) };
}

/** The elements' type with the slots of one launch; undefined for what is no number, such as a struct. */
function withSlots(elements: Elements | undefined, slots: Slots | undefined): Element {
  const replaced = elements && slots?.[elements.word];
  return replaced === undefined ? elements?.element : scalarOf(String(replaced));
}

/** The scalar of a WGSL type: f32 of vec4f, vec2<f32> and f32. */
function scalarOf(type: string): Element {
  const [, long, short] = type.match(/^(?:vec[234]<|atomic<)?([fiu]32|f16)>?$|^vec[234]([fiuh])$/) ?? [];
  return (long ?? (short === 'h' ? 'f16' : short && `${short}32`)) as Element;
}

/**
 * i32 may be read as u32 too, and bytes, four to a word, as u32; f32 only as f32. `free`: the elements' type is a slot that the launch
 * leaves as it is, so that f32 becomes f16 where the tensor is.
 */
function requireElements(op: string, name: string, t: unknown, element: Element, free: boolean): void {
  if (!(t instanceof Tensor)) throw new UsageError(`${op}: '${name}' is a tensor, got ${showValue(t)}`);
  const { dtype } = t;
  const fits = {
    f32: dtype === 'f32' || (dtype === 'f16' && free),
    f16: dtype === 'f16',
    i32: dtype === 'i32',
    u32: dtype === 'i32' || dtype === 'u8',
  };
  if (element === undefined || fits[element]) return;
  const bits = element !== 'f32' && dtype === 'f32' ? '; declare an array of f32 and use bitcast to see its bits' : '';
  const half = dtype === 'f16' ? '; declare an array of T, with "alias T = f32; // slot", for both' : '';
  throw new DtypeError(`${op}: '${name}' is an array of ${element}, the tensor is ${dtype}${bits}${half}`);
}

function requireParam(op: string, name: string, value: unknown, type: 'u32' | 'i32' | 'f32'): void {
  const whole = (least: number, most: number) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  const fits = { f32: typeof value === 'number', i32: whole(-(2 ** 31), 2 ** 31 - 1), u32: whole(0, 2 ** 32 - 1) };
  if (!fits[type]) throw new UsageError(`${op}: parameter '${name}' is ${type}, got ${showValue(value)}`);
}

function reflected(code: string): Shader {
  if (typeof code !== 'string') throw new UsageError(`kernel: code is WGSL text, got ${showValue(code)}`);
  try {
    return reflect(code);
  } catch (error) {
    throw new KernelError(`kernel: ${(error as Error).message}`, { cause: error });
  }
}
