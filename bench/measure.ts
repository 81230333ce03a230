// How a case is timed: on the adapter's clock where it has one, by the wall clock elsewhere and for whole steps.
import { activity, deviceInfo, features, profile, sync } from '../src/index.js';

/** Milliseconds of one run: the median of several rounds, and the quickest and slowest of them. */
export interface Timing {
  ms: number;
  low: number;
  high: number;
  rounds: number;
  clock: 'device' | 'wall';
  /** Launches, submits and milliseconds of host time (the median) of one run. */
  launches: number;
  submits: number;
  hostMs: number;
}

/** Rounds shorter than this are noise on a wall clock. */
const LEAST_ROUND_MS = 60;

/** A card that waited, while the host made a case's numbers, runs at half its clock or less: so long it works before it is timed. */
const WAKING_MS = 400;

export function summarize(times: readonly number[]): Pick<Timing, 'ms' | 'low' | 'high' | 'rounds'> {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const ms = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { ms, low: sorted[0], high: sorted.at(-1)!, rounds: sorted.length };
}

/** Times `run`, which records launches and submits nothing, or with `wall` whatever it does until the device is done. */
export async function time(run: () => void | Promise<void>, rounds: number, wall = false): Promise<Timing> {
  await run();
  await sync(); // compiles, fills the pool
  if (!deviceInfo().software) await wake(run);
  return wall || !features().has('timestamp-query') ? byTheWall(run, rounds) : onTheDevice(run, rounds);
}

async function wake(run: () => void | Promise<void>): Promise<void> {
  const start = performance.now();
  while (performance.now() - start < WAKING_MS) {
    await run();
    await sync(1); // two runs under way: the card never waits
  }
  await sync();
}

async function onTheDevice(run: () => void | Promise<void>, rounds: number): Promise<Timing> {
  const repeats = Math.max(1, Math.min(20, Math.ceil(LEAST_ROUND_MS / (await profile(run)).deviceMs)));
  const repeated = async () => {
    for (let i = 0; i < repeats; i++) await run();
  };
  const times: number[] = [];
  let last = await profile(repeated); // a warm cache and awake threads, as in a training step
  for (let round = 0; round < rounds; round++) {
    last = await profile(repeated);
    times.push(last.deviceMs / repeats);
  }
  const { spans, submits, hostMs } = last;
  const each = (count: number) => count / repeats;
  return {
    ...summarize(times),
    ...{ clock: 'device', launches: each(spans.length), submits: each(submits), hostMs: each(hostMs) },
  };
}

async function byTheWall(run: () => void | Promise<void>, rounds: number): Promise<Timing> {
  let repeats = 1;
  const round = async (): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) await run();
    await sync();
    return (performance.now() - start) / repeats;
  };
  repeats = Math.max(1, Math.min(50, Math.ceil(LEAST_ROUND_MS / (await round()))));
  const before = activity();
  const times: number[] = [];
  const host: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const { hostMs } = activity();
    times.push(await round());
    host.push((activity().hostMs - hostMs) / repeats);
  }
  const after = activity();
  const each = (name: 'dispatches' | 'submits') => (after[name] - before[name]) / (rounds * repeats);
  const counts = { launches: each('dispatches'), submits: each('submits'), hostMs: summarize(host).ms };
  return { ...summarize(times), clock: 'wall', ...counts };
}
