// A copy of the tree in a temporary folder, to plant faults in: the tree itself is never written to.
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Failure } from '../support/suite.js';
import type { Message } from '../support/worker.js';
import type { Fault } from './fault.js';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

const LEFT_OUT = new Set(['node_modules', '.git', 'runs', '.gpu']);

/** What a run of a test file came to. */
export interface Outcome {
  /** The first test that failed. */
  failure: Failure | null;
  seconds: number;
}

/** To be removed when done with. */
export class Copy {
  private readonly folder = mkdtempSync(join(tmpdir(), 'wgrad-faults-'));
  private child: ChildProcess | null = null;

  /** Copies what is built along, so that only what changes is compiled. */
  constructor() {
    const filter = (from: string) => !LEFT_OUT.has(basename(from));
    cpSync(root, this.folder, { recursive: true, preserveTimestamps: true, filter });
    symlinkSync(`${root}node_modules`, `${this.folder}/node_modules`);
  }

  /** Plants a fault and returns what takes it out again; null if it does not fit its file. Nothing is built. */
  plant({ file, find, replace }: Fault): (() => void) | null {
    const path = `${this.folder}/${file}`;
    const text = readFileSync(path, 'utf8');
    const parts = text.split(find);
    if (parts.length !== 2) return null;
    writeFileSync(path, parts.join(replace));
    return () => writeFileSync(path, text);
  }

  /** The compiler's first complaint; null if there is none. */
  build(): string | null {
    for (const step of [
      ['scripts/embed-wgsl.mjs'],
      ['node_modules/typescript/bin/tsc', '--build', '--pretty', 'false'],
    ]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, step, { cwd: this.folder, encoding: 'utf8' });
      const said = `${stdout}${stderr}`;
      if (status !== 0) return said.split('\n').find((line) => /error/i.test(line)) ?? said;
    }
    return null;
  }

  /** Runs a test file in a process of its own until a test fails. If it is not done within `limit` seconds it has failed. */
  test(file: string, limit: number): Promise<Outcome> {
    const built = `${this.folder}/build/test/`;
    const child = fork(`${built}support/worker.js`, ['--bail', `${built}${file}.test.js`], {
      detached: true, // with a process group of its own, for `stop`
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, TMPDIR: this.folder },
    });
    this.child = child;
    const start = performance.now();
    let running = '(starting)';
    return new Promise((resolve) => {
      const settle = (failure: Failure | null) => {
        clearTimeout(timer);
        child.removeAllListeners();
        this.stop();
        resolve({ failure, seconds: (performance.now() - start) / 1000 });
      };
      const fail = (message: string) => settle({ test: running, message, stack: '' });
      const timer = setTimeout(() => fail('it did not end'), limit * 1000);
      child.on('message', (message: Message) => {
        if (message.type === 'test') running = message.name;
        else if (message.type === 'file') settle(message.results.failures[0] ?? null);
      });
      child.on('exit', (code, signal) => fail(`the process died (${signal ?? `exit code ${code}`})`));
    });
  }

  /** Ends the tests under way, and what they have started. */
  stop(): void {
    const { child } = this;
    this.child = null;
    if (!child) return;
    try {
      if (process.platform === 'win32') child.kill('SIGKILL');
      else process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // It is gone already.
    }
  }

  remove(): void {
    this.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
