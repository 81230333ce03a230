// Preloaded into a program that a test halts (`halted` in ../program.ts). The program stands still, wherever it is, when it
// prints a line or writes a file that the test waits for; so that what comes next is in the test's hands, on any adapter.
// Over pipe 3 it reads a pattern, runs to it, says 'halted', and reads the next; an empty one lets it run for good. After '!' its
// device answers nothing on the way: the program may hear of a signal, and gets no further.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { replaceMethod } from './dawn.js';

const PIPE = 3;
const NEWLINE = 10;

let wanted: RegExp | undefined;
/** What the device's answers wait for. */
let released: Promise<void> | undefined;
let release = () => {};

/** Blocks until the test says how far to go. */
function stand(): void {
  const line: number[] = [];
  for (const byte = Buffer.alloc(1); byte[0] !== NEWLINE; line.push(byte[0])) {
    if (fs.readSync(PIPE, byte) === 0) process.exit(1); // the test is gone
  }
  const [, silent, pattern] = Buffer.from(line)
    .toString()
    .trimEnd()
    .match(/^(!?)(.*)$/)!;
  wanted = pattern === '' ? undefined : new RegExp(pattern);
  if (silent) {
    released = new Promise((resolve) => {
      release = resolve;
    });
  }
}

function happens(what: string): void {
  if (!wanted?.test(what)) return;
  release();
  fs.writeSync(PIPE, 'halted\n');
  stand();
}

/** After each call of a function of `fs`, says what it did. */
function watch(name: 'openSync' | 'renameSync', what: (...args: unknown[]) => string): void {
  const own = fs[name] as (...args: unknown[]) => unknown;
  const watched = (...args: unknown[]) => {
    const result = own(...args);
    happens(what(...args));
    return result;
  };
  Object.assign(fs, { [name]: watched });
}

type Asked = (this: never, ...args: never[]) => Promise<unknown>;

/** An answer of the device comes, but not before it may. */
function late(own: Asked): Asked {
  return async function (this: never, ...args: never[]) {
    const answer = await own.apply(this, args);
    await released;
    return answer;
  };
}

if (isMainThread) {
  stand();
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = ((chunk: string, ...rest: []) => {
    const written = write(chunk, ...rest);
    happens(String(chunk));
    return written;
  }) as typeof write;
  watch('openSync', (path, flags) => `${flags === 'w' ? 'writing' : 'reading'} ${basename(String(path))}`);
  watch('renameSync', (_, to) => `wrote ${basename(String(to))}`);
  syncBuiltinESMExports();
  replaceMethod('GPUBuffer', 'mapAsync', late);
  replaceMethod('GPUDevice', 'createComputePipelineAsync', late);
}
