// Collectives in the middle of a pass: in what order they come beside those of gradients differs from process to process.
import type { Mpi, Numbers, Request } from './mpi.js';

/** Of this process' numbers, which come later, what the collective makes. */
type Collective = (values: Promise<Float32Array>) => Promise<Float32Array>;

/** A call takes its place among the others of this way at once, though its numbers come later; other collectives may come between. */
export interface Sideway {
  /** Everyone's numbers, one rank's behind the other's. */
  gather: Collective;
  /** Part i of `size` equal parts goes to rank i; part i of the result came from rank i. */
  deal: Collective;
  /** Everyone's sums, of which this rank gets its part of `size` equal ones. */
  sums: Collective;
}

type Run = (op: string, data: Numbers | null, start: () => Request) => Promise<void>;

/** Opens one, at all ranks. */
export async function openSideway(mpi: Mpi, run: Run): Promise<Sideway> {
  const copy = mpi.duplicate();
  await run('distribute', null, () => copy);
  const among = copy.communicator();
  let turn: Promise<unknown> = Promise.resolve();
  const collective =
    (
      op: string,
      lengthOf: (own: number) => number,
      start: (own: Float32Array, into: Float32Array) => Request,
    ): Collective =>
    (values) => {
      const begun = Promise.all([values, turn]).then(([own]) => {
        const into = new Float32Array(lengthOf(own.length));
        return { into, done: run(op, own, () => start(own, into)) };
      });
      turn = begun.catch(() => {});
      return begun.then(async ({ into, done }) => {
        await done;
        return into;
      });
    };
  return {
    gather: collective(
      'allGather',
      (own) => own * mpi.size,
      (own, into) => mpi.allGather(own, into, among),
    ),
    deal: collective(
      'allToAll',
      (own) => own,
      (own, into) => mpi.allToAll(own, into, among),
    ),
    sums: collective(
      'reduceScatter',
      (own) => own / mpi.size,
      (own, into) => mpi.reduceScatter(own, into, 'sum', among),
    ),
  };
}
