// Collectives in the middle of a pass: in what order they come beside those of gradients differs from process to process.
import type { Mpi, Numbers, Request } from './mpi.js';

/**
 * Of as many numbers of each rank everyone's, a list each. A call takes its place among the others of this way at once, though its numbers come
 * later; other collectives may come between.
 */
export type Sideway = (values: Promise<Float32Array>) => Promise<Float32Array[]>;

type Run = (op: string, data: Numbers | null, start: () => Request) => Promise<void>;

/** Opens one, at all ranks. */
export async function openSideway(mpi: Mpi, run: Run): Promise<Sideway> {
  const copy = mpi.duplicate();
  await run('distribute', null, () => copy);
  const among = copy.communicator();
  let turn: Promise<unknown> = Promise.resolve();
  return (values) => {
    const begun = Promise.all([values, turn]).then(([own]) => {
      const all = new Float32Array(own.length * mpi.size);
      return { all, done: run('allGather', own, () => mpi.allGather(own, all, among)) };
    });
    turn = begun.catch(() => {});
    return begun.then(async ({ all, done }) => {
      await done;
      const each = all.length / mpi.size;
      return Array.from({ length: mpi.size }, (_, rank) => all.subarray(rank * each, (rank + 1) * each));
    });
  };
}
