// ZeRO's stage 1 (Rajbhandari et al. 2020): each process keeps the optimizer's state of an equal share of all numbers that are trained, updates those, and gets the rest.
import type { Json, Stateful } from '../checkpoint/stateful.js';
import { activeRecorder } from '../device/commands.js';
import { UsageError } from '../errors.js';
import type { StoredTensor } from '../io/safetensors.js';
import { LAMB } from '../optim/lamb.js';
import { LARS } from '../optim/lars.js';
import type { Optimizer, OptimizerState } from '../optim/optimizer.js';
import { parameter } from '../tensor/parameter.js';
import { unscoped } from '../tensor/scope.js';
import { empty, type Tensor, tensor } from '../tensor/tensor.js';
import type { TrainerParts } from '../train/fit.js';
import { type Bucket, gather, scatter } from './buckets.js';
import type { World } from './world.js';

/** This process' piece of a parameter: elements `from` to `to`, which begin at `start` in its share of a bucket. */
interface Piece {
  param: Tensor;
  place: number;
  from: number;
  to: number;
  start: number;
  own: Tensor;
}

/** @throws UsageError where an update looks at whole parameters, which no process has. */
export function checkShardable({ optimizer, clipGradNorm, precision }: TrainerParts): void {
  if (optimizer instanceof LARS || optimizer instanceof LAMB)
    throw new UsageError(
      `distribute: shardOptimizer: ${optimizer.constructor.name} needs norms of whole parameters, and each process has parts`,
    );
  if (precision === 'f16')
    throw new UsageError(
      "distribute: shardOptimizer: precision 'f16' skips an update by all gradients, and each process has parts; train in 'f32', or without shardOptimizer",
    );
  if (clipGradNorm !== undefined)
    throw new UsageError(
      'distribute: shardOptimizer: clipGradNorm needs the norm of all gradients, and each process has parts; use clipGradValue',
    );
}

/** The optimizer's parameters become pieces, one a parameter that is partly this process'. To a checkpoint it is the optimizer of whole ones. */
export class Shards implements Stateful {
  private readonly pieces: Piece[][] = [];
  private readonly before: OptimizerState;

  private constructor(
    private readonly world: World,
    private readonly optimizer: Optimizer,
    private readonly buckets: readonly Bucket[],
    /** All that the optimizer had, in its order. */
    private readonly params: readonly Tensor[],
  ) {
    this.before = optimizer.settings();
  }

  static async of(world: World, optimizer: Optimizer, buckets: readonly Bucket[]): Promise<Shards> {
    const params = optimizer.groups.flatMap((group) => group.params);
    const shards = new Shards(world, optimizer, buckets, params);
    const state: Record<string, StoredTensor> = {};
    for (const [name, t] of Object.entries(optimizer.stateTensors()))
      state[name] = { shape: t.shape, data: await t.data() };
    for (const bucket of buckets) shards.pieces.push(shards.cut(bucket));
    optimizer.restore(shards.before, {}); // gives the state of whole parameters back
    const own = new Map(shards.pieces.flat().map((piece) => [piece.param, piece.own]));
    for (const group of optimizer.groups) group.params = group.params.flatMap((param) => own.get(param) ?? []);
    shards.restore(shards.before as unknown as Json, state);
    return shards;
  }

  private cut({ params, starts, length }: Bucket): Piece[] {
    const each = length / this.world.size;
    const first = this.world.rank * each;
    const pieces: Piece[] = [];
    for (const [i, param] of params.entries()) {
      const from = Math.max(first - starts[i], 0);
      const to = Math.min(first + each - starts[i], param.size);
      if (to <= from) continue;
      const own = unscoped(() => parameter(empty([to - from], 'f32', 'parameter')));
      pieces.push({ param, place: this.params.indexOf(param), from, to, start: starts[i] + from - first, own });
    }
    return pieces;
  }

  /** Takes this process' share of everyone's sums of gradients, a bucket each, and of the parameters, which may have been set since. */
  takeGradients(shares: readonly Float32Array[]): void {
    const recorder = activeRecorder('shardOptimizer');
    for (const [i, pieces] of this.pieces.entries()) {
      for (const { param, from, own, start } of pieces) {
        recorder.copy(param.buffer, own.buffer, 4 * own.size, 4 * from, 0);
        own.grad = unscoped(() => tensor(shares[i].slice(start, start + own.size)));
      }
    }
  }

  /** Everyone's pieces become the parameters. */
  async spread(): Promise<void> {
    const each = (i: number) => this.buckets[i].length / this.world.size;
    const reading = this.pieces.map(
      (pieces, i) =>
      pieces.length === 0
        ? new Float32Array(each(i)).buffer
        : gather(pieces.map(({ own }) => own.buffer), pieces.map(({ own }) => own), pieces.map(({ start }) => start), each(i)), // biome-ignore format: one line
    );
    for (const [i, { params, starts }] of this.buckets.entries()) {
      const all = await this.world.allGather(new Float32Array(await reading[i]));
      scatter(all, params.map((p) => p.buffer), params, starts); // biome-ignore format: one line
      for (const p of params) p.overwrittenBy('optimizer.step()');
    }
  }

  state(): Json {
    const { updates } = this.before;
    const trained = new Set(this.buckets.flatMap(({ params }) => params));
    const since = this.optimizer.steps - this.before.steps;
    const all = this.params.map((param, i) => updates[i] + (trained.has(param) ? since : 0));
    return { ...this.optimizer.settings(), updates: all } as unknown as Json;
  }

  /** The state of whole parameters, in which all processes take part. */
  async stored(): Promise<Record<string, StoredTensor>> {
    const own: Record<string, number[]> = {};
    const live = this.optimizer.stateTensors();
    const places = this.optimizer.groups.flatMap((group) => group.params);
    const found: Record<string, StoredTensor> = {};
    for (const piece of this.pieces.flat()) {
      const at = places.indexOf(piece.own);
      for (const [key, t] of Object.entries(live)) {
        const [place, name] = key.split('.');
        if (Number(place) === at) own[`${piece.place}.${name}.${piece.from}`] = Array.from(await t.data());
      }
    }
    for (const one of await this.world.each(own)) {
      for (const [key, values] of Object.entries(one)) {
        const [place, name, from] = key.split('.');
        const { shape, size } = this.params[Number(place)];
        found[`${place}.${name}`] ??= { shape: [...shape], data: new Float32Array(size) };
        (found[`${place}.${name}`].data as Float32Array).set(values, Number(from));
      }
    }
    return Object.fromEntries(
      Object.entries(found).sort(([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10)),
    );
  }

  restore(state: Json, tensors: Record<string, StoredTensor>): void {
    const saved = state as unknown as OptimizerState;
    const places = this.optimizer.groups.flatMap((group) => group.params);
    const pieces = this.pieces.flat().sort((a, b) => places.indexOf(a.own) - places.indexOf(b.own));
    const own: Record<string, Float32Array> = {};
    for (const [i, { place, from, to }] of pieces.entries()) {
      for (const [key, { data }] of Object.entries(tensors)) {
        const [of, name] = key.split('.');
        if (Number(of) === place) own[`${i}.${name}`] = (data as Float32Array).slice(from, to);
      }
    }
    this.optimizer.restore({ ...saved, updates: pieces.map(({ place }) => saved.updates[place]) }, own);
    Object.assign(this.before, { steps: saved.steps, updates: saved.updates });
  }
}
