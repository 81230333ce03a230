// An optimizer of which each process has a share: of what all use, as in ZeRO's stage 1 (Rajbhandari et al. 2020), where the rest comes back after
// each update, and of layers that are cut, of which each process uses its own share alone.
import type { Json, Stateful } from '../checkpoint/stateful.js';
import { activeRecorder } from '../device/commands.js';
import { UsageError } from '../errors.js';
import type { StoredTensor } from '../io/safetensors.js';
import { LAMB } from '../optim/lamb.js';
import { LARS } from '../optim/lars.js';
import type { Optimizer, OptimizerState } from '../optim/optimizer.js';
import { parameter } from '../tensor/parameter.js';
import { unscoped } from '../tensor/scope.js';
import { showShape } from '../tensor/shape.js';
import { empty, type Tensor, tensor } from '../tensor/tensor.js';
import { type Moment, thisMoment } from '../tensor/versions.js';
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

/** What an option needs that gives each process parts of parameters alone. @throws UsageError where an update looks at whole ones, which no process has. */
export function checkShardable(option: string, { optimizer, clipGradNorm, precision }: TrainerParts): void {
  if (optimizer instanceof LARS || optimizer instanceof LAMB)
    throw new UsageError(
      `distribute: ${option}: ${optimizer.constructor.name} needs norms of whole parameters, and each process has parts`,
    );
  if (precision === 'f16')
    throw new UsageError(
      `distribute: ${option}: precision 'f16' skips an update by all gradients, and each process has parts; train in 'f32', or without ${option}`,
    );
  if (clipGradNorm !== undefined)
    throw new UsageError(
      `distribute: ${option}: clipGradNorm needs the norm of all gradients, and each process has parts; use clipGradValue`,
    );
}

/** The optimizer's parameters become pieces, one a parameter that is partly this process'. To a checkpoint it is the optimizer of whole ones. */
export class Shards implements Stateful {
  private readonly before: OptimizerState;
  private readonly buckets: readonly Bucket[];
  /** Of each bucket. */
  private readonly pieces: readonly Piece[][];
  /** Parameters that are in no bucket: each process has, and updates, all of them. */
  private readonly whole: readonly Piece[];
  /** The moment from which on pieces of what is cut are newer than the parameters; null where these are as new. */
  private newerSince: Moment | null = null;
  /** The state of whole parameters that was restored since the last update. The first process may be the only one that has it. */
  private restored: Record<string, StoredTensor> | null = null;

  /** `spread`: what all use. `cut`: what each uses its piece of. `params`: all that the optimizer had, in its order. */
  private constructor(
    private readonly world: World,
    private readonly optimizer: Optimizer,
    private readonly spread: readonly Bucket[],
    cut: readonly Bucket[],
    private readonly params: readonly Tensor[],
  ) {
    this.before = optimizer.settings();
    this.buckets = [...spread, ...cut];
    this.pieces = this.buckets.map((bucket) => this.piecesOf(bucket));
    const elsewhere = new Set(this.buckets.flatMap(({ params }) => params));
    this.whole = params.flatMap((param, place) =>
      elsewhere.has(param) ? [] : [{ param, place, from: 0, to: param.size, start: 0, own: param }],
    );
  }

  static async of(
    world: World,
    optimizer: Optimizer,
    spread: readonly Bucket[],
    cut: readonly Bucket[],
  ): Promise<Shards> {
    const params = optimizer.groups.flatMap((group) => group.params);
    const state: Record<string, StoredTensor> = {};
    for (const [name, t] of Object.entries(optimizer.stateTensors()))
      state[name] = { shape: t.shape, data: await t.data() };
    const shards = new Shards(world, optimizer, spread, cut, params);
    optimizer.restore(shards.before, {}); // gives the state of whole parameters back
    const own = new Map(shards.own.map((piece) => [piece.param, piece.own]));
    for (const group of optimizer.groups) group.params = group.params.flatMap((param) => own.get(param) ?? []);
    shards.restore(shards.before as unknown as Json, state);
    shards.takeCut();
    return shards;
  }

  private piecesOf({ params, starts, length }: Bucket): Piece[] {
    const each = length / this.world.size;
    const first = this.world.rank * each;
    const pieces: Piece[] = [];
    for (const [i, param] of params.entries()) {
      const from = Math.max(first - starts[i], 0);
      const to = Math.min(first + each - starts[i], param.size);
      if (to <= from) continue;
      const own = unscoped(() => parameter(empty([to - from], 'f32', 'parameter')));
      own.isParameter = false; // it is none of the model's
      pieces.push({ param, place: this.params.indexOf(param), from, to, start: starts[i] + from - first, own });
    }
    return pieces;
  }

  /** All that the optimizer updates here. */
  private get own(): Piece[] {
    return [...this.pieces.flat(), ...this.whole];
  }

  /** This process' piece of a parameter that is cut. */
  readonly ownOf = (param: Tensor): Tensor => this.own.find((piece) => piece.param === param)!.own;

  /** Before an update: parameters that are cut become the pieces, where they are whole; they may have been set. */
  takeCut(): void {
    this.restored = null;
    if (this.newerSince) return;
    const recorder = activeRecorder('modelParallel');
    for (const { param, from, own } of this.pieces.slice(this.spread.length).flat())
      recorder.copy(param.buffer, own.buffer, 4 * own.size, 4 * from, 0);
    this.newerSince = thisMoment();
  }

