// Open MPI binds each process to a core where it starts few of them, and to a group of cores where it starts more.
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, hostname } from 'node:os';

/** The cores that a process may run on. */
export type Binding = { host: string /** As the system lists them: '0-3,8'. */; allowed: string; cores: number };

/** With fewer cores the threads of Node and of a driver wait for each other. */
const ENOUGH = 4;

/** This process'; '' for cores that the system does not list. */
export function ownBinding(): Binding {
  let allowed = '';
  try {
    allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  } catch {} // no Linux
  return { host: hostname(), allowed, cores: availableParallelism() };
}

/**
 * What to say to who started these processes, the first one's own first, if those of its machine were each given few cores of the `total`
 * there are; undefined if not. A container or a scheduler gives all of them the same ones, which nobody need be told.
 */
export function bindingWarning(all: readonly Binding[], total = cpus().length): string | undefined {
  const [{ host, cores }] = all;
  const lists = new Set(all.filter((one) => one.host === host).map(({ allowed }) => allowed));
  if (lists.size === 1 || cores >= Math.min(ENOUGH, total)) return undefined;
  return (
    `initDistributed: mpirun has bound each process to ${cores === 1 ? 'one' : cores} of ${total} cores, for which its threads and a software ` +
    'adapter wait in turn; start it with mpirun --bind-to none'
  );
}
