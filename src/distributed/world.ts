// The processes that an MPI launcher started, and what they do together.
import { availableParallelism, hostname } from 'node:os';
import type { Json } from '../checkpoint/stateful.js';
import { showValue, UsageError } from '../errors.js';
import { showBytes } from '../math.js';
import { checkOptions, oneOf, positive, type Rules, whole } from '../options.js';
import { Tensor } from '../tensor/tensor.js';
import type { ReduceOp } from './abi.js';
import { DistributedError } from './errors.js';
import { kindOf, type Mpi, type Numbers, type Request } from './mpi.js';
import type { Peer } from './peers.js';
import { openSideway, type Sideway } from './sideway.js';
import { Watch } from './watch.js';

/** How long ranks wait for each other. */
export interface WaitOptions {
  /** Seconds that a collective may take. Default 600. */
  timeout?: number;
  /** Seconds after which a rank that is not heard of counts as lost, though its process may exist. Default 60. */
  heartbeat?: number;
}

/** How `allReduce` and `reduceScatter` combine numbers. */
export interface ReduceOptions {
  /** 'sum' (default), 'max' or 'min', element by element. */
  op?: ReduceOp;
}

export const WAIT_RULES: Rules<WaitOptions> = { timeout: positive, heartbeat: positive };
const REDUCE_RULES: Rules<ReduceOptions> = { op: oneOf('sum', 'max', 'min') };

const CORES = availableParallelism();
/** Elements of a call: MPI counts in 31 bits, and the state of a large model has more bytes. */
const MOST = 2 ** 30;
/** Crowded ranks look without pause for so long. */
const SPIN_MS = 0.3;

interface Pending {
  what: string;
  request: Request;
  since: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * All processes of a program; `initDistributed` gives it. Every rank must call the same collectives in the same order. A world of one
 * answers at once. PyTorch: torch.distributed's functions.
 */
export class World {
  /** Which process this is, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  private readonly pending = new Set<Pending>();
  private peers: readonly Peer[];
  private watch: Watch | undefined;
  private failure: DistributedError | undefined;
  private polling = false;

  /** `mpi` is null in a world of one. @internal */
  constructor(
    private readonly mpi: Mpi | null,
    private readonly wait: Required<WaitOptions>,
  ) {
    this.rank = mpi?.rank ?? 0;
    this.size = mpi?.size ?? 1;
    this.peers = [{ rank: this.rank, host: hostname(), pid: process.pid }];
  }

  /** Learns who the others are, and looks after them from here on. @internal */
  async meet(): Promise<void> {
    this.peers = await this.each(this.peers[0]);
    if (this.together) this.watch = new Watch(this.mpi!, this.peers, this.wait.heartbeat, (error) => this.fail(error));
  }

  /** Which process of its machine this is, from 0. */
  get localRank(): number {
    return this.local.findIndex(({ rank }) => rank === this.rank);
  }

  /** How many processes this machine has. */
  get localSize(): number {
    return this.local.length;
  }

  private get local(): readonly Peer[] {
    const own = this.peers.find(({ rank }) => rank === this.rank)!;
    return this.peers.filter(({ host }) => host === own.host);
  }

  /** Rank 0: the one that prints, saves and reports. */
  get isFirst(): boolean {
    return this.rank === 0;
  }

  /** The library and its interface, such as 'libmpi.so.40 (Open MPI)'; 'no MPI' in a world of one without a launcher. */
  get library(): string {
    return this.mpi ? `${this.mpi.file} (${this.mpi.abi.name})` : 'no MPI';
  }

  /**
   * Everyone's numbers combined, in place, at every rank; returns what it was given. PyTorch: dist.all_reduce.
   * @throws DistributedError if a rank is lost or does not come in time; UsageError for what does not travel.
   */
  async allReduce<T extends Numbers | Tensor>(value: T, options: ReduceOptions = {}): Promise<T> {
    checkOptions('allReduce', options, REDUCE_RULES);
    const { op = 'sum' } = options;
    requireNumeric('allReduce', value);
    return this.inPlace('allReduce', value, (mpi, data) => mpi.allReduce(data, op));
  }

