import { release, run, scratch, type View, view } from '../device/commands.js';
import type { Slots } from '../device/pipeline.js';
import type { GpuBuffer } from '../device/pool.js';
import { bindingLimit, type Window, windows, windowsAnywhere } from '../device/windows.js';
import { ceilDiv } from '../math.js';
import { cast } from './elementwise.js';
import { gemmMatrix } from './gemm-matrix.js';
import type { Tiling } from './product.js';
import {
  gemm as plain,
  gemm_shared as shared,
  gemm_subgroup as subgroup,
  gemm_tiled as tiled,
  gemm_subgroup_wide as wide,
} from './sources.gen.js';
import { sumSlices } from './sum-slices.js';
import { chooseTiling, forcedVariant } from './tile.js';

/** C (m, n) = op(A) (m, k) · op(B) (k, n). */
export interface GemmSize {
  m: number;
  n: number;
  k: number;
  /** A is stored (k, m). */
  transA?: boolean;
  /** B is stored (n, k). */
  transB?: boolean;
  /** Adds to C instead of overwriting it. */
  accumulate?: boolean;
  /** Independent products, one after the other in C. */
  batch?: number;
  /** Elements from one product's A (or B) to the next; 0 shares it. Default: right behind each other. */
  aBatch?: number;
  bBatch?: number;
}

/**
 * Matrix product with an optional bias (n) added to each row. Operands above the binding limit are walked in
 * windows along the dimension they are stored by; windows along k accumulate.
 */
export function gemm(a: GpuBuffer, b: GpuBuffer, c: GpuBuffer, size: GemmSize, bias: GpuBuffer | null = null): void {
  const { m, n, k, batch = 1, aBatch = m * k, bBatch = k * n, transA, transB } = size;
  if (batch * m * n === 0) return;
  if (c.elementBytes === 2 && windowsAnywhere('matmul: a row', k, transA ? m : 0, transB ? 0 : n).length > 1) {
    const sums = scratch(batch * m * n, 'matmul: sums of windows'); // which f16 would round one by one
    gemm(a, b, sums, size, bias);
    cast(sums, c, batch * m * n, 'f32', 'f16');
    release(sums);
    return;
  }
  const alone = batch === 1 || Math.max(m * n, aBatch, bBatch) * 4 + 256 > bindingLimit();
  for (const { start, count } of alone ? oneByOne(batch) : windows('matmul: a matrix', batch, m * n, aBatch, bBatch)) {
    const at = { a: start * aBatch, b: start * bBatch, c: start * m * n };
    product(a, b, c, { ...size, batch: count, aBatch, bBatch }, at, bias);
  }
}

const oneByOne = (batch: number): Window[] => Array.from({ length: batch }, (_, start) => ({ start, count: 1 }));

type Offsets = { a: number; b: number; c: number };

/** One product, or as many as fit a binding, cut where an operand is larger than that. */
function product(a: GpuBuffer, b: GpuBuffer, c: GpuBuffer, size: GemmSize, at: Offsets, bias: GpuBuffer | null): void {
  const { m, n, k, transA = false, transB = false } = size;
  const cut = at.a + at.b + at.c === 0 ? windows : windowsAnywhere;
  for (const rows of cut('matmul: a row', m, n, transA ? 0 : k)) {
    for (const columns of cut('matmul: a column', n, transB ? k : 0)) {
      for (const depth of cut('matmul: a row', k, transA ? m : 0, transB ? 0 : n)) {
        const first = depth.start === 0;
        launch(a, b, c, {
          size,
          at: {
            a: at.a + (transA ? depth.start * m + rows.start : rows.start * k + depth.start),
            b: at.b + (transB ? columns.start * k + depth.start : depth.start * n + columns.start),
            c: at.c + rows.start * n + columns.start,
          },
          rows: rows.count,
          columns: columns.count,
          depth: depth.count,
          bias: first ? bias : null,
          biasAt: columns.start,
          accumulate: !first || size.accumulate === true,
        });
      }
    }
  }
}

