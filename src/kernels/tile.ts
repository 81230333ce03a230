// How a matrix product is cut into tiles: which kernel, which tile, and how many of them.

import type { Slots } from '../device/pipeline.js';
import { deviceInfo, launchPolicy } from '../device/runtime.js';
import { DeviceError } from '../errors.js';
import { ceilDiv } from '../math.js';
import { matrixFor, matrixTilings } from './matrix-tile.js';
import { type Product, productKey, type Tiling, tilingName } from './product.js';
import { sharedTilings } from './shared-tile.js';
import { tunedChoices } from './tuned.js';

/**
 * The kernels of a product: the reference, register tiles lane by lane, register tiles shared by a subgroup, tiles in
 * workgroup memory, and the GPU's matrix units.
 */
export type Variant = 'plain' | 'tiled' | 'subgroup' | 'shared' | 'matrix';

/** Set by `forceVariant`. Launchers take it from here, since ops have no parameter for it. */
let forced: Variant | null = null;

/**
 * Makes every GEMM and convolution use one variant, and lanes share rows (lanes.ts) with 'shared' alone; null lets the launchers
 * choose. For tests and benches.
 */
export function forceVariant(variant: Variant | null): void {
  if (variant === 'subgroup' && !subgroupsUsable())
    throw new DeviceError('forceVariant: this device has no subgroups of one fixed size');
  if (variant === 'matrix' && !matricesUsable())
    throw new DeviceError('forceVariant: this device shows no matrix units (docs/gpus.md)');
  forced = variant;
}

export function forcedVariant(): Variant | null {
  return forced;
}

/** Whether the 'subgroup' kernels run on this device. */
export function subgroupsUsable(): boolean {
  return deviceInfo().subgroupSize >= 4;
}

/** Whether the 'matrix' kernels run on this device, on f16 at least. */
export function matricesUsable(): boolean {
  return deviceInfo().matrices.length > 0;
}

// Nanoseconds for one SIMD vector on lavapipe (docs/kernels.md): what the estimate is made of.
const LOAD = 6.5;
const LOAD_VEC4 = 14;
const STORE = 9;
const STORE_VEC4 = 12;
const MULTIPLY_ADD = 0.39;
const LOOP = 10;
/** More sums than this and compilers put them in memory. */
const MOST_SUMS = 128;

const TILED = [
  [16, 8],
  [12, 8],
  [8, 8],
  [8, 4],
  [4, 8],
  [16, 1],
  [4, 1],
  [1, 4],
] as const;
/** Blocks of rows, a subgroup's lanes high, and columns a lane. */
const SUBGROUP = [
  [4, 4],
  [3, 4],
  [2, 4],
  [1, 16],
  [1, 8],
  [1, 4],
  [4, 1],
  [2, 1],
  [1, 1],
] as const;

/** Chooses in place of the estimate while `tune` measures a product's tilings. Launchers have no parameter for it. */
let chooseInstead: ((product: Product, candidates: readonly Tiling[]) => Tiling) | undefined;

/** Runs `body` with `choose` in place of estimate and table. */
export function choosingTilings<T>(choose: NonNullable<typeof chooseInstead>, body: () => T): T {
  chooseInstead = choose;
  try {
    return body();
  } finally {
    chooseInstead = undefined;
  }
}

/**
 * The tiling to use: the tuner's, or else the one with the least estimated time. Software adapters want one SIMD vector
 * of lanes and the largest tile that fits the outputs, its rows handed round the subgroup where there is one; GPUs want
 * tiles in workgroup memory, and many threads.
 */
export function chooseTiling(product: Product, candidates = tilings(product)): Tiling {
  return (chooseInstead ?? preferredTiling)(product, candidates);
}

/** The tuner's tiling of those that fit, or else the first. */
export function preferredTiling(product: Product, candidates: readonly Tiling[]): Tiling {
  const table = tunedChoices();
  const known = table.size > 0 && !forced ? table.get(productKey(product)) : undefined;
  return (known && candidates.find((tiling) => tilingName(tiling) === known)) || candidates[0];
}

/** Whether the kernels with tiles in workgroup memory are the first choice: on GPUs, and where they are forced. */
export function sharedWanted(): boolean {
  return forced === 'shared' || (gpuChoice() && launchPolicy().workgroupMemory);
}

