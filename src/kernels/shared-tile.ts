// How GPUs cut a product: into tiles that go through workgroup memory and, where those are too few for the card, into
// runs along k, which a second pass adds up.

import { launchPolicy } from '../device/runtime.js';
import { largestWindow } from '../device/windows.js';
import { ceilDiv, roundUp } from '../math.js';
import type { Product, Tiling } from './product.js';

/** A tile: its threads have `side` x `side` blocks of 4 x 4 sums each, and walk along k in steps of `depth`. */
interface Tile {
  rows: number;
  columns: number;
  side: 1 | 2;
  depth: number;
  /** Multiply-adds beside the largest tile's, in the same time. */
  rate: number;
}

/** At most 16 KiB of workgroup memory and 256 threads: what every device has. */
const TILES: readonly Tile[] = [
  { rows: 128, columns: 128, side: 2, depth: 16, rate: 1 },
  { rows: 96, columns: 128, side: 2, depth: 8, rate: 0.93 },
  { rows: 128, columns: 64, side: 2, depth: 8, rate: 0.9 },
  { rows: 64, columns: 128, side: 2, depth: 8, rate: 0.9 },
  { rows: 64, columns: 64, side: 2, depth: 8, rate: 0.8 },
  { rows: 32, columns: 32, side: 1, depth: 16, rate: 0.45 },
];
const SLICES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];

// An H100. A smaller card has fewer cores and is filled by fewer tiles, so what fills this one fills it too.
const CORES = 132;
/** Multiply-adds a nanosecond that a core does with the largest tile. */
const MULTIPLY_ADDS = 130;
/** Threads that keep a core busy. */
const BUSY = 512;
/** Bytes a nanosecond. */
const MEMORY = 3000;
/** Starting a tile and storing it take as long as this much of k. */
const ENDS = 64;
/** A second pass. */
const LAUNCH = 4000;
const SHORTEST_SLICE = 128;

/**
 * The tilings of `product` for gemm_shared.wgsl and its kin, one for each tile, the least estimated time first. On a software
 * adapter, where only tests come here, the smallest tile first: it compiles in a second, the largest in five.
 */
export function sharedTilings(product: Product): Tiling[] {
  const all = TILES.map((tile) => {
    const cuts = SLICES.filter((slices) => mayCut(product, slices)).map((slices) => cut(product, tile, slices));
    return cuts.reduce((a, b) => (b.time < a.time ? b : a));
  });
  return launchPolicy().workgroupMemory ? all.sort((a, b) => a.time - b.time) : all.reverse();
}

function mayCut({ rows, columns, depth, batches = 1, runs = 1, splits = false }: Product, slices: number): boolean {
  if (slices === 1) return true;
  return splits && (depth * runs) / slices >= SHORTEST_SLICE && slices * batches * rows * columns <= largestWindow();
}

/** A core computes its tiles one after the other; with few threads it waits for memory. */
function cut(product: Product, tile: Tile, wanted: number): Tiling {
  const { rows, columns, batches = 1, runs = 1 } = product;
  const depth = product.depth * runs;
  const slice_k = Math.max(tile.depth, roundUp(ceilDiv(depth, wanted), tile.depth));
  const slices = Math.max(1, ceilDiv(depth, slice_k));
  const row_tiles = ceilDiv(rows, tile.rows);
  const column_tiles = ceilDiv(columns, tile.columns);
  const groups = batches * slices * row_tiles * column_tiles;
  const turns = ceilDiv(groups, CORES);
  const threads = (tile.rows * tile.columns) / (4 * tile.side) ** 2;
  const rate = MULTIPLY_ADDS * tile.rate * Math.min(1, (turns * threads) / BUSY);
  const adding = slices === 1 ? 0 : LAUNCH + (8 * slices * batches * rows * columns) / MEMORY;
  const time = (turns * tile.rows * tile.columns * (slice_k + ENDS)) / rate + adding;
  const slots = { TILE_ROWS: tile.rows, TILE_COLUMNS: tile.columns, SIDE: tile.side, DEPTH: tile.depth };
  return { variant: 'shared', slots, row_tiles, column_tiles, groups, slices, slice_k, time };
}
