// The figures of the epoch under way: losses, which come back a step or two late, and metrics, which stay on the GPU.
import { divergence, lossExploded } from '../checkpoint/divergence.js';
import { UsageError } from '../errors.js';
import type { TrainerParts } from './fit.js';
import { Measures } from './measures.js';
import { nameMetrics } from './name-metrics.js';
import type { Progress, TrainerPosition } from './record.js';
import type { Passed, Team } from './team.js';

const DEFAULT_FACTOR = 10;

/** Follows a trainer's steps; sums of losses are kept in its position. */
export class Figures {
  /** The task's metrics; a part of what checkpoints keep. */
  readonly measures = new Measures();
  /** The latest loss that has come back. */
  batchLoss = Number.NaN;
  /** The metrics as they were read last. */
  private seen: Record<string, number> = {};
  /** Losses that have not come back. */
  private open = new Set<symbol>();

  /** Forgets what is under way: another state has been restored. */
  interrupt(): void {
    this.open = new Set();
    this.seen = {};
  }

  /** @throws UsageError while losses are on their way. */
  requireSettled(where: string): void {
    if (this.open.size === 0) return;
    throw new UsageError(
      `${where}: losses of the last steps are on their way; take fit’s snapshots, in save(snapshot), or wait for trainStep`,
    );
  }

  /**
   * Takes a step's loss in when it comes back, unless the attempt has failed meanwhile.
   * @throws DivergenceError if it is no number, or losses are `factor` times what they were at first.
   */
  async note(
    at: TrainerPosition,
    { loss, size }: Passed,
    rate: number,
    factor = DEFAULT_FACTOR,
    attempt?: AbortSignal,
  ): Promise<void> {
    const { open } = this;
    const { step } = at;
    const ticket = Symbol();
    open.add(ticket);
    const value = await loss.finally(() => open.delete(ticket));
    if (attempt?.aborted) return;
    if (!Number.isFinite(value)) throw divergence(`the loss is ${value}`, step, value, rate);
    if (lossExploded(at.trend, value, factor)) {
      const { start, recent } = at.trend;
      const grown = `losses have grown to ${recent.toPrecision(3)}, more than ${factor} times the ${start.toPrecision(3)} of the start,`;
      throw divergence(grown, step, value, rate);
    }
    this.batchLoss = value;
    at.loss.sum += value * size;
    at.loss.weight += size;
  }

  /** Starts a read of the metrics; `current` shows them when they are there, unless that is no longer of interest. */
  look(isCurrent: () => boolean): void {
    const show = (seen: Record<string, number>) => {
      if (isCurrent()) this.seen = seen;
    };
    this.measures.read().then(show, () => {}); // the next loss tells what is wrong
  }

  /** What is known without waiting: the mean loss, and metrics as they were read last. */
  current(at: TrainerPosition): Record<string, number> {
    return { loss: meanLoss(at), ...this.seen };
  }

  /** What is known now, for callbacks. */
  progress(at: TrainerPosition, of: Pick<Progress, 'phase' | 'examples' | 'examplesInEpoch'>): Progress {
    return { epoch: at.epoch + 1, step: at.step, ...of, metrics: this.current(at), batchLoss: this.batchLoss };
  }

  /** The epoch's mean loss and metrics, and what validation found; of processes that train together, what all have seen. */
  async ofEpoch(
    parts: TrainerParts,
    at: TrainerPosition,
    checked: Record<string, number>,
    team?: Team,
  ): Promise<Record<string, number>> {
    const { measures } = this;
    if (measures.unnamed) await nameMetrics(parts, measures, at.epoch, at.batch - 1);
    const read = { loss: meanLoss(at), ...(await measures.read(team)), ...checked };
    return (await team?.same(read)) ?? read;
  }

  /** Begins an epoch. */
  reset(at: TrainerPosition): void {
    at.loss = { sum: 0, weight: 0 };
    at.examples = 0;
    this.measures.reset();
    this.seen = {};
  }
}

function meanLoss({ loss: { sum, weight } }: TrainerPosition): number {
  return weight === 0 ? Number.NaN : sum / weight;
}
