// A matrix product, one way to cut it into tiles, and the names that the tuner's table has for both.

import type { Slots } from '../device/pipeline.js';

/** A product of `rows` x `columns` numbers, each a sum over `depth`, `batches` times. */
export interface Product {
  rows: number;
  columns: number;
  depth: number;
  batches?: number;
  /** Sums that `depth` is made of, each walked on its own (a weight gradient's images). Default 1. */
  runs?: number;
  /** The operand lies along k and every row starts at a multiple of four numbers. */
  alignedA?: boolean;
  alignedB?: boolean;
  /** The second operand and the result lie along the columns, aligned and a multiple of four long. */
  wideB?: boolean;
  /** Of the operands. Default 4: f32. */
  elementBytes?: 2 | 4;
  /** `depth` may be cut into slices that a second pass adds up. */
  splits?: boolean;
}

export interface Tiling {
  variant: 'tiled' | 'subgroup' | 'wide' | 'shared' | 'matrix';
  slots: Slots;
  row_tiles: number;
  column_tiles: number;
  /** Tiles of all batches and slices. */
  groups: number;
  /** Into how many pieces `depth` is cut, of `slice_k` each but the last. */
  slices: number;
  slice_k: number;
  /** Estimated, for comparing with others only. */
  time: number;
}

/** A product as the tuner's table names it. */
export function productKey({ rows, columns, depth, batches = 1, runs = 1, ...how }: Product): string {
  const flags = (['alignedA', 'alignedB', 'wideB'] as const).filter((flag) => how[flag]);
  const halves = how.elementBytes === 2 ? ['f16'] : [];
  return [`${rows}x${columns}x${depth}`, `${batches}x${runs}`, ...halves, ...flags].join(' ');
}

/** A tiling as the tuner's table names it. */
export function tilingName({ variant, slots, slices }: Tiling): string {
  const { ROWS = slots.TILE_ROWS ?? slots.ROW_BLOCKS, COLUMNS = slots.TILE_COLUMNS ?? slots.WIDTH } = slots;
  return `${variant} ${ROWS}x${COLUMNS}${slices > 1 ? `/${slices}` : ''}`;
}
