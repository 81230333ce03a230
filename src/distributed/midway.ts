// Where processes meet in the middle of a pass: in batch normalization of all their batches, and in dense layers that are cut by outputs.
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Meeting, requireSameWay, rowsIn } from './meeting.js';
import type { ModelParallel } from './model-parallel.js';
import type { SyncBatchNorm } from './sync-batch-norm.js';
import type { World } from './world.js';

export class Midway {
  /** Rows that layers which are cut get of a batch, by the batch's shapes. */
  private readonly rows = new Map<string, readonly number[]>();

  constructor(
    private readonly world: World,
    readonly norms: SyncBatchNorm | null,
    readonly dense: ModelParallel | null,
  ) {}

  /** What a pass exchanges, which is gone through for its shapes alone. */
  noted(pass: () => void): Meeting[] {
    const meetings: Meeting[] = [];
    const note = (meeting: Meeting) => void meetings.push(meeting);
    for (const meets of [this.norms, this.dense]) if (meets) meets.note = note;
    try {
      this.run([], pass);
    } finally {
      for (const meets of [this.norms, this.dense]) if (meets) meets.note = undefined;
    }
    return meetings;
  }

  /**
   * The most rows that a process' batch has in each call of a layer that is cut. `planned`: what all batches exchange. `shapes`: of this process'
   * batch, and `meetings` what it exchanges, asked for once for batches of these shapes; null without a batch.
   */
  async mostRows(
    planned: readonly Meeting[],
    shapes: string,
    meetings: (() => readonly Meeting[]) | null,
  ): Promise<readonly number[]> {
    if (!this.dense || planned.length === 0) return [];
    if (meetings && !this.rows.has(shapes)) {
      const found = meetings();
      requireSameWay(found, planned);
      this.rows.set(shapes, rowsIn(found));
    }
    const own = meetings ? this.rows.get(shapes)! : rowsIn(planned).map(() => 0);
    return Array.from(await this.world.allReduce(Int32Array.from(own), { op: 'max' }));
  }

  /** Runs a pass with its exchanges. `mostRows`: see there. */
  run(mostRows: readonly number[], pass: () => void): void {
    if (this.dense) this.dense.within(mostRows, pass);
    else pass();
  }

  /** Takes part in others' passes, without a batch. */
  idle(mostRows: readonly number[], planned: readonly Meeting[]): void {
    if (this.dense && !mostRows.some((rows) => rows > 0)) return; // the others have none either
    using _idle = scope();
    const results = new Map<number, Tensor>();
    for (const meeting of planned) {
      if ('norm' in meeting) this.norms!.idle(meeting.norm);
      else this.dense!.idle(meeting, results);
    }
  }

  /** @throws UsageError unless the pass has met the others as often as planned. */
  requireMet(planned: readonly Meeting[]): void {
    this.dense?.requireMet(planned);
  }
}
