// MPI's C functions, by way of koffi: the few that are needed. All of them return at once, but for start and end.

import { type Abi, type Kind, MPICH, openMpi, type ReduceOp, STANDARD } from './abi.js';
import { DistributedError } from './errors.js';
import { type Launcher, librariesFor } from './launcher.js';

type Call = (...args: unknown[]) => number;
type Koffi = typeof import('koffi');
type Library = ReturnType<Koffi['load']>;

/** A call under way: MPI's request, and the memory that it works on, which must stay where it is until it is done. */
export interface Request {
  handle: BigUint64Array;
  memory: readonly unknown[];
}

/** Numbers that travel between processes; f32, i32 and u8 tensors do, too. */
export type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

const KINDS = new Map<unknown, Kind>([
  ...([[Float32Array, 'f32'] as const, [Float64Array, 'f64'] as const] as const),
  ...([[Int32Array, 'i32'] as const, [Uint8Array, 'u8'] as const] as const),
]);

/** The kind of an array's elements; undefined for what does not travel. */
export const kindOf = (data: unknown): Kind | undefined => KINDS.get(Object(data).constructor);

const DONE_LATER = { flag: new Int32Array(1), status: new Int32Array(32) };

/** A loaded and started MPI. */
export class Mpi {
  readonly rank: number;
  readonly size: number;
  private readonly calls: Record<string, Call> = {};

  constructor(
    private readonly library: Library,
    readonly abi: Abi,
    readonly file: string,
  ) {
    const given = new Int32Array(1);
    this.check('MPI_Init_thread', this.call('MPI_Init_thread', 'ppip')(null, null, 0, given));
    this.check('MPI_Comm_set_errhandler', this.call('MPI_Comm_set_errhandler', 'hh')(abi.world, abi.errorsReturn));
    this.rank = this.number('MPI_Comm_rank');
    this.size = this.number('MPI_Comm_size');
  }

  /** Everyone's numbers, combined; in place. */
  allReduce(data: Numbers, op: ReduceOp): Request {
    const { inPlace, ops, world } = this.abi;
    return this.start('MPI_Iallreduce', 'ppihhh', [inPlace, data, data.length, this.kind(data), ops[op], world], data);
  }

  /** Everyone's numbers, combined, of which this rank gets its part of `into.length`; `among` is a communicator of `duplicate`. */
  reduceScatter(from: Numbers, into: Numbers, op: ReduceOp, among: number | bigint = this.abi.world): Request {
    const args = [from, into, into.length, this.kind(into), this.abi.ops[op], among];
    return this.start('MPI_Ireduce_scatter_block', 'ppihhh', args, from, into);
  }

  /** Everyone's numbers, one rank's behind the other's. */
  allGather(from: Numbers, into: Numbers, among: number | bigint = this.abi.world): Request {
    const args = [from, from.length, this.kind(from), into, from.length, this.kind(into), among];
    return this.start('MPI_Iallgather', 'pihpihh', args, from, into);
  }

  /** Part i of `from` goes to rank i, part i of `into` comes from rank i. */
  allToAll(from: Numbers, into: Numbers, among: number | bigint = this.abi.world): Request {
    const each = from.length / this.size;
    const args = [from, each, this.kind(from), into, each, this.kind(into), among];
    return this.start('MPI_Ialltoall', 'pihpihh', args, from, into);
  }

  /** `root`'s numbers, at all; in place. */
  broadcast(data: Numbers, root: number): Request {
    return this.start('MPI_Ibcast', 'pihih', [data, data.length, this.kind(data), root, this.abi.world], data);
  }

  /** Done when all have called it. */
  barrier(): Request {
    return this.start('MPI_Ibarrier', 'h', [this.abi.world]);
  }

  /** Another communicator of all ranks: calls on it are in an order of their own. `communicator` gives it when it is done. */
  duplicate(): Request & { communicator: () => number | bigint } {
    const cell = new BigUint64Array(1);
    const communicator = () => (this.abi.handle === 'int' ? new Int32Array(cell.buffer)[0] : cell[0]);
    return { ...this.start('MPI_Comm_idup', 'hp', [this.abi.world, cell], cell), communicator };
  }

  /** One rank's numbers for another. */
  send(data: Numbers, to: number, tag: number): Request {
    return this.start('MPI_Isend', 'pihiih', [data, data.length, this.kind(data), to, tag, this.abi.world], data);
  }

  /** What any rank sends with this tag. */
  receive(into: Numbers, tag: number): Request {
    const { anySource, world } = this.abi;
    return this.start('MPI_Irecv', 'pihiih', [into, into.length, this.kind(into), anySource, tag, world], into);
  }

