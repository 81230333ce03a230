// Whether the lanes of a workgroup share a row, and how many: on GPUs, where rows are long. With one thread a row, neighbouring
// threads would read numbers far apart, and few rows would make few threads.
import { forcedVariant, sharedWanted } from './tile.js';

/** Shorter rows have a thread each. */
const SHORTEST_ROW = 64;
/** Numbers of a row that a lane should have. */
const SHARE = 8;
const FEWEST_LANES = 64;
/** Threads of a workgroup: what every device has. */
const MOST_LANES = 256;
/** Columns side by side in a workgroup: as many as memory hands over at once. */
const COLUMNS = 8;
/** With this many columns, one thread a column is enough. */
const MANY_COLUMNS = 32768;
/** So many threads keep a card busy; beyond, a lane takes up to MOST_OF_A_ROW numbers, and a workgroup several rows. */
const BUSY = 2 ** 17;
const MOST_OF_A_ROW = 32;

/**
 * The lanes that share a row of `length` numbers side by side: a power of two, or 0 where a thread has the whole row. 0 on
 * software adapters, where barriers cost dearly, and for short rows; with 'shared' forced never.
 */
export function lanesFor(length: number): number {
  if (!sharedWanted() || (length < SHORTEST_ROW && forcedVariant() !== 'shared')) return 0;
  return Math.min(MOST_LANES, Math.max(FEWEST_LANES, 2 ** Math.ceil(Math.log2(length / SHARE))));
}

/** The same for rows whose numbers lie `inner` apart: neighbouring threads read neighbouring ones without, unless it is 1. */
export function rowLanes(length: number, inner: number): number {
  return inner === 1 ? lanesFor(length) : 0;
}

/** How `count` rows of `length` are shared out: lanes of a row, and rows of a workgroup; null where a thread has a whole row. */
export function shareRows(count: number, length: number): { lanes: number; rows: number } | null {
  if (lanesFor(length) === 0) return null;
  let lanes = 32;
  const long = () => lanes * MOST_OF_A_ROW < length;
  while (lanes < MOST_LANES && lanes * 4 < length && (long() || count * lanes < BUSY)) lanes *= 2;
  return { lanes, rows: MOST_LANES / lanes };
}

/** Slots of reduce_sum_shared.wgsl and reduce_extreme_shared.wgsl. */
interface SharedSums {
  LANES: number;
  COLUMNS: number;
  ALONG: 'true' | 'false';
  [slot: string]: string | number;
}

/** Those for `count` sums of `length` numbers that lie `inner` apart; null where a thread has a whole sum. */
export function shareSums(count: number, length: number, inner: number): SharedSums | null {
  const shared = shareRows(count, length);
  if (!shared) return null;
  if (inner === 1) return { LANES: shared.lanes, COLUMNS: shared.rows, ALONG: 'true' };
  const few = count < MANY_COLUMNS || forcedVariant() === 'shared';
  return few ? { LANES: MOST_LANES / COLUMNS, COLUMNS, ALONG: 'false' } : null;
}
