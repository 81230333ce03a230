// TensorFlow.js and jax-js on the same work, the same adapter and in the same run, each in a process of its own.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../src/index.js';
import type { PeerJob } from './case.js';
import { summarize } from './measure.js';

export const PEERS = ['tfjs webgpu', 'tfjs wasm', 'jax-js webgpu', 'jax-js wasm'] as const;
export type Peer = (typeof PEERS)[number];

/** A peer's timing, or why there is none. */
export type PeerResult = { ms: number; low: number; high: number } | { error: string };

/** A peer gets this long for all of its jobs: on wasm a single convolution takes up to 14 s. */
const SECONDS = { webgpu: 900, wasm: 150 };

const folder = fileURLToPath(new URL('../../bench/peers/', import.meta.url));

/** Installs the peers, which the library does not depend on, if they are not there. */
export function installPeers(): void {
  if (!existsSync(folder)) throw new UsageError('bench: --peers needs the repository; the package leaves them out');
  if (existsSync(join(folder, 'node_modules'))) return;
  console.log('bench: installing TensorFlow.js and jax-js under bench/peers');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error('bench: npm could not install the peers');
}

/** Runs one peer over named jobs; calls back as each is measured. */
export async function runPeer(
  peer: Peer,
  jobs: (PeerJob & { name: string; rounds: number })[],
  onResult: (name: string, result: PeerResult) => void,
): Promise<void> {
  const [library, backend] = peer.split(' ');
  const script = join(folder, library === 'tfjs' ? 'tfjs.mjs' : 'jax.mjs');
  const scratch = mkdtempSync(join(tmpdir(), 'wgrad-bench-'));
  const list = join(scratch, 'jobs.json');
  writeFileSync(list, JSON.stringify(jobs));
  const left = new Set(jobs.map((job) => job.name));
  const child = spawn(process.execPath, [script, backend, list], { stdio: ['ignore', 'pipe', 'pipe'] });
  const seconds = backend === 'wasm' ? SECONDS.wasm : SECONDS.webgpu;
  let outOfTime = false;
  const limit = setTimeout(() => {
    outOfTime = true;
    child.kill('SIGKILL');
  }, seconds * 1000);
  let lastWords = '';
  child.stderr.on('data', (text) => {
    lastWords = `${lastWords}${text}`.slice(-2000);
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const result = line.startsWith('{') ? JSON.parse(line) : null;
    if (!result || !left.delete(result.name)) continue;
    onResult(result.name, result.ms ? summarize(result.ms) : { error: result.error });
  }
  const code = await ended;
  clearTimeout(limit);
  const words = lastWords.trim().split('\n').at(-1) || `exit code ${code}`;
  const reason = outOfTime ? `left out, this peer had used up its ${seconds} s` : `the process ended: ${words}`;
  for (const name of left) onResult(name, { error: reason });
  rmSync(scratch, { recursive: true });
}
