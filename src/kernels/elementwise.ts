import { run, view } from '../device/commands.js';
import type { Shader, Slots } from '../device/pipeline.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { fromHalf, toHalf } from '../half.js';
import { ceilDiv } from '../math.js';
import { zero } from './gate.js';
import {
  binary as binaryShader,
  cast as castShader,
  cast_u8 as castU8Shader,
  fill as fillShader,
  gelu as geluShader,
  map_grad as mapGradShader,
  map_in_place as mapInPlaceShader,
  map as mapShader,
  power as powerShader,
  relu_grad as reluGradShader,
  relu as reluShader,
  sine as sineShader,
  where as whereShader,
} from './sources.gen.js';

type BufferOf<S extends Shader> = S['buffers'][number]['name'];
type ParamOf<S extends Shader> = Exclude<S['params'][number]['name'], `${string}_base` | 'count'>;

/** Elements that one workgroup of an elementwise kernel covers: 64 threads with four vec4 each. */
const BY_FOUR = 1024;
/** ... or with one vec4 each. */
const BY_ONE = 256;

/** Launches a kernel in which element i depends on element i of every buffer, in windows if the buffers are large. */
export function elementwise<S extends Shader>(
  shader: S,
  buffers: Record<BufferOf<S>, GpuBuffer>,
  params: Record<ParamOf<S>, number>,
  count: number,
  { slots = {}, perGroup = BY_FOUR, whole = [] }: { slots?: Slots; perGroup?: number; whole?: string[] } = {},
): void {
  for (const w of windows('elementwise: an element', count, 1)) {
    const parts = Object.entries<GpuBuffer>(buffers).map(([name, buffer]) => [
      name,
      whole.includes(name) ? buffer : view(buffer, w.start, w.count),
    ]);
    const launch = run as (s: Shader, b: object, p: object, o: { slots: Slots; groups: number }) => void;
    launch(
      shader,
      Object.fromEntries(parts),
      { ...params, count: w.count },
      { slots, groups: ceilDiv(w.count, perGroup) },
    );
  }
}

/** y = formula over x, alpha and beta, such as 'p.alpha * x'. */
export function map(formula: string, x: GpuBuffer, y: GpuBuffer, count: number, alpha = 0, beta = 0): void {
  elementwise(mapShader, { x, y }, { alpha, beta }, count, { slots: { f: formula } });
}

/** x = formula over x, alpha and what map_in_place.wgsl makes of a norm, such as 'p.alpha * x'. */
export function mapInPlace(
  formula: string,
  x: GpuBuffer,
  count: number,
  alpha: number,
  norm: GpuBuffer = zero(),
): void {
  elementwise(mapInPlaceShader, { norm, x }, { alpha }, count, { slots: { f: formula }, whole: ['norm'] });
}

/** dx = formula over s (the saved x or y) and dy, such as 'p.alpha * dy'. */
export function mapGrad(
  formula: string,
  { s, dy, dx }: { s: GpuBuffer; dy: GpuBuffer; dx: GpuBuffer },
  count: number,
  alpha = 0,
  beta = 0,
): void {
  elementwise(mapGradShader, { s, dy, dx }, { alpha, beta }, count, { slots: { df: formula } });
}

export function relu(x: GpuBuffer, y: GpuBuffer, count: number): void {
  elementwise(reluShader, { x, y }, {}, count);
}

export function reluGrad(y: GpuBuffer, dy: GpuBuffer, dx: GpuBuffer, count: number): void {
  elementwise(reluGradShader, { y, dy, dx }, {}, count);
}

/** Kernels of one file for an op and its gradient: with dy, y is dy times the derivative; without, it is the value. */
function eitherWay<S extends typeof geluShader | typeof powerShader | typeof sineShader>(
  shader: S,
  x: GpuBuffer,
  dy: GpuBuffer | null,
  y: GpuBuffer,
  params: Record<ParamOf<S>, number>,
  count: number,
): void {
  const slots = { GRADIENT: String(dy !== null) };
  elementwise<S>(shader, { x, dy: dy ?? x, y } as Record<BufferOf<S>, GpuBuffer>, params, count, { slots });
}

/** y = x times the normal distribution function of x, or with dy its gradient. */
export function gelu(x: GpuBuffer, dy: GpuBuffer | null, y: GpuBuffer, count: number): void {
  eitherWay(geluShader, x, dy, y, {}, count);
}

/** y = factor * x^exponent, times dy where there is one. */
export function power(
  x: GpuBuffer,
  dy: GpuBuffer | null,
  y: GpuBuffer,
  { factor, exponent }: { factor: number; exponent: number },
  count: number,
): void {
  eitherWay(powerShader, x, dy, y, { factor, exponent }, count);
}

/** y = sin(x + turn * pi/2), times dy where there is one. */
export function sine(x: GpuBuffer, dy: GpuBuffer | null, y: GpuBuffer, turn: number, count: number): void {
  eitherWay(sineShader, x, dy, y, { turn }, count);
}

/** y = formula over a and b of the same size, such as 'a + b'. */
export function binary(formula: string, a: GpuBuffer, b: GpuBuffer, y: GpuBuffer, count: number): void {
  elementwise(binaryShader, { a, b, y }, {}, count, { slots: { f: formula } });
}

/** y = a where condition is not 0, else b. */
export function where(condition: GpuBuffer, a: GpuBuffer, b: GpuBuffer, y: GpuBuffer, count: number): void {
  elementwise(whereShader, { condition, a, b, y }, {}, count, { perGroup: BY_ONE });
}

/** Fills `count` elements with a value: words with the bits of an f32 or i32, or halves. */
export function fill(y: GpuBuffer, count: number, value: number, dtype: 'f32' | 'f16' | 'i32'): void {
  const rounded = dtype === 'f16' ? fromHalf(toHalf(value)) : value;
  const bits = dtype === 'i32' ? value | 0 : new Int32Array(Float32Array.of(rounded).buffer)[0];
  const slots: Slots = dtype === 'f16' ? { value: 'f16(bitcast<f32>(p.bits))' } : {};
  elementwise(fillShader, { y }, { bits }, count, { slots });
}

/** What a cast goes from and to. */
type Castable = 'f32' | 'f16' | 'i32';

/** y = x in another dtype. */
export function cast(x: GpuBuffer, y: GpuBuffer, count: number, source: Castable, result: Castable): void {
  const slots = { source, result };
  elementwise(castShader, { x, y }, {}, count, { slots, perGroup: BY_ONE });
}

/** y = x, from packed bytes to floats. */
export function castU8(x: GpuBuffer, y: GpuBuffer, count: number): void {
  for (const w of windows('elementwise: an element', count, 1)) {
    const buffers = { x: view(x, w.start / 4, Math.ceil(w.count / 4)), y: view(y, w.start, w.count) };
    run(castU8Shader, buffers, { count: w.count }, { groups: ceilDiv(w.count, BY_ONE) });
  }
}
