// How GPUs cut a product: into tiles that go through workgroup memory and, where those are too few for the card, into
// runs along k, which a second pass adds up.

import type { Slots } from '../device/pipeline.js';
import { launchPolicy } from '../device/runtime.js';
import { largestWindow } from '../device/windows.js';
import { ceilDiv, roundUp } from '../math.js';
import type { Product, Tiling } from './product.js';

/** A tile, which walks along k in steps of `depth`. */
export interface Tile {
  rows: number;
  columns: number;
  depth: number;
  threads: number;
  /** Multiply-adds beside the largest tile's, in the same time. */
  rate: number;
  slots: Slots;
}

/** What tiles are computed by. */
export interface Machine {
  /** Multiply-adds a nanosecond that a core does with the largest tile. */
  multiplyAdds: number;
  /** Threads that keep a core busy. */
  busy: number;
  /** Starting a tile and storing it take as long as this much of k. */
  ends: number;
}

/** A thread has `side` x `side` blocks of 4 x 4 sums. At most 16 KiB of workgroup memory and 256 threads: what every device has. */
const TILES = [
  { rows: 128, columns: 128, side: 2, depth: 16, rate: 1 },
  { rows: 96, columns: 128, side: 2, depth: 8, rate: 0.93 },
  { rows: 128, columns: 64, side: 2, depth: 8, rate: 0.9 },
  { rows: 64, columns: 128, side: 2, depth: 8, rate: 0.9 },
  { rows: 64, columns: 64, side: 2, depth: 8, rate: 0.8 },
  { rows: 32, columns: 32, side: 1, depth: 16, rate: 0.45 },
].map(
  ({ side, ...tile }): Tile => ({
    ...tile,
    threads: (tile.rows * tile.columns) / (4 * side) ** 2,
    slots: { TILE_ROWS: tile.rows, TILE_COLUMNS: tile.columns, SIDE: side, DEPTH: tile.depth },
  }),
);
const SLICES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];

// An H100. A smaller card has fewer cores and is filled by fewer tiles, so what fills this one fills it too.
const CORES = 132;
const FLOATS: Machine = { multiplyAdds: 130, busy: 512, ends: 64 };
/** Bytes a nanosecond. */
const MEMORY = 3000;
/** A second pass. */
const LAUNCH = 4000;
const SHORTEST_SLICE = 128;

/**
 * The tilings of `product` for gemm_shared.wgsl and its kin, one for each tile, the least estimated time first. On a software
 * adapter, where only tests come here, the smallest tile first: it compiles in a second, the largest in five.
 */
export function sharedTilings(product: Product): Tiling[] {
  const all = TILES.map((tile) => cutByTime('shared', product, tile, FLOATS));
  return launchPolicy().workgroupMemory ? all.sort((a, b) => a.time - b.time) : all.reverse();
}

/** A product in such tiles, and in as many slices of k as take the least estimated time. */
export function cutByTime(variant: Tiling['variant'], product: Product, tile: Tile, machine: Machine): Tiling {
  const cuts = SLICES.filter((slices) => mayCut(product, slices)).map((slices) => cut(product, tile, machine, slices));
  return { variant, ...cuts.reduce((a, b) => (b.time < a.time ? b : a)) };
}

function mayCut({ rows, columns, depth, batches = 1, runs = 1, splits = false }: Product, slices: number): boolean {
  if (slices === 1) return true;
  return splits && (depth * runs) / slices >= SHORTEST_SLICE && slices * batches * rows * columns <= largestWindow();
}

/** A core computes its tiles one after the other; with few threads it waits for memory. */
function cut(product: Product, tile: Tile, machine: Machine, wanted: number): Omit<Tiling, 'variant'> {
  const { rows, columns, batches = 1, runs = 1 } = product;
  const depth = product.depth * runs;
  const slice_k = Math.max(tile.depth, roundUp(ceilDiv(depth, wanted), tile.depth));
  const slices = Math.max(1, ceilDiv(depth, slice_k));
  const row_tiles = ceilDiv(rows, tile.rows);
  const column_tiles = ceilDiv(columns, tile.columns);
  const groups = batches * slices * row_tiles * column_tiles;
  const turns = ceilDiv(groups, CORES);
  const rate = machine.multiplyAdds * tile.rate * Math.min(1, (turns * tile.threads) / machine.busy);
  const adding = slices === 1 ? 0 : LAUNCH + (8 * slices * batches * rows * columns) / MEMORY;
  const time = (turns * tile.rows * tile.columns * (slice_k + machine.ends)) / rate + adding;
  return { slots: tile.slots, row_tiles, column_tiles, groups, slices, slice_k, time };
}