interface Piece {
  size: GemmSize;
  at: Offsets;
  rows: number;
  columns: number;
  depth: number;
  bias: GpuBuffer | null;
  biasAt: number;
  accumulate: boolean;
}

function launch(a: GpuBuffer, b: GpuBuffer, c: GpuBuffer, piece: Piece): void {
  const { size, at, rows, columns, depth, bias } = piece;
  const { m, n, k, transA, transB, batch = 1, aBatch = 0, bBatch = 0 } = size;
  const aLength = (transA ? (depth - 1) * m + rows : (rows - 1) * k + depth) + (batch - 1) * aBatch;
  const bLength = (transB ? (columns - 1) * k + depth : (depth - 1) * n + columns) + (batch - 1) * bBatch;
  const cLength = (rows - 1) * n + columns + (batch - 1) * m * n;
  const buffers = {
    a: aLength > 0 ? view(a, at.a, aLength) : view(a, 0, 1), // a sum of nothing: k is 0
    b: bLength > 0 ? view(b, at.b, bLength) : view(b, 0, 1),
    bias: bias ? view(bias, piece.biasAt, columns) : view(b, 0, 1), // something must be bound
    c: view(c, at.c, cLength),
  };
  const params = {
    m: rows,
    n: columns,
    k: depth,
    batch,
    a_row: transA ? 1 : k,
    a_k: transA ? m : 1,
    b_k: transB ? 1 : n,
    b_column: transB ? k : 1,
    c_row: n,
    a_batch: aBatch,
    b_batch: bBatch,
    c_batch: m * n,
    has_bias: Number(bias !== null),
  };
  const flops = 2 * batch * rows * columns * depth;
  const accumulate = Number(piece.accumulate);
  if (forcedVariant() === 'plain') {
    run(plain, buffers, { ...params, accumulate }, { groups: ceilDiv(batch * rows * columns, 64), flops });
    return;
  }
  const alignedA = !transA && inFours(k, at.a, aBatch, depth);
  const alignedB = transB === true && inFours(k, at.b, bBatch, depth);
  const wideB = !transB && inFours(n, at.b, bBatch, columns) && at.c % 4 === 0;
  const splits = columns === n && (batch === 1 || rows === m);
  const elementBytes = a.elementBytes === b.elementBytes ? a.elementBytes : 4;
  const product = { rows, columns, depth, batches: batch, alignedA, alignedB, wideB, splits, elementBytes };
  const tiling = chooseTiling(product);
  const { variant, slots, row_tiles, column_tiles, groups } = tiling;
  const all = { ...params, row_tiles, column_tiles };
  const a4 = alignedA && { A: 'vec4<T>', load_a: 'vec4f(a[(at + k.x) / 4u])' };
  const ACCUMULATE = String(piece.accumulate);
  const b4 = alignedB && { B: 'vec4<T>', load_b: 'vec4f(b[(at + k.x) / 4u])' };
  if (variant === 'matrix') launchMatrix(buffers, params, tiling, { piece, flops });
  else if (variant === 'shared') launchShared(buffers, all, tiling, { piece, flops });
  else if (variant === 'tiled') run(tiled, buffers, { ...all, accumulate }, { slots, groups, flops });
  else if (variant === 'wide') run(wide, buffers, all, { slots: { ...slots, ...a4, ACCUMULATE }, groups, flops });
  else run(subgroup, buffers, all, { slots: { ...slots, ...a4, ...b4, ACCUMULATE }, groups, flops });
}

