// Launches gemm_matrix.wgsl: what its slots are for the operands' types and places, and its slices.

import { activeRecorder, type Binding, release, run, scratch } from '../device/commands.js';
import type { Slots } from '../device/pipeline.js';
import type { Tiling } from './product.js';
import { gemm_matrix as shader } from './sources.gen.js';
import { sumSlices } from './sum-slices.js';

type AllParams = Parameters<typeof run<typeof shader>>[2];
type Cut = 'row_tiles' | 'column_tiles' | 'slices' | 'slice_k';
type Digits = `${'k' | 'column'}_${'first' | 'second' | 'step' | 'step_second' | 'step_third'}`;

/** What gemm_matrix.wgsl is told of the operands. Digits are for a B that is gathered from pictures. */
export type MatrixParams = Omit<AllParams, Cut | Digits> & Partial<Record<Digits, number>>;

const NO_DIGITS: Record<Digits, number> = {
  ...{ k_first: 1, k_second: 1, k_step: 0, k_step_second: 0, k_step_third: 0 },
  ...{ column_first: 1, column_second: 1, column_step: 0, column_step_second: 0, column_step_third: 0 },
};

/** How the operands lie. */
export interface MatrixLayout {
  aAlongK: boolean;
  bAlongK: boolean;
  /** Every row that is read starts at a multiple of 16 bytes and is one long. */
  alignedA: boolean;
  alignedB: boolean;
  /** Columns of C lie in fours that start at multiples of four. */
  wideC: boolean;
  /** What a number of `bias` is added to. Default: nothing, and `bias` is not read. */
  bias?: 'none' | 'columns' | 'rows';
  accumulate?: boolean;
}

interface Launch {
  tiling: Tiling;
  layout: MatrixLayout;
  flops: number;
  /** For messages. */
  what: string;
}

/** C = op(A) · op(B) by matrix units. Slices of k go to a buffer of their own, and from there into C, which then has no gaps. */
export function gemmMatrix(
  buffers: Record<'a' | 'b' | 'bias' | 'c', Binding>,
  given: MatrixParams,
  { tiling, layout, flops, what }: Launch,
): void {
  const { row_tiles, column_tiles, groups, slices, slice_k } = tiling;
  const params = { ...NO_DIGITS, ...given, row_tiles, column_tiles, slices, slice_k };
  const slots = (c: Binding, accumulate: boolean) => ({
    ...tiling.slots,
    ...slotsOf(buffers, c, { ...params, depth: Number(tiling.slots.DEPTH) }, layout, accumulate),
  });
  if (slices === 1) {
    run(shader, buffers, params, { slots: slots(buffers.c, layout.accumulate === true), groups, flops });
    return;
  }
  const count = params.batch * params.c_batch;
  const partial = scratch(slices * count, `${what}: slices of k`);
  run(shader, { ...buffers, c: partial }, params, { slots: slots(partial, false), groups, flops });
  sumSlices(partial, buffers.c, { count, slices, accumulate: layout.accumulate });
  release(partial);
}

/** Whether a buffer or a run of one holds halves. */
const half = (bound: Binding) => ('gpu' in bound ? bound : bound.buffer).elementBytes === 2;
const typeOf = (bound: Binding) => (half(bound) ? 'f16' : 'f32');

function slotsOf(
  { a, b, bias }: Record<'a' | 'b' | 'bias', Binding>,
  c: Binding,
  { k, k_step, depth }: { k: number; k_step: number; depth: number },
  layout: MatrixLayout,
  accumulate: boolean,
): Slots {
  const per = half(a) ? 8 : 4;
  const { firstSpelling } = activeRecorder().host.pipelines;
  return {
    A_ALONG_K: String(layout.aAlongK),
    B_ALONG_K: String(layout.bAlongK),
    WHOLE: String(k > 0 && k % depth === 0),
    RAGGED: String(k % per !== 0),
    GATHERED: String(k_step > 0),
    ACCUMULATE: String(accumulate),
    BIAS: ['none', 'columns', 'rows'].indexOf(layout.bias ?? 'none'),
    ...operand('a', half(a), layout.alignedA && k > 0),
    ...operand('b', half(b), layout.alignedB && k > 0),
    ...result(typeOf(c), layout.wideC),
    Bias: typeOf(bias),
    ...(firstSpelling && numbers(half(a))),
  };
}

/** How a chunk is loaded: at once where it is aligned, else number by number, and never past the operand's end. */
function operand(name: 'a' | 'b', halves: boolean, aligned: boolean): Slots {
  const type = name.toUpperCase();
  if (aligned) return { [type]: 'vec4u', [`load_${name}`]: `${name}[at / PER]` };
  const each = Array.from({ length: halves ? 8 : 4 }, (_, i) => `${name}[min(at + ${i}u, arrayLength(&${name}) - 1u)]`);
  const pair = (i: number) => `bitcast<u32>(vec2<f16>(${each[2 * i]}, ${each[2 * i + 1]}))`;
  const words = halves ? [0, 1, 2, 3].map(pair) : each.map((one) => `bitcast<u32>(${one})`);
  return { [type]: halves ? 'f16' : 'f32', [`load_${name}`]: `vec4u(${words.join(', ')})` };
}

function result(type: 'f16' | 'f32', wide: boolean): Slots {
  if (!wide) return { C: type };
  const four = (array: string) => [0, 1, 2, 3].map((i) => `${array}[at + ${i}u]`).join(', ');
  return {
    ...{ C: `vec4<${type}>`, Sum: 'vec4f', WIDE: 4 },
    sum_at: `vec4f(${four('results[subgroup]')})`,
    bias_at: `vec4f(vec4<Bias>(${four('bias')}))`,
  };
}

/** For matrices in their first spelling: workgroup memory of single numbers. */
function numbers(halves: boolean): Slots {
  if (!halves) return { Part: 'f32', PARTS: 4, part: 'bitcast<vec4f>(chunk)[i]' };
  return { Part: 'f16', PARTS: 8, part: 'bitcast<vec2<f16>>(chunk[i / 2u])[i % 2u]' };
}
