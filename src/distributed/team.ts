// Data parallelism: each process goes through other batches, and all make the same update of the sum of their gradients.

import { withLeafHook } from '../autograd/tape.js';
import { readCheckpoint, restoreRun, writeCheckpoint } from '../checkpoint/files.js';
import type { Json, Stateful } from '../checkpoint/stateful.js';
import { UsageError } from '../errors.js';
import { rngState, setRngState } from '../tensor/seed.js';
import type { Tensor } from '../tensor/tensor.js';
import type { BatchSource } from '../train/batches.js';
import { ModelEMA } from '../train/callbacks/model-ema.js';
import { checkGradients } from '../train/checks.js';
import type { FitOptions } from '../train/fit.js';
import { Measures } from '../train/measures.js';
import type { MetricSums, Pass, Passed, Team, Turn } from '../train/team.js';
import type { Trainer } from '../train/trainer.js';
import { updateWeights } from '../train/update.js';
import { type Bucket, bucketsOf, Exchange, type Span, writeGradients } from './buckets.js';
import { Midway } from './midway.js';
import type { DistributeOptions } from './options.js';
import { type Plan, planOf } from './plan.js';
import { Shards } from './shards.js';
import { type Sums, type Transport, transportOf } from './transport.js';
import type { World } from './world.js';

const BUCKET_BYTES = 25e6;

export class DataParallel implements Team {
  /** Seconds of training, and of these those in which gradients were waited for that backward had made. */
  readonly seconds = { steps: 0, waited: 0 };
  /** What happened in the last update, and when. */
  spans: Span[] = [];
  /** What the optimizer was made of. */
  private readonly params: readonly Tensor[];
  private readonly transport: Transport;
  private shards: Shards | null = null;
  /** Another one is set by `distribute` where processes meet in the middle of a pass. */
  midway: Midway;
  private buckets: Bucket[] = [];
  private plan: Plan | null = null;
  private planned = '';
  /** Of the newest batch. */
  private shapes = '';
  /** Batches of this process since the last update, and what they came to. */
  private own: Passed[] = [];
  private taken = 0;
  private began = 0;
  private base = rngState();
  /** Whether this process has another batch, and whether all are at the end of the epoch. */
  private more = false;
  private over = false;

  constructor(
    readonly world: World,
    readonly trainer: Trainer,
    readonly options: DistributeOptions,
  ) {
    const { transport = 'f32', shardOptimizer = false } = options;
    this.params = trainer.optimizer.groups.flatMap((group) => group.params);
    this.transport = transportOf(world, transport, shardOptimizer);
    this.midway = new Midway(world, null, null);
  }

  /** To checkpoints it is the optimizer. */
  get optimizer(): Stateful | null {
    return this.shards;
  }

  async begin(options: FitOptions): Promise<FitOptions> {
    const { world } = this;
    const { save, rebuild: _, ...rest } = options; // a process whose device is lost ends, and all with it
    const { parts } = this;
    if (parts && options.onDivergence === 'rollback')
      throw new UsageError(`fit: onDivergence: 'rollback' is not for ${parts}; start again from the last checkpoint`);
    if (this.midway.dense && options.callbacks?.some((callback) => callback instanceof ModelEMA))
      throw new UsageError('fit: ModelEMA needs all weights after each update, and with modelParallel each process has parts; leave one of them out'); // biome-ignore format: one line
    await this.spreadState();
    if (world.isFirst) return { ...rest, save };
    return parts && save ? { ...rest, save: () => {} } : rest; // all give their part of the state
  }

  /** The option by which no process has all parameters, or their state. */
  private get parts(): string | undefined {
    if (this.options.shardOptimizer) return 'shardOptimizer';
    return this.midway.dense ? 'modelParallel' : undefined;
  }

