// The adapter's peak rates, with which profiles and benches compare.

import { release, run, scratch, sync } from '../device/commands.js';
import { profile } from '../device/profile.js';
import { deviceInfo, features, launchPolicy } from '../device/runtime.js';
import { ceilDiv } from '../math.js';
import { peak_copy, peak_multiply_add } from './sources.gen.js';

/** What an adapter can do at most, as measured. */
export interface Peaks {
  /** Floating-point operations a second of multiply-adds in registers, fp32; a multiply-add is two. */
  flops: number;
  /** Bytes a second of a copy between buffers larger than caches, read and written. */
  bytes: number;
}

const ROUNDS = 5;
const COPY_FLOATS = 16 * 2 ** 20;
const FLOPS_A_TURN = 512;

/** The last measurement and its adapter: a second call measures nothing. */
let measured: { adapter: string; peaks: Promise<Peaks> } | undefined;

/** Measures the adapter's peaks, once; takes about a second. */
export function measurePeaks(): Promise<Peaks> {
  const adapter = JSON.stringify(deviceInfo());
  if (measured?.adapter !== adapter) measured = { adapter, peaks: measure() };
  return measured.peaks;
}

async function measure(): Promise<Peaks> {
  const { threads, turns } = launchPolicy().peak;
  const y = scratch(threads, 'peak');
  const multiplyAdds = await fastest(() =>
    run(peak_multiply_add, { y }, { turns, factor: 0.5, addend: 1 }, { groups: ceilDiv(threads, 64) }),
  );
  release(y);
  const from = scratch(COPY_FLOATS, 'peak');
  const to = scratch(COPY_FLOATS, 'peak');
  const copy = await fastest(() =>
    run(peak_copy, { x: from, y: to }, { count: COPY_FLOATS }, { groups: ceilDiv(COPY_FLOATS, 1024) }),
  );
  [from, to].forEach(release);
  return { flops: (threads * turns * FLOPS_A_TURN) / multiplyAdds, bytes: (COPY_FLOATS * 8) / copy };
}

/** Seconds of the quickest of several rounds. */
async function fastest(launch: () => void): Promise<number> {
  launch();
  await sync();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) least = Math.min(least, await seconds(launch));
  return least;
}

async function seconds(launch: () => void): Promise<number> {
  if (features().has('timestamp-query')) {
    const { spans } = await profile(launch);
    return (spans[0].end - spans[0].start) / 1e9;
  }
  const start = performance.now();
  launch();
  await sync();
  return (performance.now() - start) / 1000;
}
