// A program under test: what it says, where it is halted, how it ends.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { PROGRAM_SECONDS } from './limits.js';

export interface Ended {
  code: number | null;
  /** What ended it, if it did not exit by itself. */
  signal: NodeJS.Signals | null;
  /** Standard output and standard error, as they came. */
  output: string;
  /** Each of its own. */
  out: string;
  err: string;
}

export interface Program {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Waits until it has printed this. Fails if it ends before. */
  said(pattern: RegExp): Promise<void>;
  /**
   * Lets a program that is halted go on until it prints or does this, and halts it there. Fails if it ends before. `silent`: its
   * device answers nothing on the way, so that it can do no more than hear of a signal. Default false.
   */
  runTo(pattern: RegExp, how?: { silent?: boolean }): Promise<void>;
  /** Lets a program that is halted go on for good. `silent` as in `runTo`. */
  goOn(how?: { silent?: boolean }): void;
}

export interface ProgramOptions {
  /** Before its first line it waits for `runTo` or `goOn`; see programs/halts.ts. Default false. */
  halted?: boolean;
  /** Set besides the environment of the tests. */
  env?: Record<string, string>;
}

const halts = new URL('./programs/halts.js', import.meta.url).href;

/** Starts Node with these arguments, the program's file among them. */
export function startProgram(args: readonly string[], { halted = false, env = {} }: ProgramOptions = {}): Program {
  const child = spawn(process.execPath, [...(halted ? ['--import', halts] : []), ...args], {
    stdio: ['ignore', 'pipe', 'pipe', halted ? 'pipe' : 'ignore'],
    env: { ...process.env, ...env },
    timeout: PROGRAM_SECONDS * 1000,
    killSignal: 'SIGKILL',
  });
  const heard = { output: '', out: '', err: '', halts: '' };
  let over = false;
  const wake: (() => void)[] = [];
  const woken = () => {
    for (const waiting of wake.splice(0)) waiting();
  };
  const listen = (stream: NodeJS.ReadableStream, ...into: (keyof typeof heard)[]) =>
    stream.setEncoding('utf8').on('data', (text) => {
      for (const name of into) heard[name] += text;
      woken();
    });
  listen(child.stdout!, 'output', 'out');
  listen(child.stderr!, 'output', 'err');
  const control = child.stdio[3] as Duplex | null;
  if (control) listen(control, 'halts').on('error', () => {}); // it was killed
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      over = true;
      woken();
      resolve({ code, signal, ...heard });
    });
  });
  const until = async (happened: () => boolean, what: string) => {
    while (!happened()) {
      assert.not(over, `it ended without ${what}:\n${heard.output}`);
      await new Promise<void>((resolve) => wake.push(resolve));
    }
  };
  const command = (text: string, { silent = false } = {}) => void control!.write(`${silent ? '!' : ''}${text}\n`);
  return {
    child,
    ended,
    said: (pattern) => until(() => pattern.test(heard.output), `saying ${pattern}`),
    async runTo(pattern, how) {
      const before = heard.halts.length;
      command(pattern.source, how);
      await until(() => heard.halts.length > before, `coming to ${pattern}`);
    },
    goOn: (how) => command('', how),
  };
}

const reads = new URL('./programs/reads.js', import.meta.url).href;

/** For a process that is to see another adapter's order, 'slow' or 'fast', and for all that it starts; see programs/reads.ts. */
export const orderOf = (adapter: string): Record<string, string> => ({
  WGRAD_TEST_READS: adapter,
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${reads}`,
});

/** The path of a compiled file, named from build/. */
export const built = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
