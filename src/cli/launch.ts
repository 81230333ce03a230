// `npx wgrad launch`: a loop around mpirun, for programs that go on from their last checkpoint.
import { spawn, spawnSync } from 'node:child_process';
import { startsBefore } from '../distributed/launcher.js';
import { UsageError } from '../index.js';
import { orExplain } from './parse.js';

const HELP = `npx wgrad launch [--restarts N] [mpirun's options] PROGRAM...

Starts a program in several processes with mpirun, and again when one of them has died: the others end within seconds, and the next start goes on
from the last checkpoint. Programs are told by WGRAD_RESTART, the number of starts before, which npx wgrad train and npm run dogcat know; others
restore what they find, as TrainingRun.resume does.

  --restarts N   start again N times at most (0)
  -np N          and all that mpirun, or srun, takes: -np 8 --hostfile hosts, for example
  --help

  npx wgrad launch --restarts 3 -np 4 npx wgrad train --data pictures --out runs/pets

In a job of Slurm, with srun:

  export WGRAD_MPIRUN=srun
  npx wgrad launch --restarts 3 --mpi=pmix --kill-on-bad-exit=1 --cpu-bind=none PROGRAM

The launcher is mpirun, or what WGRAD_MPIRUN names. Ctrl-C ends the program, and it is not started again. The exit code is the last start's.`;

interface Line {
  restarts: number;
  /** mpirun's options and the program. */
  rest: string[];
}

/** Takes our own option, wherever it stands before the program's. @throws UsageError for a number that is none, and without a program. */
function parseLaunch(argv: readonly string[]): Line | null {
  const rest = [...argv];
  if (rest.includes('--help') && rest.indexOf('--help') < 2) return null;
  let restarts = 0;
  if (rest[0]?.startsWith('--restarts')) {
    const [, value] = rest[0].split('=');
    const text = value ?? rest[1];
    rest.splice(0, value === undefined ? 2 : 1);
    restarts = Number(text);
    if (!(text && Number.isInteger(restarts) && restarts >= 0))
      throw new UsageError(`launch: --restarts ${text ?? ''}: a whole number, 0 or more`);
  }
  if (rest.length === 0) throw new UsageError('launch: name a program, as in: npx wgrad launch -np 2 node train.js');
  return { restarts, rest };
}

/** Runs mpirun once. `stop` ends it. */
function start(mpirun: string, args: readonly string[], attempt: number, stop: AbortSignal): Promise<number> {
  const env = { ...process.env, WGRAD_RESTART: String(startsBefore(process.env) + attempt) };
  return new Promise((resolve, reject) => {
    const child = spawn(mpirun, args, { stdio: 'inherit', env });
    stop.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    child.on('error', (error) => {
      reject(new UsageError(`launch: ${mpirun} cannot be started (${error.message}); install an MPI (Debian: openmpi-bin or mpich), or name its launcher in WGRAD_MPIRUN`)); // biome-ignore format: one line
    });
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal === 'SIGKILL' ? 9 : 15)));
  });
}

async function main(): Promise<number> {
  const line = parseLaunch(process.argv.slice(2));
  if (!line) {
    console.log(HELP);
    return 0;
  }
  const mpirun = process.env.WGRAD_MPIRUN || 'mpirun';
  const { stdout } = spawnSync(mpirun, ['--version'], { encoding: 'utf8' });
  // A process has threads: Open MPI would give them one core. And it hands no variable to other hosts but those that are named.
  const own = /Open MPI/.test(stdout ?? '') ? ['--bind-to', 'none', '-x', 'WGRAD_RESTART'] : [];
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  for (let attempt = 0; ; attempt++) {
    const code = await start(mpirun, [...own, ...line.rest], attempt, stop.signal);
    if (code === 0 || stop.signal.aborted) return code;
    if (attempt === line.restarts) {
      if (line.restarts > 0)
        console.error(`launch: ended with exit code ${code}, after ${attempt} restarts; that was the last`);
      return code;
    }
    console.error(`launch: ended with exit code ${code}; starting again (${attempt + 1} of ${line.restarts})`);
  }
}

process.exitCode = await orExplain(main);