  /** Rank `root`'s numbers (default 0's) at every rank, in place; returns what it was given. PyTorch: dist.broadcast. @throws as `allReduce`. */
  async broadcast<T extends Numbers | Tensor>(value: T, root = 0): Promise<T> {
    checkOptions('broadcast', { root }, { root: whole(0) });
    if (root >= this.size) throw new UsageError(`broadcast: root is a rank, 0 to ${this.size - 1}, got ${root}`);
    return this.inPlace('broadcast', value, (mpi, data) => mpi.broadcast(data, root));
  }

  /** The numbers of all ranks, which have as many each, rank 0's first: size times as many. PyTorch: dist.all_gather_into_tensor. @throws as `allReduce`. */
  async allGather<T extends Numbers>(value: T | Tensor): Promise<T> {
    const data = (await this.read('allGather', value)) as T;
    const all = like(data, data.length * this.size);
    if (!this.together) all.set(data);
    else await this.run('allGather', data, (mpi) => mpi.allGather(data, all));
    return all;
  }

  /**
   * Everyone's numbers combined, of which each rank gets its part: the first of `size` equal parts is rank 0's. PyTorch: dist.reduce_scatter_tensor.
   * @throws as `allReduce`; UsageError where there are not as many for each.
   */
  async reduceScatter<T extends Numbers>(value: T | Tensor, options: ReduceOptions = {}): Promise<T> {
    checkOptions('reduceScatter', options, REDUCE_RULES);
    requireNumeric('reduceScatter', value);
    const data = (await this.read('reduceScatter', value)) as T;
    this.requireParts('reduceScatter', data);
    const part = like(data, data.length / this.size);
    if (!this.together) part.set(data);
    else await this.run('reduceScatter', data, (mpi) => mpi.reduceScatter(data, part, options.op ?? 'sum'));
    return part;
  }

  /** Part i of `size` equal parts goes to rank i; what came from rank i is part i of the result. PyTorch: dist.all_to_all_single. @throws as `reduceScatter`. */
  async allToAll<T extends Numbers>(value: T): Promise<T> {
    const data = (await this.read('allToAll', value)) as T;
    this.requireParts('allToAll', data);
    const all = like(data, data.length);
    if (!this.together) all.set(data);
    else await this.run('allToAll', data, (mpi) => mpi.allToAll(data, all));
    return all;
  }

  /** A plain value of each rank, in their order. PyTorch: dist.all_gather_object. @throws as `allReduce`. */
  async each<T extends Json>(value: T): Promise<T[]> {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const lengths = await this.allGather(Int32Array.of(bytes.length));
    const longest = Math.max(...lengths);
    const padded = new Uint8Array(longest);
    padded.set(bytes);
    const all = await this.allGather(padded);
    return Array.from(lengths, (n, i) =>
      JSON.parse(new TextDecoder().decode(all.subarray(i * longest, i * longest + n))),
    );
  }

  /** Rank 0's plain value, at every rank. PyTorch: dist.broadcast_object_list. @throws as `allReduce`. */
  async first<T extends Json>(value: T): Promise<T> {
    return (await this.each(this.isFirst ? value : null))[0] as T;
  }

  /** A way for numbers to meet beside all other collectives. @internal */
  async sideway(): Promise<Sideway> {
    if (!this.together) return { gather: (values) => values, deal: (values) => values, sums: (values) => values };
    return openSideway(this.mpi!, (op, data, start) => this.run(op, data, start));
  }

  /** Waits until all ranks have come here. PyTorch: dist.barrier. @throws as `allReduce`. */
  async barrier(): Promise<void> {
    if (this.together) await this.run('barrier', null, (mpi) => mpi.barrier());
  }

  /** Whether the end of this process by an error is that of all. @internal */
  get takesAllDown(): boolean {
    return this.mpi !== null && !this.failure; // with a rank gone MPI's calls would not return
  }

