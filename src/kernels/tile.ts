// Which register tile a launch uses, and whether tests force a kernel variant.
import { ceilDiv } from '../device/math.js';
import { deviceInfo } from '../device/runtime.js';

export type Variant = 'plain' | 'tiled';

let forced: Variant | null = null;

/** Makes every GEMM and convolution use one variant; null lets the launchers choose. For tests. */
export function forceVariant(variant: Variant | null): void {
  forced = variant;
}

export function forcedVariant(): Variant | null {
  return forced;
}

/** A register tile: one thread owns ROWS x COLUMNS outputs, its columns LANES apart. */
export interface Tile {
  readonly [slot: string]: number;
  readonly ROWS: number;
  readonly COLUMNS: number;
  readonly LANES: number;
}

const SHAPES = [
  [16, 8],
  [12, 8],
  [8, 8],
  [8, 4],
  [4, 8],
  [16, 1],
  [4, 1],
  [1, 4],
] as const;

/** A load costs about as much as this many multiply-adds (measured on lavapipe; see docs/kernels.md). */
const LOAD_COST = 4.5;
/** Groups run in about this many streams at once; fewer groups leave some idle. */
const SOFTWARE_STREAMS = 4;

/**
 * The tile with the least estimated work for `rows` x `columns` outputs in each of `batches`. Software adapters
 * want one SIMD vector of lanes and the largest tile that fits the outputs; GPUs many threads.
 */
export function chooseTile(rows: number, columns: number, batches = 1): Tile {
  const { software } = deviceInfo();
  const lanes = software ? 8 : 64;
  let best: Tile | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [ROWS, COLUMNS] of SHAPES) {
    if (!software && ROWS * COLUMNS > 64) continue;
    const groups = batches * ceilDiv(rows, ROWS) * ceilDiv(columns, COLUMNS * lanes);
    const streams = software ? SOFTWARE_STREAMS : 256;
    const work = ceilDiv(groups, streams) * (ROWS * COLUMNS + LOAD_COST * (ROWS + COLUMNS));
    if (work < least) {
      least = work;
      best = { ROWS, COLUMNS, LANES: lanes };
    }
  }
  return best!;
}