  /** All go on from where the first process is. */
  private async spreadState(): Promise<void> {
    const { world, trainer } = this;
    const bytes = world.isFirst || this.shards ? await writeCheckpoint(trainer) : new Uint8Array(); // all have a share of it
    const [length] = await world.each(bytes.length);
    const all = await world.broadcast(world.isFirst ? bytes : new Uint8Array(length));
    if (world.isFirst) return;
    restoreRun(readCheckpoint(all, "the first process' state"), trainer);
    const { metrics } = trainer.keep;
    if (metrics instanceof Measures) metrics.take(null); // the first one's sums are everyone's, and count once
  }

  async *turns<B extends object>(
    source: BatchSource<B>,
    epoch: number,
    startBatch: number,
  ): AsyncGenerator<B | undefined> {
    const own = this.share(source, epoch, startBatch)[Symbol.asyncIterator]();
    this.over = false;
    try {
      let next = await own.next();
      while (!this.over) {
        const { done, value } = next;
        if (!done) next = await own.next();
        this.more = !next.done;
        this.shapes = done ? '' : shapesOf(value);
        yield done ? undefined : value;
      }
    } finally {
      await own.return?.(undefined);
    }
  }

  async *share<B extends object>(source: BatchSource<B>, epoch: number, startBatch: number): AsyncGenerator<B> {
    const { rank, size } = this.world;
    if (source.deals) {
      yield* source.epoch(epoch, { startBatch: startBatch + rank, every: size });
      return;
    }
    let i = 0;
    for await (const batch of source.epoch(epoch, { startBatch })) if (i++ % size === rank) yield batch;
  }

  async turn(pass: Pass | undefined, update: boolean): Promise<Turn | null> {
    if (this.taken === 0) await this.prepare(pass);
    const { midway, plan, shapes } = this;
    const planned = plan?.meetings ?? [];
    const most = await midway.mostRows(planned, shapes, pass ? () => planOf(this.params, pass, midway).meetings : null);
    const exchange = update ? new Exchange(this.buckets, this.transport, this.spans) : null;
    midway.run(most, () => {
      if (pass) this.own.push(this.forwardBackward(pass, exchange));
      else midway.idle(most, planned);
    });
    this.taken++;
    if (!exchange) return null;
    const sums = await this.waitFor(exchange);
    if (this.options.shardOptimizer) this.shards!.takeGradients(sums as Float32Array[]);
    else for (const [i, bucket] of this.buckets.entries()) writeGradients(bucket, sums[i]);
    return this.together();
  }

  private forwardBackward(pass: Pass, exchange: Exchange | null): Passed {
    const { rank } = this.world;
    const { streams } = this.plan!;
    const { seed, stream } = this.base;
    setRngState({ seed, stream: stream + (this.taken * this.world.size + rank) * streams }); // as if one process went through all
    const from = performance.now();
    const backward = (loss: Tensor) =>
      exchange ? withLeafHook(exchange.ready, () => loss.backward()) : loss.backward();
    const passed = pass({ fresh: false, count: true, backward });
    this.midway.requireMet(this.plan!.meetings);
    checkGradients([...this.params, ...this.trainer.optimizer.groups.flatMap((group) => group.params)]);
    const done = passed.loss.then((loss) => {
      this.spans.push({ what: 'backward', bytes: 0, from, to: performance.now() });
      return loss;
    });
    done.catch(() => {}); // awaited with the exchange
    return { ...passed, loss: done };
  }