  /** Ends MPI: waits for the others, or where something went wrong, ends them. @internal */
  end(code: number): void {
    if (!this.takesAllDown) return;
    this.watch?.close();
    if (code === 0) this.mpi!.finalize();
    else this.mpi!.abort(code);
  }

  private get together(): boolean {
    return this.size > 1;
  }

  private requireParts(op: string, data: Numbers): void {
    if (data.length % this.size === 0) return;
    throw new UsageError(`${op}: ${data.length} numbers cannot be cut into ${this.size} equal parts; pad them`);
  }

  private async read(op: string, value: Numbers | Tensor): Promise<Numbers> {
    const data = value instanceof Tensor ? await value.data() : value;
    if (kindOf(data)) return data as Numbers;
    throw new UsageError(
      `${op}: takes a tensor, or a Float32Array, Float64Array, Int32Array or Uint8Array, got ${showValue(value)}`,
    );
  }

  private async inPlace<T extends Numbers | Tensor>(
    op: string,
    value: T,
    start: (mpi: Mpi, data: Numbers) => Request,
  ): Promise<T> {
    if (!this.together) {
      if (!(value instanceof Tensor)) await this.read(op, value); // looks at it
      return value;
    }
    const data = await this.read(op, value);
    const parts = Array.from({ length: Math.ceil(data.length / MOST) || 1 }, (_, i) => data.subarray(i * MOST, (i + 1) * MOST)); // biome-ignore format: one line
    await Promise.all(parts.map((part) => this.run(op, part, (mpi) => start(mpi, part))));
    if (value instanceof Tensor) value.set(data);
    return value;
  }

  /** Starts a call, and settles when it is done; the event loop goes on meanwhile. */
  private run(op: string, data: Numbers | null, start: (mpi: Mpi) => Request): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      const what = data ? `${op} of ${showBytes(data.byteLength)}` : op;
      this.pending.add({ what, request: start(this.mpi!), since: performance.now(), resolve, reject });
      if (this.polling) return;
      this.polling = true;
      setImmediate(this.poll);
    });
  }

  /** MPI works only while it is called. */
  private readonly poll = (): void => {
    for (const call of this.pending) {
      try {
        if (this.mpi!.isDone(call.request)) {
          this.pending.delete(call);
          call.resolve();
        } else if (performance.now() - call.since > 1000 * this.wait.timeout) this.fail(this.late(call));
      } catch (error) {
        this.pending.delete(call);
        call.reject(error);
      }
    }
    this.polling = this.pending.size > 0;
    if (!this.polling) return;
    const [{ since }] = this.pending; // the oldest
    if (this.crowded && performance.now() - since > SPIN_MS) setTimeout(this.poll, 1);
    else setImmediate(this.poll);
  };

  /** Whether the ranks of this machine leave no core to what they wait for: then they sleep between two looks. */
  private get crowded(): boolean {
    return 2 * this.localSize > CORES;
  }

  private late({ what }: Pending): DistributedError {
    const suspects = this.watch?.suspects() ?? [];
    const who =
      suspects.length > 0
        ? suspects.join('; ')
        : 'all ranks are alive: one may be in another part of the program, or hang';
    return new DistributedError(`${what}: not done after ${this.wait.timeout} s: ${who}`);
  }

  /** From here on no collective can end. Whether one was under way. */
  private fail(error: DistributedError): boolean {
    this.failure ??= error;
    const met = this.pending.size > 0;
    for (const call of this.pending) call.reject(this.failure);
    this.pending.clear();
    return met;
  }
}

function requireNumeric(op: string, value: Numbers | Tensor): void {
  if (value instanceof Uint8Array || Object(value).dtype === 'u8')
    throw new UsageError(`${op}: bytes are not combined; make them i32 or f32`);
}

function like<T extends Numbers>(data: T, length: number): T {
  return new (data.constructor as new (length: number) => T)(length);
}
