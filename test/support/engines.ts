// Other programs and drivers that the tests run on, beside Node with the machine's own adapter: `npm run test:deno`, `test:bun`,
// `test:mesa26`. What one needs is installed when it is first asked for.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openLab, underLavapipe } from '../../bench/gpus/lab.js';
import { launchers } from './mpi.js';
import { isPortable, needsMpi } from './portable.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What runs test/support/worker.js. */
export interface Engine {
  /** For a report: the program, its version, and whose WebGPU it has. */
  title: string;
  execPath: string;
  execArgv: string[];
  env: Record<string, string>;
  /** Whether it can run a test file, such as 'ops/conv2d'. */
  runs(file: string): boolean;
}

/** Makes an engine ready. @throws Error with what was tried, where it cannot be had. */
type Prepare = () => Promise<Engine>;

/** A program of test/engines/package.json. */
async function installed(name: 'bun' | 'deno'): Promise<{ execPath: string; version: string }> {
  const folder = `${root}test/engines/`;
  const { installPackages } = await import(new URL('../../../scripts/setup.mjs', import.meta.url).href);
  installPackages(folder, 'Bun and Deno');
  const execPath = `${folder}node_modules/.bin/${name}`;
  const { status, stdout, stderr, error } = spawnSync(execPath, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} does not start: ${error?.message ?? stderr}`);
  return { execPath, version: stdout.match(/\d+\.\d+\.\d+/)![0] };
}

/** Every engine, by the name that `--engine` takes. */
export const ENGINES: { [name: string]: Prepare } = {
  async deno() {
    const { execPath, version } = await installed('deno');
    const execArgv = ['run', '--allow-all'];
    return { title: `Deno ${version}, wgpu`, execPath, execArgv, env: {}, runs: isPortable };
  },
  async bun() {
    const { execPath, version } = await installed('bun');
    return { title: `Bun ${version}, Dawn`, execPath, execArgv: [], env: {}, runs: () => true };
  },
  async mpi() {
    if (launchers.length === 0)
      throw new Error('no mpirun is installed (Debian: apt-get install openmpi-bin libopenmpi3 mpich libmpich12)');
    const title = launchers.map(({ name, version }) => `${name} ${version}`).join(', ');
    return { title, execPath: process.execPath, execArgv: [], env: {}, runs: needsMpi };
  },
  async mesa26() {
    const { file, env } = underLavapipe(openLab(console.log));
    return {
      title: 'Node, Dawn on Mesa 26.1',
      execPath: file,
      execArgv: ['--enable-source-maps'],
      env,
      runs: () => true,
    };
  },
};