/**
 * Whether matrix units are the first choice for a product: of f16 on GPUs that have them, and where they are forced. Of f32 only where
 * forced, since no adapter that has such has computed with them yet.
 */
export function matrixWanted(product: Pick<Product, 'elementBytes'>): boolean {
  if (!matrixFor(product)) return false;
  return forced === 'matrix' || (forced === null && product.elementBytes === 2 && launchPolicy().workgroupMemory);
}

/** What 'matrix' is forced for and has no units for is as without. */
const gpuChoice = (): boolean => forced === null || forced === 'matrix';

/**
 * All tilings that fit, the least estimated time first; those by matrix units before those in workgroup memory, and these before all
 * others.
 */
export function tilings(product: Product): Tiling[] {
  const matrix = matrixWanted(product) ? matrixTilings(product) : [];
  if (forced === 'matrix' && matrix.length > 0) return matrix;
  const shared = sharedWanted() ? sharedTilings(product) : [];
  if (forced === 'shared') return shared;
  const all = [
    ...(forced === 'subgroup' ? [] : tiled(product)),
    ...(forced === 'tiled' || !subgroupsUsable() ? [] : subgroup(product)),
  ];
  return [...matrix, ...shared, ...all.sort((a, b) => a.time - b.time)];
}

function tiled(product: Product): Tiling[] {
  const { lanes, sums } = launchPolicy();
  const steps = product.depth * (product.runs ?? 1);
  return TILED.filter(([rows, columns]) => rows * columns <= sums).map(([ROWS, COLUMNS]) => {
    const step = LOAD * (ROWS + COLUMNS) + MULTIPLY_ADD * ROWS * COLUMNS + LOOP;
    return cut('tiled', product, ROWS, COLUMNS * lanes, steps * step + STORE * ROWS * COLUMNS, {
      ROWS,
      COLUMNS,
      LANES: lanes,
    });
  });
}

function subgroup(product: Product): Tiling[] {
  const lanes = deviceInfo().subgroupSize;
  const { depth, runs = 1, alignedA = false, alignedB = false, wideB: mayBeWide = false } = product;
  const fours = ceilDiv(depth, 4) * runs;
  const fits = SUBGROUP.filter(([blocks, columns]) => blocks * lanes * columns <= Math.max(MOST_SUMS, lanes));
  const wideB = mayBeWide && fits.some(([, columns]) => columns % 4 === 0); // not with 64 lanes and more
  return fits.flatMap(([ROW_BLOCKS, COLUMNS]) => {
    const rows = ROW_BLOCKS * lanes;
    const vectors = (aligned: boolean) => (aligned ? LOAD_VEC4 : 4 * LOAD);
    const loads = ROW_BLOCKS * vectors(alignedA) + COLUMNS * vectors(alignedB || wideB);
    const four = loads + 4 * MULTIPLY_ADD * rows * COLUMNS + 2 * LOOP;
    const stores = rows * (wideB ? (COLUMNS / 4) * STORE_VEC4 : COLUMNS * STORE);
    const slots = { ROW_BLOCKS, LANES: lanes, RAGGED: String(depth % 4 !== 0) };
    const time = fours * four + stores;
    if (COLUMNS > 4 && !wideB) return []; // twice as slow
    if (!wideB) return cut('subgroup', product, rows, COLUMNS * lanes, time, { ...slots, COLUMNS });
    return COLUMNS % 4 === 0 ? cut('wide', product, rows, COLUMNS * lanes, time, { ...slots, WIDTH: COLUMNS / 4 }) : [];
  });
}

/** `time` is one tile's. */
function cut(
  variant: Tiling['variant'],
  { rows, columns, depth, batches = 1 }: Product,
  tileRows: number,
  tileColumns: number,
  time: number,
  slots: Slots,
): Tiling {
  const row_tiles = ceilDiv(rows, tileRows);
  const column_tiles = ceilDiv(columns, tileColumns);
  const groups = batches * row_tiles * column_tiles;
  const waves = ceilDiv(groups, launchPolicy().streams); // fewer groups than streams leave some idle
  return { variant, slots, row_tiles, column_tiles, groups, slices: 1, slice_k: depth, time: waves * time };
}
