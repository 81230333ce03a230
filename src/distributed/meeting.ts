// What a batch exchanges with other processes' batches in the middle of a pass.
import { UsageError } from '../errors.js';

/** One exchange. All processes take part in all of them, in the same order, with or without a batch. */
export type Meeting =
  /** Synchronized batch normalization's message of so many numbers. */
  | { norm: number }
  /** A dense layer that is cut by outputs, in a call of the pass, with so many rows; `input`: there is a gradient of them. */
  | { dense: number; call: number; way: 'forward' | 'backward'; rows: number; input: boolean };

/** A batch's rows in each call of a layer that is cut. */
export const rowsIn = (meetings: readonly Meeting[]): number[] =>
  meetings.flatMap((one) => ('dense' in one && one.way === 'forward' ? [one.rows] : []));

/** @throws UsageError unless two batches meet others' in the same layers, in the same order. */
export function requireSameWay(meetings: readonly Meeting[], first: readonly Meeting[]): void {
  const withoutRows = (list: readonly Meeting[]) => JSON.stringify(list, (key, value) => (key === 'rows' ? 0 : value));
  if (withoutRows(meetings) !== withoutRows(first)) throw otherWay();
}

/** What is thrown where a batch would miss the others, which would wait for it until they time out. */
export const otherWay = (): UsageError =>
  new UsageError(
    'distribute: modelParallel: a batch goes through other layers than the first one did, or in another order; processes meet in them, so that all batches must go the same way',
  );