  /** Lets MPI work, and says whether a request is done. */
  isDone({ handle }: Request): boolean {
    const { flag, status } = DONE_LATER;
    this.check('MPI_Test', this.call('MPI_Test', 'ppp')(handle, flag, status)); // MPICH takes no null for a status
    return flag[0] !== 0;
  }

  /** Gives a receive up that nobody will answer. */
  cancel({ handle }: Request): void {
    this.call('MPI_Cancel', 'p')(handle);
    this.call('MPI_Request_free', 'p')(handle);
  }

  /** Waits for all ranks, and ends MPI. */
  finalize(): void {
    this.call('MPI_Finalize', '')();
  }

  /** Ends all ranks. */
  abort(code: number): void {
    this.call('MPI_Abort', 'hi')(this.abi.world, code);
  }

  private kind(data: Numbers): number | bigint {
    return this.abi.kinds[kindOf(data)!];
  }

  private number(name: string): number {
    const into = new Int32Array(1);
    this.check(name, this.call(name, 'hp')(this.abi.world, into));
    return into[0];
  }

  private start(name: string, types: string, args: unknown[], ...memory: unknown[]): Request {
    const request = { handle: new BigUint64Array(1), memory };
    this.check(name, this.call(name, `${types}p`)(...args, request.handle));
    return request;
  }

  /** A function of the library: p is a pointer, h a handle, i an int. */
  private call(name: string, types: string): Call {
    const C: Record<string, string> = { p: 'void *', h: this.abi.handle, i: 'int' };
    const args = [...types].map((type) => C[type]).join(', ') || 'void';
    this.calls[name] ??= this.library.func(`int ${name}(${args})`) as unknown as Call;
    return this.calls[name];
  }

  private check(name: string, code: number): void {
    if (code === 0) return;
    const text = new Uint8Array(1024);
    const length = new Int32Array(1);
    this.call('MPI_Error_string', 'ipp')(code, text, length);
    const said = new TextDecoder().decode(text.subarray(0, length[0]));
    throw new DistributedError(`${name}: ${this.abi.name} says: ${said || `error ${code}`}`);
  }
}

/**
 * Loads MPI's library and starts it.
 * @throws DistributedError where koffi or the library is missing, or the library knows nothing of the launcher.
 */
export async function startMpi(launcher: Launcher, env: NodeJS.ProcessEnv): Promise<Mpi> {
  const koffi = await loadKoffi(launcher);
  const { library, file } = loadLibrary(koffi, launcher, env);
  const mpi = new Mpi(library, abiOf(koffi, library, file), file);
  if (mpi.size === 1 && launcher.size > 1) {
    const fix =
      launcher.name === 'srun'
        ? `Open MPI wants srun --mpi=pmix, MPICH --mpi=pmi2 (srun --mpi=list has what there is); WGRAD_MPI names another library`
        : "use the launcher that belongs to it, or name that launcher's library in WGRAD_MPI";
    throw new DistributedError(
      `initDistributed: ${launcher.name} started ${launcher.size} processes, but ${file} (${mpi.abi.name}) sees one alone; ${fix}`,
    );
  }
  return mpi;
}

async function loadKoffi({ name }: Launcher): Promise<Koffi> {
  try {
    return (await import('koffi')).default as unknown as Koffi;
  } catch (error) {
    throw new DistributedError(
      `initDistributed: started by ${name}, but the package koffi, which calls MPI, is not here (${(error as Error).message.split('\n')[0]}); npm install koffi`,
      { cause: error },
    );
  }
}

function loadLibrary(koffi: Koffi, launcher: Launcher, env: NodeJS.ProcessEnv): { library: Library; file: string } {
  const files = librariesFor(launcher, env);
  const reasons: string[] = [];
  for (const file of files) {
    try {
      return { library: koffi.load(file, { global: true } as object), file }; // Open MPI's own plug-ins look its names up
    } catch (error) {
      reasons.push((error as Error).message.split('\n')[0]);
    }
  }
  const found = env.WGRAD_MPI ? `WGRAD_MPI is ${files[0]}: ${reasons[0]}` : `none of ${files.join(', ')} can be loaded`;
  const fix = 'install it (Debian: libopenmpi3 or libmpich12), or name its file in WGRAD_MPI';
  throw new DistributedError(
    `initDistributed: started by ${launcher.name}, but its library is not here: ${found}; ${fix}`,
  );
}

/** Which interface a library has. The standard one's is a file of its own. */
function abiOf(koffi: Koffi, library: Library, file: string): Abi {
  if (/mpi_abi/.test(file)) return STANDARD;
  const address = (symbol: string) => BigInt(koffi.address(library.symbol(symbol)) as bigint | number);
  try {
    return openMpi(address);
  } catch {
    return MPICH;
  }
}
