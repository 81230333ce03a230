// The process that runs test files, one after the other, on one device. test/run.ts starts it and reads its messages.
import { pathToFileURL } from 'node:url';
import { valuesLeftOut, valuesRead } from './golden.js';
import { deferSuites, type Failure, failure, type Results, runSuites } from './suite.js';

/** What test/run.ts hears: a test started, a file is done, all files are done. */
export type Message =
  | { type: 'test'; name: string }
  | { type: 'file'; results: Results; valuesRead: string[]; valuesLeftOut: [string, string][] }
  | { type: 'end' };

const send = (message: Message) => new Promise<void>((sent) => process.send?.(message, () => sent()));

/** `--bail` before the files: stop at the first test that fails. */
const bail = process.argv.includes('--bail');
let running = '(loading the file)';
const strays: Failure[] = [];

async function runFile(file: string): Promise<Results> {
  const start = performance.now();
  await note('(loading the file)');
  await import(pathToFileURL(file).href).catch(addStray);
  const results = await runSuites(note, { bail });
  if (results.passed + results.failures.length + results.skipped.length + strays.length === 0) {
    addStray(new Error('it has no tests: is `test.run()` missing?'));
  }
  await new Promise(setImmediate); // rejections that nobody handled are reported between two turns
  results.failures.push(...strays.splice(0));
  return { ...results, seconds: (performance.now() - start) / 1000 };
}

function note(test: string): Promise<void> {
  running = test;
  return send({ type: 'test', name: test });
}

/** An error that no test caught fails the test that was running, and the others go on. */
function addStray(error: unknown): void {
  strays.push(failure(running, error));
}

process.on('uncaughtException', addStray);
process.on('unhandledRejection', addStray);
const leave = () => process.exit(1);
process.once('disconnect', leave); // test/run.ts is gone

deferSuites();
for (const file of process.argv.slice(bail ? 3 : 2)) {
  const results = await runFile(file);
  const golden = { valuesRead: [...valuesRead], valuesLeftOut: [...valuesLeftOut] };
  await send({ type: 'file', results, ...golden });
  if (bail && results.failures.length > 0) break;
}
await send({ type: 'end' });
process.removeListener('disconnect', leave);
process.disconnect(); // the process now has to end by itself, though its device is still open