/** By the GPU's matrix units, which take 16 bytes of an operand at once. */
function launchMatrix(
  buffers: Record<'a' | 'b' | 'bias' | 'c', View>,
  { has_bias, ...params }: PlainParams,
  tiling: Tiling,
  { piece, flops }: { piece: Piece; flops: number },
): void {
  const { size, at, rows, columns, depth, accumulate } = piece;
  const { m, n, k, transA = false, transB = false, batch = 1, aBatch = 0, bBatch = 0 } = size;
  const some = 16 / buffers.a.buffer.elementBytes;
  const layout = {
    aAlongK: !transA,
    bAlongK: transB,
    alignedA: transA ? inRuns(some, m, at.a, aBatch, rows) : inRuns(some, k, at.a, aBatch, depth),
    alignedB: transB ? inRuns(some, k, at.b, bBatch, depth) : inRuns(some, n, at.b, bBatch, columns),
    wideC: inRuns(4, n, at.c, 0, columns) && inRuns(4, 0, piece.biasAt, 0, 0),
    bias: has_bias === 1 ? ('columns' as const) : ('none' as const),
    accumulate,
  };
  const whole = { c_first: columns, c_kept: columns, c_step: 1, c_step_second: 0 };
  const c_batch = batch === 1 ? rows * columns : params.c_batch; // a single one's slices lie without gaps
  gemmMatrix(buffers, { ...params, ...whole, c_batch }, { tiling, layout, flops, what: 'matmul' });
}

type PlainParams = Omit<Parameters<typeof run<typeof plain>>[2], 'accumulate'>;
type SharedBuffers = Parameters<typeof run<typeof shared>>[1];
type SharedParams = Omit<Parameters<typeof run<typeof shared>>[2], 'slices' | 'slice_k'>;

/** By tiles in workgroup memory; slices of k go to a buffer of their own, and from there into C. */
function launchShared(
  buffers: SharedBuffers & { c: View },
  params: SharedParams,
  { slots: tile, groups, slices, slice_k }: Tiling,
  { piece, flops }: { piece: Piece; flops: number },
): void {
  const { size, at, rows, columns, depth, accumulate } = piece;
  const { m, n, k, transA = false, transB = false, batch = 1, aBatch = 0, bBatch = 0 } = size;
  const ragged = depth % 4 !== 0;
  const alignedA = transA ? inFours(m, at.a, aBatch, rows) : inFours(k, at.a, aBatch, depth);
  const alignedB = transB ? inFours(k, at.b, bBatch, depth) : inFours(n, at.b, bBatch, columns);
  const slots = {
    ...tile,
    RAGGED: String(ragged),
    ACCUMULATE: String(accumulate && slices === 1),
    A_ALONG_K: String(!transA),
    B_ALONG_K: String(transB),
    ...operand('a', 'A', depth > 0 && alignedA, ragged),
    ...operand('b', 'B', depth > 0 && alignedB, ragged),
    ...(inFours(n, at.c, 0, columns) ? {} : { C: 'U', PARTS: 4, part: 'C(v[i])' }),
  };
  const all = { ...params, slices, slice_k };
  if (slices === 1) {
    run(shared, buffers, all, { slots, groups, flops });
    return;
  }
  const count = batch * rows * columns;
  const partial = scratch(slices * count, 'matmul: slices of k');
  run(shared, { ...buffers, c: partial }, { ...all, c_batch: rows * columns }, { slots, groups, flops });
  sumSlices(partial, buffers.c, { count, slices, accumulate });
  release(partial);
}

/** How gemm_shared.wgsl loads four numbers of an operand: at once where they are aligned, and never past its end. */
function operand(name: 'a' | 'b', type: 'A' | 'B', aligned: boolean, ragged: boolean): Slots {
  const load = `load_${name}`;
  const last = `arrayLength(&${name}) - 1u`;
  if (aligned) return { [type]: 'vec4<T>', [load]: `vec4f(${name}[${ragged ? `min(at / 4u, ${last})` : 'at / 4u'}])` };
  const each = [0, 1, 2, 3].map((i) => `${name}[min(at + ${i}u, ${last})]`);
  return { [type]: 'T', [load]: `vec4f(vec4<T>(${each.join(', ')}))` };
}

/** Whether `count` numbers of a row, from one row to the next `row` numbers apart, can be taken in runs of so many. */
function inRuns(some: number, row: number, start: number, batch: number, count: number): boolean {
  return [row, start, batch, count].every((number) => number % some === 0);
}

const inFours = (row: number, start: number, batch: number, count: number) => inRuns(4, row, start, batch, count);