  /** Before the first batch of an update: what is trained may have changed. */
  private async prepare(pass: Pass | undefined): Promise<void> {
    const { params, world } = this;
    this.base = rngState();
    for (const p of params) {
      p.grad?.dispose();
      p.grad = null;
    }
    this.spans = [];
    this.began = performance.now();
    if (this.shards) {
      this.trainer.optimizer.zeroGrad();
      this.shards.takeCut();
    }
    const key = params.map((p) => Number(p.requiresGrad)).join('');
    if (this.plan && key === this.planned) return;
    if (this.shards)
      throw new UsageError(`distribute: ${this.parts}: what is trained may not change, as each process has a share of it; distribute a new trainer with a new optimizer`); // biome-ignore format: one line
    this.planned = key;
    this.plan = await world.first(pass ? planOf(params, pass, this.midway) : null);
    const order = (this.plan?.order ?? []).map((place) => params[place]);
    const { dense } = this.midway;
    dense?.requireOwn(order);
    const { bucketBytes = BUCKET_BYTES, shardOptimizer } = this.options;
    this.buckets = bucketsOf(order, bucketBytes, world.size);
    if (!this.plan || !this.parts) return;
    this.shards = await Shards.of(world, this.trainer.optimizer, shardOptimizer ? this.buckets : [], dense?.buckets ?? []); // biome-ignore format: one line
    dense?.take(this.shards.ownOf);
  }

  private async waitFor(exchange: Exchange): Promise<Sums[]> {
    const finished = exchange.finish();
    finished.catch(() => {});
    await Promise.all(this.own.map(({ loss }) => loss)); // backward is behind it, or nearly
    const from = performance.now();
    const sums = await finished;
    this.seconds.waited += (performance.now() - from) / 1000;
    return sums;
  }

  /** What the update is made of, over all processes. */
  private async together(): Promise<Turn> {
    const { own, world } = this;
    const losses = await Promise.all(own.map(async ({ loss, size }) => (await loss) * size));
    const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
    const sizes = sum(own.map(({ size }) => size));
    const all = await world.allReduce(Float64Array.of(sum(losses), sizes, own.length, Number(this.more)));
    const [loss, examples, batches, more] = all;
    this.over = more === 0;
    const { seed, stream } = this.base;
    setRngState({ seed, stream: stream + batches * (this.plan?.streams ?? 0) });
    this.own = [];
    this.taken = 0;
    return { loss: loss / examples, examples, batches };
  }

  async update(batches: number): Promise<void> {
    updateWeights(this.trainer.parts, batches);
    await this.shards?.updated();
    this.seconds.steps += (performance.now() - this.began) / 1000;
  }

  async sums(own: Record<string, ArrayLike<number>>): Promise<Record<string, Float64Array>> {
    const plain = Object.fromEntries(Object.entries(own).map(([name, numbers]) => [name, Array.from(numbers)]));
    const sums: Record<string, Float64Array> = {};
    for (const one of await this.world.each(plain)) {
      for (const [name, numbers] of Object.entries(one)) {
        sums[name] ??= new Float64Array(numbers.length);
        for (const [i, n] of numbers.entries()) sums[name][i] += n;
      }
    }
    return sums;
  }

  same<T extends Json>(value: T): Promise<T> {
    return this.world.first(value);
  }

  async any(...flags: boolean[]): Promise<boolean[]> {
    const all = await this.world.allReduce(Int32Array.from(flags, Number), { op: 'max' });
    return Array.from(all, (n) => n > 0);
  }

  async settle(metrics: MetricSums): Promise<void> {
    const { world, trainer } = this;
    await this.shards?.gather();
    const own = await metrics.sums();
    const others = await this.sums(world.isFirst ? {} : own);
    metrics.take(world.isFirst ? others : null);
    const parameters = new Set<Tensor>(trainer.model.parameters());
    const buffers = Object.values<Tensor>(trainer.model.stateDict()).filter(
      (t) => !parameters.has(t) && t.dtype === 'f32',
    );
    for (const buffer of buffers) {
      if (this.midway.norms?.running.has(buffer)) {
        await world.broadcast(buffer); // the first process has a batch wherever another has one
        continue;
      }
      await world.allReduce(buffer);
      buffer.set((await buffer.data()).map((sum) => sum / world.size));
    }
  }
}

/** What a batch's tensors and arrays look like. */
const shapesOf = (batch: object): string =>
  JSON.stringify(Object.entries(batch).map(([name, value]) => [name, value?.shape ?? value?.length]));
