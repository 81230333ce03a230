// A thread that reads mutated files one after the other. It notes which one it is at, so that whoever watches it knows
// what it hangs at or dies of.
import { parentPort, workerData } from 'node:worker_threads';
import { mixKey, Random } from '../../../src/data/random.js';
import { countAllocations, taken } from './allocation.js';
import { cleanUp, NAME, type Reader, readers } from './readers.js';

export interface Work {
  reader: string;
  seed: number;
  first: number;
  count: number;
  /** Which case is being read, shared. */
  current: SharedArrayBuffer;
}

export interface Finding {
  index: number;
  why: string;
}

/** What every reader may take, whatever the input's size. */
const ALLOWANCE = 1 << 20;

/** What is wrong with how a case was read; null if nothing is. */
function judge({ errors, bytesPerByte, read }: Reader, input: Uint8Array): string | null {
  taken();
  let why: string | null = null;
  try {
    read(input);
  } catch (thrown) {
    const error = thrown as Error;
    if (!errors.some((type) => error instanceof type)) why = `${error?.name}: ${error?.message}\n${error?.stack}`;
    else if (!error.message.startsWith(NAME) && errors.every((type) => type.name !== 'UsageError')) {
      why = `the message does not name the file: ${error.message}`;
    }
  }
  const bytes = taken();
  if (bytes > ALLOWANCE + bytesPerByte * input.length) why ??= `took ${bytes} bytes for a file of ${input.length}`;
  if ('polluted' in {} || Object.keys(Object.prototype).length > 0) why ??= 'Object.prototype was changed';
  return why;
}

const { reader: name, seed, first, count, current } = workerData as Work;
const at = new Int32Array(current);
const nameKey = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7);
countAllocations();
const findings: Finding[] = [];
readers[name].input(new Random(seed)); // makes what files it needs
for (const whole of readers[name].whole()) readers[name].read(whole); // throws: then nothing here would mean anything
for (let index = first; index < first + count; index++) {
  Atomics.store(at, 0, index);
  const why = judge(readers[name], readers[name].input(new Random(mixKey(seed, nameKey, index))));
  if (why) findings.push({ index, why });
}
cleanUp();
parentPort!.postMessage(findings);