  /** Takes this process' share of everyone's sums of gradients, a bucket each, and of the parameters, which may have been set since. */
  takeGradients(shares: readonly Float32Array[]): void {
    const recorder = activeRecorder('shardOptimizer');
    for (const i of this.spread.keys()) {
      for (const { param, from, own, start } of this.pieces[i]) {
        recorder.copy(param.buffer, own.buffer, 4 * own.size, 4 * from, 0);
        own.grad = unscoped(() => tensor(shares[i].slice(start, start + own.size)));
      }
    }
  }

  /** After an update everyone's pieces of what all use become the parameters. */
  updated = (): Promise<void> => this.toParameters(0, this.spread.length);

  /** Everyone's pieces of what is cut become the parameters, where they are newer. @throws UsageError for one that was set meanwhile. */
  async gather(): Promise<void> {
    if (!this.newerSince) return;
    for (const { params } of this.buckets.slice(this.spread.length))
      for (const { shape, shared } of params)
        if (shared.writtenAt > this.newerSince.writes)
          throw new UsageError(
            `distribute: modelParallel: ${shared.writtenBy} changed a parameter ${showShape(shape)} of a layer that is cut, between two updates; set it where it is whole: in onEpochEnd, or between two fits`,
          );
    this.newerSince = null;
    await this.toParameters(this.spread.length, this.buckets.length);
  }

  private async toParameters(first: number, end: number): Promise<void> {
    const buckets = this.buckets.slice(first, end);
    const reading = buckets.map(({ length }, i) => {
      const pieces = this.pieces[first + i];
      const each = length / this.world.size;
      if (pieces.length === 0) return new Float32Array(each).buffer;
      return gather(pieces.map(({ own }) => own.buffer), pieces.map(({ own }) => own), pieces.map(({ start }) => start), each); // biome-ignore format: one line
    });
    for (const [i, { params, starts }] of buckets.entries()) {
      const all = await this.world.allGather(new Float32Array(await reading[i]));
      scatter(all, params.map((p) => p.buffer), params, starts); // biome-ignore format: one line
      for (const p of params) p.overwrittenBy('optimizer.step()');
    }
  }

  state(): Json {
    const settings = this.optimizer.settings();
    const since = this.optimizer.steps - this.before.steps;
    const updates = this.before.updates.map((before) => before + since); // of what is in pieces, which are updated at each step, here or elsewhere
    const places = this.optimizer.groups.flatMap((group) => group.params);
    for (const { place, own } of this.whole) updates[place] = settings.updates[places.indexOf(own)];
    return { ...settings, updates } as unknown as Json;
  }

  /** The state of whole parameters, in which all processes take part. */
  async stored(): Promise<Record<string, StoredTensor>> {
    if (await this.world.first(this.restored !== null)) return this.restored ?? {};
    const live = this.optimizer.stateTensors();
    const places = this.optimizer.groups.flatMap((group) => group.params);
    const stateOf = ({ own }: Piece, name: string) => live[`${places.indexOf(own)}.${name}`];
    const names = [...new Set(Object.keys(live).map((key) => key.split('.')[1]))];
    const found: [place: number, name: string, data: Float32Array][] = [];
    for (const piece of this.whole)
      for (const name of names)
        if (stateOf(piece, name)) found.push([piece.place, name, await stateOf(piece, name).data()]);
    for (const [i, { params, starts, length }] of this.buckets.entries()) {
      const here = this.pieces[i].flatMap((piece) => names.flatMap((name) => (stateOf(piece, name) ? [[piece.place, name] as [number, string]] : []))); // biome-ignore format: one line
      const everyone = (await this.world.each(here)).flat();
      for (const name of [...new Set(everyone.map(([, name]) => name))].sort()) {
        const share = new Float32Array(length / this.world.size);
        for (const piece of this.pieces[i]) share.set((await stateOf(piece, name)?.data()) ?? [], piece.start);
        const all = await this.world.allGather(share);
        for (const [k, param] of params.entries()) {
          const place = this.params.indexOf(param);
          if (everyone.some((one) => one[0] === place && one[1] === name))
            found.push([place, name, all.slice(starts[k], starts[k] + param.size)]);
        }
      }
    }
    found.sort(([a], [b]) => a - b);
    return Object.fromEntries(
      found.map(([place, name, data]) => [`${place}.${name}`, { shape: [...this.params[place].shape], data }]),
    );
  }

  restore(state: Json, tensors: Record<string, StoredTensor>): void {
    const saved = state as unknown as OptimizerState;
    const places = this.optimizer.groups.flatMap((group) => group.params);
    const pieces = this.own.sort((a, b) => places.indexOf(a.own) - places.indexOf(b.own));
    const own: Record<string, Float32Array> = {};
    for (const [i, { place, from, to }] of pieces.entries()) {
      for (const [key, { data }] of Object.entries(tensors)) {
        const [of, name] = key.split('.');
        if (Number(of) === place) own[`${i}.${name}`] = (data as Float32Array).slice(from, to);
      }
    }
    this.optimizer.restore({ ...saved, updates: pieces.map(({ place }) => saved.updates[place]) }, own);
    Object.assign(this.before, { steps: saved.steps, updates: saved.updates });
    this.newerSince = null; // the parameters are restored, too
    this.restored = tensors;
  }
}
