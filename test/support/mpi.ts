// Programs started by an MPI launcher, each installed MPI in turn.
import { spawn, spawnSync } from 'node:child_process';
import { PROGRAM_SECONDS } from './limits.js';
import type { Ended } from './program.js';
import type { Suite } from './suite.js';

/** An installed MPI. */
export interface Launcher {
  name: 'Open MPI' | 'MPICH';
  version: string;
  command: string;
  args: string[];
  env: Record<string, string>;
}

const KNOWN: Omit<Launcher, 'version'>[] = [
  {
    name: 'Open MPI',
    command: process.env.WGRAD_TEST_OPENMPI ?? 'mpirun.openmpi',
    args: ['--oversubscribe', '--bind-to', 'none'], // a process' threads are not for one core
    env: { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
  },
  { name: 'MPICH', command: process.env.WGRAD_TEST_MPICH ?? 'mpirun.mpich', args: [], env: {} },
];

/** Those that are here. */
export const launchers: Launcher[] = KNOWN.flatMap((known) => {
  const { status, stdout } = spawnSync(known.command, ['--version'], { encoding: 'utf8' });
  return status === 0 ? [{ ...known, version: /\d+\.\d+[.\w]*/.exec(stdout)?.[0] ?? '' }] : [];
});

/** The same test with each MPI. */
export function withEach(test: Suite, name: string, body: (launcher: Launcher) => Promise<void>): void {
  for (const launcher of launchers) test(`${launcher.name}: ${name}`, () => body(launcher));
}

/** How a program is started. */
export interface Job {
  launcher: Launcher;
  ranks: number;
  /** Node's arguments: the program's file and its own. */
  program: readonly string[];
  env?: Record<string, string>;
  /** The launcher's own options. */
  args?: readonly string[];
}

/** Starts `ranks` processes. `heard` grows while they run. */
export function startJob({ launcher, ranks, program, env = {}, args = [] }: Job): {
  heard: { output: string };
  ended: Promise<Ended>;
  pid: number;
} {
  const all = [...launcher.args, ...args, '-np', String(ranks), process.execPath, ...program];
  const child = spawn(launcher.command, all, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...launcher.env, ...env },
    timeout: PROGRAM_SECONDS * 1000,
  });
  const heard = { output: '', out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    heard.output += text;
    heard.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    heard.output += text;
    heard.err += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, ...heard }));
  });
  return { heard, ended, pid: child.pid! };
}

/** Runs a job to its end. */
export const runJob = (job: Job): Promise<Ended> => startJob(job).ended;
