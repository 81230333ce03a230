// Batch normalization over the batches of all processes: in the middle of a pass their statistics meet on the host.
import type { JointStatistics } from '../autograd/ops/batch-norm.js';
import { activeRecorder, release, scratch, viaHost } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { ShapeError } from '../errors.js';
import { type Affine, type BatchNormSize, batchNormStatistics, type Statistics } from '../kernels/batch-norm.js';
import { fill } from '../kernels/elementwise.js';
import { average } from '../kernels/optimizers.js';
import { BatchNorm } from '../layers/batch-norm.js';
import type { AnyModule } from '../layers/module.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Meeting } from './meeting.js';
import type { Sideway } from './sideway.js';

/** What a process has of a channel, of so many values. */
interface Moments {
  count: number;
  mean: number;
  /** Of squared distances from the mean. */
  squares: number;
}

/** What all have (Chan, Golub, LeVeque 1979). */
export function joinMoments(all: readonly Moments[]): Moments {
  const count = all.reduce((sum, one) => sum + one.count, 0);
  const mean = all.reduce((sum, one) => sum + (one.count > 0 ? one.count * one.mean : 0), 0) / count;
  const squares = all.reduce(
    (sum, one) => sum + (one.count > 0 ? one.squares + one.count * (one.mean - mean) ** 2 : 0),
    0,
  );
  return { count, mean, squares };
}

/** The batch normalization of a model in one process of several. A message is how many values a channel has, and some numbers a channel. */
export class SyncBatchNorm implements JointStatistics {
  /** Takes messages down, while a batch is gone through for its shapes. */
  note: ((meeting: Meeting) => void) | undefined;

  /** The layers' running statistics: the same wherever there was a batch. */
  readonly running = new Set<Tensor>();

  constructor(
    model: AnyModule,
    private readonly way: Sideway,
  ) {
    for (const [, module] of model.namedModules()) {
      if (!(module instanceof BatchNorm)) continue;
      module.joint = this;
      this.running.add(module.runningMean).add(module.runningVar);
    }
  }

  readonly find = (
    x: GpuBuffer,
    { mean, inverseStd }: Statistics,
    running: { mean: GpuBuffer; variance: GpuBuffer },
    size: BatchNormSize,
    { eps, momentum }: { eps: number; momentum: number },
  ): void => {
    const { channels } = size;
    const [ownMean, ownVariance, variance] = ['mean', 'variance', 'variance of all'].map((name) => scratch(channels, `batch norm ${name}`)); // biome-ignore format: one line
    for (const buffer of [ownMean, ownVariance]) fill(buffer, channels, 0, 'f32');
    const own = { mean: ownMean, variance: ownVariance }; // running ones that take the whole of the newest batch
    batchNormStatistics(x, { mean, inverseStd }, own, size, { eps, momentum: 1 });
    this.exchange([ownMean, ownVariance], [mean, inverseStd, variance], size, (all, c) => {
      const moments = all.map(([count, ...rest]) => ({ count, mean: rest[c], squares: count > 1 ? rest[channels + c] * (count - 1) : 0 })); // biome-ignore format: one line
      const { count, mean, squares } = joinMoments(moments);
      if (count === 1)
        throw new ShapeError('batchNorm: training needs more than one value a channel, and all processes have one');
      return [mean, 1 / Math.sqrt(squares / count + eps), squares / (count - 1)];
    });
    average(running.mean, mean, channels, 1 - momentum);
    average(running.variance, variance, channels, 1 - momentum);
    for (const buffer of [ownMean, ownVariance, variance]) release(buffer);
  };

  sums(own: Affine, all: Affine, size: BatchNormSize): void {
    this.exchange([own.weight, own.bias], [all.weight, all.bias], size, (messages, c) => {
      const count = messages.reduce((sum, [n]) => sum + n, 0);
      const share = (size.batch * size.plane) / count;
      const sum = (at: number) => messages.reduce((sum, message) => sum + message[1 + at], 0) * share;
      return [sum(c), sum(size.channels + c)];
    });
  }

  /** What a process does that has no batch while others have one. */
  idle(length: number): void {
    this.way.gather(Promise.resolve(new Float32Array(length))).catch(() => {}); // others' next collective tells
  }

  /** From some numbers a channel of each process those of all: `join` gives them, a channel at a time. */
  private exchange(
    from: readonly GpuBuffer[],
    to: readonly GpuBuffer[],
    { channels, batch, plane }: BatchNormSize,
    join: (messages: Float32Array[], channel: number) => number[],
  ): void {
    this.note?.({ norm: 1 + from.length * channels });
    const recorder = activeRecorder('batch norm');
    const [own, all] = [from, to].map(({ length }) => scratch(length * channels, 'batch norm of all processes'));
    for (const [i, buffer] of from.entries()) recorder.copy(buffer, own, 4 * channels, 0, 4 * channels * i);
    viaHost(own, all, 4 * from.length * channels, async (values) => {
      const message = values.then((bytes) => {
        const numbers = new Float32Array(1 + bytes.byteLength / 4).fill(batch * plane, 0, 1);
        numbers.set(new Float32Array(bytes), 1);
        return numbers;
      });
      const everyone = await this.way.gather(message);
      const { length } = await message;
      const messages = Array.from({ length: everyone.length / length }, (_, rank) => everyone.subarray(rank * length, (rank + 1) * length)); // biome-ignore format: one line
      const joined = new Float32Array(to.length * channels);
      for (let c = 0; c < channels; c++) for (const [i, n] of join(messages, c).entries()) joined[i * channels + c] = n;
      return joined;
    });
    for (const [i, buffer] of to.entries()) recorder.copy(all, buffer, 4 * channels, 4 * channels * i, 0);
    release(own);
    release(all);
  }
}
