// How a product is cut into tiles for the GPU's matrix units, and which of a kernel's slots say so.

import type { MatrixShape } from '../device/matrices.js';
import { deviceInfo, launchPolicy, limits } from '../device/runtime.js';
import type { Product, Tiling } from './product.js';
import { cutByTime, type Machine, type Tile } from './shared-tile.js';

/** Matrices of a subgroup's part of a tile, and pieces of 16 bytes along k in a step. Four subgroups have a tile, two by two. */
interface Part {
  rows: number;
  columns: number;
  pieces: number;
  /** Multiply-adds beside the largest tile's, in the same time. */
  rate: number;
}

/** Rates as an H100 has them (docs/gpus.md). */
const PARTS: readonly Part[] = [
  { rows: 4, columns: 4, pieces: 4, rate: 1 },
  { rows: 4, columns: 2, pieces: 4, rate: 0.65 },
  { rows: 2, columns: 4, pieces: 4, rate: 0.65 },
  { rows: 2, columns: 2, pieces: 8, rate: 0.55 },
  { rows: 2, columns: 2, pieces: 4, rate: 0.5 }, // where workgroup memory is small
  { rows: 1, columns: 1, pieces: 8, rate: 0.25 },
];
const SUBGROUPS = 4;

/** An H100 does 833 multiply-adds a nanosecond and core, with two of the largest tiles on it. */
const MACHINE: Machine = { multiplyAdds: 833, busy: 256, ends: 64 };

/** The matrices that this device multiplies for a product of such elements, or undefined. */
export function matrixFor({ elementBytes = 4 }: Pick<Product, 'elementBytes'>): MatrixShape | undefined {
  const type = elementBytes === 2 ? 'f16' : 'f32';
  return deviceInfo().matrices.find((one) => one.type === type);
}

/**
 * The tilings of `product` for gemm_matrix.wgsl, one for each tile that fits, the least estimated time first; on a software
 * adapter, where only tests come here, the smallest tile, which compiles in a second.
 */
export function matrixTilings(product: Product): Tiling[] {
  const matrix = matrixFor(product);
  if (!matrix) return [];
  const tiles = PARTS.filter((part) => fits(part, matrix)).map((part) => tileOf(part, matrix));
  const deepest = tiles.filter(
    (tile) => !tiles.some((o) => o.rows === tile.rows && o.columns === tile.columns && o.depth > tile.depth),
  );
  const all = deepest.map((tile) => cutByTime('matrix', product, tile, MACHINE));
  return launchPolicy().workgroupMemory ? all.sort((a, b) => a.time - b.time) : all.reverse();
}

const threadsOf = (): number => SUBGROUPS * deviceInfo().subgroupSize;
const perPiece = ({ type }: MatrixShape): number => (type === 'f16' ? 8 : 4);

/** Whether the device has the threads and the workgroup memory for a tile, and each thread as many pieces to bring. */
function fits({ rows, columns, pieces }: Part, matrix: MatrixShape): boolean {
  const { m, n, k } = matrix;
  const [sides, per, threads] = [[rows * m, columns * n], perPiece(matrix), threadsOf()];
  // A line more of pieces, so that lines lie in different banks; along k or along the side, whichever takes more.
  const bytes = sides.map((side) => 2 * 16 * Math.max(side * (pieces + 1), pieces * per * (side / per + 1)));
  return (
    sides.every((side) => side >= k && (2 * side * pieces) % threads === 0) &&
    threads <= limits().maxComputeInvocationsPerWorkgroup &&
    bytes[0] + bytes[1] + SUBGROUPS * m * n * 4 <= limits().maxComputeWorkgroupStorageSize
  );
}

function tileOf(part: Part, matrix: MatrixShape): Tile {
  const [per, threads] = [perPiece(matrix), threadsOf()];
  const [rows, columns, depth] = [2 * part.rows * matrix.m, 2 * part.columns * matrix.n, part.pieces * per];
  const slots = {
    ...{ T: matrix.type, PER: per, M: matrix.m, N: matrix.n, K: matrix.k, LANES: threads / SUBGROUPS },
    ...{ TILE_ROWS: rows, TILE_COLUMNS: columns, DEPTH: depth, K_STEPS: depth / matrix.k },
    ...{ ROW_MATRICES: part.rows, COLUMN_MATRICES: part.columns },
    ...{ A_EACH: (rows * part.pieces) / threads, B_EACH: (columns * part.pieces) / threads },
  };
  return { rows, columns, depth, threads, rate: part.rate, slots };
}
