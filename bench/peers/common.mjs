// What both peers share: WebGPU for Node, random numbers, the clock, one JSON line a job.
import { readFileSync } from 'node:fs';
import { create, globals } from 'webgpu';

const QUICK_MS = 100;
const LONG_MS = 3000;

/** Gives Node a `navigator.gpu`, as a browser has. */
export function provideWebGpu() {
  Object.assign(globalThis, globals);
  const value = { gpu: create([]), userAgent: 'node', hardwareConcurrency: 2, language: 'en' };
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true });
}

/** Numbers in [-1, 1), the same at every run. */
export function numbers(count, seed) {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Milliseconds of a run, round by round. `run` starts it (or more), `wait` waits until the device is done. */
async function time({ run, wait }, rounds) {
  const once = async (repeats) => {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) await run();
    await wait();
    return (performance.now() - start) / repeats;
  };
  const first = await once(1); // compiles
  if (first > LONG_MS) return [await once(1)];
  const repeats = Math.max(1, Math.min(20, Math.ceil(QUICK_MS / (await once(1)))));
  const times = [];
  for (let round = 0; round < rounds; round++) times.push(await once(repeats));
  return times;
}

/** Runs the jobs of the file; `prepare(job)` returns { run, wait, release } or throws why it cannot. */
export async function runJobs(file, prepare) {
  for (const job of JSON.parse(readFileSync(file, 'utf8'))) {
    let line;
    try {
      const prepared = await prepare(job);
      line = { name: job.name, ms: await time(prepared, job.rounds ?? 5) };
      prepared.release?.();
    } catch (error) {
      const reason = String(error?.message ?? error)
        .split('\n')[0]
        .slice(0, 160);
      line = { name: job.name, error: reason };
    }
    console.log(JSON.stringify(line));
  }
  process.exit(0); // Dawn would keep the process alive
}
