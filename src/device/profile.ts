// Times of launches: by kernel, by layer, and as a trace for Perfetto.
import { DeviceLostError, UsageError } from '../errors.js';
import { checkOptions, oneOf, type Rule, required, requireFunction } from '../options.js';
import { activeRecorder } from './commands.js';
import { lostDuring } from './failures.js';
import { Profiler, type Span } from './profiler.js';

export type { Span } from './profiler.js';

/** What `profile` measured. */
export interface Profile {
  /** Every dispatch, in order. */
  spans: Span[];
  /** Milliseconds on the device's clock from the first dispatch's start to the last one's end. */
  deviceMs: number;
  /** Milliseconds in which no dispatch ran, of those. */
  gapMs: number;
  /** Milliseconds that recording and submitting took on the host. */
  hostMs: number;
  /** Submits. */
  submits: number;
}

/** Dispatches that belong together. */
export interface ProfileRow {
  /** The kernel, the layer, or 'layer · kernel'. */
  name: string;
  /** How many they are. */
  dispatches: number;
  /** Milliseconds on the device, added up. */
  ms: number;
  /** Bytes of the buffers bound, added up: the least that must be moved. */
  bytes: number;
  /** Floating-point operations, added up; 0 where no launcher said. */
  flops: number;
}

const isNumber = (value: unknown) => typeof value === 'number';

/** What `profile` gives: numbers, and spans with theirs. */
const aProfile: Rule = {
  be: 'what profile() gave',
  holds: (value) => {
    const { spans, deviceMs, gapMs, hostMs, submits } = (value ?? {}) as Profile;
    return (
      [deviceMs, gapMs, hostMs, submits].every(isNumber) &&
      Array.isArray(spans) &&
      Array.from(spans).every((span) => [span?.start, span?.end, span?.bytes, span?.flops].every(isNumber))
    );
  },
};
const BY = oneOf('kernel', 'layer', 'both');
const PEAKS: Rule = {
  be: 'what measurePeaks() gave',
  holds: (value) => {
    const { flops, bytes } = (value ?? {}) as { flops?: unknown; bytes?: unknown };
    return isNumber(flops) && isNumber(bytes);
  },
};

/** Recorders with a profile under way, from before its first wait on. */
const busy = new WeakSet<object>();

/**
 * Runs `body` and times each of its dispatches. Every dispatch gets a pass of its own, which costs the host more than
 * usual; times on the device are what they are without.
 * @throws UsageError if the device has no timestamps or another profile is under way, DeviceLostError.
 */
export async function profile(body: () => void | Promise<void>): Promise<Profile> {
  requireFunction('profile', 'body', body);
  const recorder = activeRecorder('profile');
  const { device, track, failures, giveUp } = recorder.host;
  if (busy.has(recorder)) throw new UsageError('profile: another profile is under way; await it first');
  const profiler = new Profiler(device, track);
  busy.add(recorder);
  let before = recorder.stats;
  try {
    await recorder.throttle(0, 'profile');
    before = { ...recorder.stats };
    recorder.profiler = profiler;
    await body();
    await recorder.throttle(0, 'profile');
  } finally {
    recorder.profiler = undefined;
    busy.delete(recorder);
  }
  const spans = await profiler.spans().catch((error) => {
    failures.check('profile');
    const lost = new DeviceLostError('the device is lost; call `await init()` to open a new one', { cause: error });
    giveUp(lost);
    throw lostDuring('profile', lost);
  });
  const deviceMs = spans.length > 0 ? Math.max(...spans.map((s) => s.end)) / 1e6 : 0;
  const busyMs = spans.reduce((sum, s) => sum + s.end - s.start, 0) / 1e6;
  return {
    ...{ spans, deviceMs, gapMs: Math.max(deviceMs - busyMs, 0) },
    hostMs: recorder.stats.hostMs - before.hostMs,
    submits: recorder.stats.submits - before.submits,
  };
}

/** The spans added up by kernel, by layer or by both, the longest first. */
export function profileRows(measured: Profile, by: 'kernel' | 'layer' | 'both' = 'kernel'): ProfileRow[] {
  checkOptions('profileRows', { measured, by }, { measured: required(aProfile), by: BY });
  return addedUp(measured.spans, by);
}

