// Runs the fuzzed readers in threads that may hang or die without harm.
import { Worker } from 'node:worker_threads';
import { SETTLE_SECONDS } from '../../support/limits.js';
import type { Finding, Work } from './worker.js';

const HEAP_MB = 512;

/** Reads `count` mutated inputs from the case `first` on; returns what went wrong. */
export async function fuzz(reader: string, seed: number, first: number, count: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (let next = first; next < first + count; ) {
    const current = new SharedArrayBuffer(4);
    new Int32Array(current)[0] = next - 1; // none is begun
    const work: Work = { reader, seed, first: next, count: first + count - next, current };
    const { found, stopped } = await watch(work, new Int32Array(current));
    findings.push(...found);
    if (!stopped) break;
    findings.push(stopped);
    if (stopped.index < next) break; // not even the whole files could be read
    next = stopped.index + 1;
  }
  return findings;
}

function watch(work: Work, at: Int32Array): Promise<{ found: Finding[]; stopped?: Finding }> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: work,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    let [last, since] = [-1, performance.now()];
    const stop = (why: string) => {
      clearInterval(timer);
      resolve({ found: [], stopped: { index: Atomics.load(at, 0), why } });
      void worker.terminate();
    };
    const timer = setInterval(() => {
      const index = Atomics.load(at, 0);
      if (index !== last) [last, since] = [index, performance.now()];
      else if (performance.now() - since > 1000 * SETTLE_SECONDS) stop(`not done after ${SETTLE_SECONDS} s`);
    }, 500);
    worker.on('message', (found: Finding[]) => {
      clearInterval(timer);
      resolve({ found });
    });
    worker.on('error', (error) => stop(`its thread died: ${error.message}`));
  });
}
