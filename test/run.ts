// Runs every test file: `npm test`, or `npm test -- conv2d pool` for the files whose path has one of these words, and
// `npm test -- '!train/' '!node/'` for those whose path has neither;
// `npm test -- --times 10 signals` runs them ten times, each time in a new process. `npm run test:deno`, `test:bun`, `test:mesa26` and
// `test:mpi` (`--engine`) run them on what support/engines.ts says; where it cannot be had that fails, unless ALLOW_NO_ENGINE=1.
// The files share one child process, so that they share one device. A file that crashes or hangs it fails, by name,
// and the files after it get a new one.
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ENGINES, type Engine } from './support/engines.js';
import { valuesOnDisk } from './support/golden.js';
import { FILE_SECONDS, SETTLE_SECONDS } from './support/limits.js';
import { needsMpi, testFiles } from './support/portable.js';
import { orderOf } from './support/program.js';
import { showResults, showSkips, showTotal } from './support/report.js';
import type { Failure, Results } from './support/suite.js';
import type { Message } from './support/worker.js';

const built = fileURLToPath(new URL('.', import.meta.url));
const worker = `${built}support/worker.js`;

const total = { passed: 0, failed: 0 };
const skips: { file: string; test: string; reason: string }[] = [];
const read = new Set<string>();
const leftOut = new Map<string, string>();

function note(file: string, results: Results): void {
  total.passed += results.passed;
  total.failed += results.failures.length;
  skips.push(...results.skipped.map((skip) => ({ file, ...skip })));
  console.log(showResults(file, results));
}

function noteFailure(file: string, failure: Partial<Failure> & { message: string }, seconds = 0): void {
  note(file, { passed: 0, failures: [{ test: file, stack: '', ...failure }], skipped: [], seconds });
}

/** Runs the files in one child until it ends or is killed; returns how many are dealt with. */
function runFiles(files: string[]): Promise<number> {
  const paths = files.map((file) => `${built}${file}.test.js`);
  const { WGRAD_TEST_READS } = process.env;
  const env = { ...process.env, ...engine?.env, ...(WGRAD_TEST_READS && orderOf(WGRAD_TEST_READS)) };
  const program = engine && { execPath: engine.execPath, execArgv: engine.execArgv };
  const child = fork(worker, paths, { detached: true, env, ...program }); // with a process group of its own, for killAll
  let done = 0;
  let test = '(starting)';
  let fileStart = performance.now();
  let timedOut = false;
  let timer = limit(FILE_SECONDS);

  function limit(seconds: number): NodeJS.Timeout {
    return setTimeout(() => {
      timedOut = true;
      killAll(child);
    }, seconds * 1000);
  }
  child.on('message', (message: Message) => {
    if (message.type === 'test') test = message.name;
    if (message.type === 'test') return;
    clearTimeout(timer);
    timer = limit(message.type === 'end' ? SETTLE_SECONDS : FILE_SECONDS);
    if (message.type === 'end') return;
    note(files[done++], message.results);
    for (const value of message.valuesRead) read.add(value);
    for (const [value, reason] of message.valuesLeftOut) leftOut.set(value, reason);
    fileStart = performance.now();
    test = '(loading the file)';
  });
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      const seconds = (performance.now() - fileStart) / 1000;
      if (done < files.length) {
        const message = timedOut ? `still running after ${FILE_SECONDS} s` : died(code, signal);
        noteFailure(files[done], { test, message }, seconds);
        resolve(done + 1);
        return;
      }
      if (timedOut)
        noteFailure('end of the process', { message: `it did not end by itself within ${SETTLE_SECONDS} s` });
      else if (code !== 0)
        noteFailure('end of the process', { message: `it ended with ${signal ?? `exit code ${code}`}` });
      resolve(done);
    });
    stopWith(child);
  });
}

function died(code: number | null, signal: string | null): string {
  if (code === 13) return 'the process had nothing left to wait for: a promise never settles'; // Node's own code
  return `the process died (${signal ?? `exit code ${code}`})`;
}

/** Ends a child and the programs that its tests have started. */
function killAll(child: ChildProcess): void {
  if (process.platform === 'win32') child.kill('SIGKILL');
  else process.kill(-child.pid!, 'SIGKILL');
}

/** Ctrl-C ends the child as well, and leaves with the usual code. */
function stopWith(child: ChildProcess): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.removeAllListeners(signal);
    process.once(signal, () => {
      child.removeAllListeners('exit');
      killAll(child);
      process.exit(signal === 'SIGINT' ? 130 : 143);
    });
  }
}

/** A golden value that no test has compared with is a hole in the suite. */
function checkGoldenValues(): void {
  const missed = valuesOnDisk().filter((value) => !read.has(value) && !leftOut.has(value));
  const message = `no test has read ${missed.length} of PyTorch's values: ${missed.slice(0, 20).join(', ')}`;
  if (missed.length > 0) noteFailure('golden values', { test: 'every value on disk is compared with', message });
  else note('golden values', { passed: 1, failures: [], skipped: [], seconds: 0 });
}

/** What `--engine` names; undefined for Node with the machine's own adapter. Ends the program where it cannot be had. */
async function prepare(name: string | undefined): Promise<Engine | undefined> {
  if (name === undefined) return;
  try {
    if (!(name in ENGINES)) throw new Error(`there is no such engine; there are ${Object.keys(ENGINES).join(', ')}`);
    const engine = await ENGINES[name]();
    console.log(engine.title);
    return engine;
  } catch (error) {
    const allowed = process.env.ALLOW_NO_ENGINE === '1';
    console.log(`NOT RUN, nothing on ${name}: ${(error as Error).message}`);
    console.log(showTotal(0, allowed ? 0 : 1, 1));
    process.exit(allowed ? 0 : 1);
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { times: { type: 'string' }, engine: { type: 'string' } },
});
const words = positionals.filter((word) => !word.startsWith('!'));
const not = positionals.filter((word) => word.startsWith('!')).map((word) => word.slice(1));
const engine = await prepare(values.engine);
const times = Number(values.times ?? 1);
const files = testFiles()
  .filter((file) => engine?.runs(file) ?? (!needsMpi(file) || words.length > 0))
  .filter((file) => words.length === 0 || words.some((word) => `test/${file}.test.ts`.includes(word)))
  .filter((file) => !not.some((word) => `test/${file}.test.ts`.includes(word)));

if (files.length === 0)
  noteFailure('test/run', { message: `no test file's path is as ${positionals.join(', ')} ask for` });
for (const file of files.filter((f) => !existsSync(`${built}${f}.test.js`))) {
  noteFailure(file, { message: 'it was not compiled: see the errors of `npm run build`' });
}
for (let time = 1; time <= times; time++) {
  if (times > 1) console.log(`time ${time} of ${times}`);
  let left = files.filter((f) => existsSync(`${built}${f}.test.js`));
  while (left.length > 0) left = left.slice(await runFiles(left));
}
if (positionals.length === 0 && !engine && process.env.ALLOW_NO_GPU !== '1') checkGoldenValues();
const notCompared = [...leftOut].map(([test, reason]) => ({ file: 'golden', test, reason }));
for (const text of [showSkips('NOT COMPARED', notCompared), showSkips('NOT RUN', skips)]) if (text) console.log(text);
if (!engine && positionals.length === 0)
  console.log('NOT RUN: training in several processes over MPI; `npm run test:mpi` shows it');
console.log(showTotal(total.passed, total.failed, skips.length));
process.exitCode = total.failed > 0 ? 1 : 0;
