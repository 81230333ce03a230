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

/** What a run of test files came to. `failure.test` is 'file: test'. */
export interface Outcome {
  failure: Failure | null;
  /** By file, of those that were run to their end. */
  seconds: Map<string, number>;
}

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

  /** Runs test files in one process until a test fails. A file that is not done within `limit` seconds has failed. */
  test(files: readonly string[], limit: (file: string) => number): Promise<Outcome> {
    const built = `${this.folder}/build/test/`;
    const paths = files.map((file) => `${built}${file}.test.js`);
    const child = fork(`${built}support/worker.js`, ['--bail', ...paths], {
      detached: true, // with a process group of its own, for `stop`
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, TMPDIR: this.folder },
    });
    this.child = child;
    const outcome: Outcome = { failure: null, seconds: new Map() };
    let done = 0;
    let running = '(starting)';
    return new Promise((resolve) => {
      const settle = (failure: Failure | null) => {
        clearTimeout(timer);
        child.removeAllListeners();
        this.stop();
        resolve({ ...outcome, failure });
      };
      const fail = (message: string) => settle({ test: `${files[done]}: ${running}`, message, stack: '' });
      const late = () => fail('it did not end');
      let timer = setTimeout(late, limit(files[0]) * 1000);
      child.on('message', (message: Message) => {
        if (message.type === 'test') running = message.name;
        if (message.type !== 'file') return;
        const file = files[done++];
        const [failure] = message.results.failures;
        outcome.seconds.set(file, message.results.seconds);
        if (failure) settle({ ...failure, test: `${file}: ${failure.test}` });
        else if (done === files.length) settle(null);
        clearTimeout(timer);
        if (failure || done === files.length) return;
        timer = setTimeout(late, limit(files[done]) * 1000);
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