function addedUp(spans: readonly Span[], by: 'kernel' | 'layer' | 'both'): ProfileRow[] {
  const rows = new Map<string, ProfileRow>();
  for (const { kernel, layer: path, start, end, bytes, flops } of spans) {
    const layer = path || '(no layer)';
    const name = by === 'kernel' ? kernel : by === 'layer' ? layer : `${layer} · ${kernel}`;
    const row = rows.get(name) ?? { name, dispatches: 0, ms: 0, bytes: 0, flops: 0 };
    rows.set(name, row);
    row.dispatches++;
    row.ms += (end - start) / 1e6;
    row.bytes += bytes;
    row.flops += flops;
  }
  return [...rows.values()].sort((a, b) => b.ms - a.ms);
}

/**
 * A table for a terminal, by kernel unless told otherwise. With the adapter's peaks (`measurePeaks()`) it also shows the
 * share of the one that binds: multiply-adds where a kernel says how many it does, else bytes.
 */
export function profileTable(
  measured: Profile,
  options: { by?: 'kernel' | 'layer' | 'both'; peaks?: { flops: number; bytes: number } } = {},
): string {
  checkOptions('profileTable', { measured }, { measured: required(aProfile) });
  checkOptions('profileTable', options, { by: BY, peaks: PEAKS });
  const { by = 'kernel', peaks } = options;
  const rows = addedUp(measured.spans, by);
  const total = rows.reduce((sum, row) => sum + row.ms, 0);
  const width = Math.max(10, ...rows.map((r) => r.name.length));
  const head = `${by.padEnd(width)}  launches        ms   share        GB/s     GFLOP/s${peaks ? '   of peak' : ''}`;
  const lines = rows.map(({ name, dispatches, ms, bytes, flops }) => {
    const [rate, speed] = [bytes / ms / 1e6, flops / ms / 1e6];
    const peak = peaks ? Math.max((speed * 1e9) / peaks.flops, flops > 0 ? 0 : (rate * 1e9) / peaks.bytes) : 0;
    return [
      name.padEnd(width),
      String(dispatches).padStart(10),
      ms.toFixed(2).padStart(10),
      percent(ms / total).padStart(8),
      rate.toFixed(1).padStart(12),
      (flops > 0 ? speed.toFixed(1) : '').padStart(12),
      peaks ? percent(peak).padStart(10) : '',
    ].join('');
  });
  const { spans, deviceMs, gapMs, hostMs, submits } = measured;
  const perLaunch = spans.length > 0 ? (1000 * hostMs) / spans.length : 0;
  return [
    head,
    ...lines,
    `${spans.length} launches in ${submits} submit${submits === 1 ? '' : 's'}: ${deviceMs.toFixed(1)} ms on the device, ` +
      `${gapMs.toFixed(1)} ms of it between launches; ${hostMs.toFixed(1)} ms on the host (${perLaunch.toFixed(0)} µs a launch)`,
  ].join('\n');
}

/** The spans as a trace file for Perfetto (ui.perfetto.dev) or chrome://tracing. */
export function profileTrace(measured: Profile): string {
  checkOptions('profileTrace', { measured }, { measured: required(aProfile) });
  const { spans } = measured;
  const events = spans.map(({ kernel, layer, pipeline, start, end, bytes, flops }) => ({
    ...{ name: kernel, cat: layer, ph: 'X', pid: 1, tid: 1, ts: start / 1000, dur: (end - start) / 1000 },
    args: { layer, pipeline, bytes, flops },
  }));
  const layers = merged(spans).map(({ layer, start, end }) => ({
    ...{ name: layer || '(no layer)', ph: 'X', pid: 1, tid: 2, ts: start / 1000, dur: (end - start) / 1000 },
  }));
  const names = ['kernels', 'layers'].map((name, i) => ({
    ...{ name: 'thread_name', ph: 'M', pid: 1, tid: i + 1, args: { name } },
  }));
  return JSON.stringify({ traceEvents: [...names, ...events, ...layers], displayTimeUnit: 'ms' });
}

/** Runs of dispatches of one layer. */
function merged(spans: Span[]): { layer: string; start: number; end: number }[] {
  const runs: { layer: string; start: number; end: number }[] = [];
  for (const { layer, start, end } of spans) {
    const last = runs.at(-1);
    if (last?.layer === layer) last.end = end;
    else runs.push({ layer, start, end });
  }
  return runs;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
