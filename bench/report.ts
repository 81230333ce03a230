// What the bench prints and writes: lines for a terminal, a report with charts, and what changed since another run.
import { barChart } from './chart.js';
import type { Timing } from './measure.js';
import { PEERS, type Peer, type PeerResult } from './peers.js';

/** One case, timed. */
export interface Result {
  group: string;
  name: string;
  flops?: number;
  bytes?: number;
  images?: number;
  timing?: Timing;
  /** Why there is no timing: the answer was wrong, or it cannot run here. */
  error?: string;
  peers?: Partial<Record<Peer, PeerResult>>;
}

/** Everything of one run of the bench. */
export interface Report {
  adapter: string;
  date: string;
  flags: string[];
  peaks: { flops: number; bytes: number };
  results: Result[];
}

const percent = (share: number) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
const milliseconds = (ms: number) => (ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2));

/** How fast: GFLOP/s, GB/s or images a second, and the share of the adapter's own peak that binds. */
export function speed(result: Result, peaks: Report['peaks']): { rate: string; share: string } {
  const { flops, bytes, images, timing } = result;
  if (!timing) return { rate: '', share: '' };
  const seconds = timing.ms / 1000;
  if (images) return { rate: `${Math.round(images / seconds)} images/s`, share: '' };
  // A product of few rows moves more than it computes: the nearer peak is the one that binds.
  const computed = flops ? flops / seconds / peaks.flops : 0;
  const moved = bytes ? bytes / seconds / peaks.bytes : 0;
  const rate = flops
    ? `${(flops / seconds / 1e9).toFixed(1)} GFLOP/s`
    : bytes
      ? `${(bytes / seconds / 1e9).toFixed(1)} GB/s`
      : '';
  const share = computed >= moved ? `${percent(computed)} of FMA` : `${percent(moved)} of copy`;
  return { rate, share };
}

/** One result as a line. */
export function line(result: Result, peaks: Report['peaks']): string {
  const name = result.name.padEnd(46);
  if (!result.timing) return `  ${name}${result.error}`;
  const { ms, low, high, clock } = result.timing;
  const { rate, share } = speed(result, peaks);
  const spread = `${milliseconds(low)} - ${milliseconds(high)}`;
  return `  ${name}${milliseconds(ms).padStart(8)} ms ${`(${spread})`.padEnd(18)}${rate.padStart(16)}  ${share}${clock === 'wall' ? ' (wall clock)' : ''}`.trimEnd();
}

/** The quicker WebGPU peer, if one ran. */
export function fasterPeer({ peers = {} }: Result): { peer: Peer; ms: number } | undefined {
  const ran = (['tfjs webgpu', 'jax-js webgpu'] as const).flatMap((peer) => {
    const result = peers[peer];
    return result && 'ms' in result ? [{ peer, ms: result.ms }] : [];
  });
  return ran.sort((a, b) => a.ms - b.ms)[0];
}

/** A peer's time beside ours: `12.3 ms, 4.1 x`. */
function beside(result: Result, peer: Peer): string {
  const other = result.peers?.[peer];
  if (!other) return '';
  if ('error' in other) return other.error.startsWith('left out') ? other.error : `cannot run: ${other.error}`;
  return `${milliseconds(other.ms)} ms, ${(other.ms / result.timing!.ms).toFixed(1)} x`;
}

/** What a peer took, as a line below ours. */
export function peerLine(result: Result, peer: Peer): string {
  return `      ${peer.padEnd(42)}${beside(result, peer)}`;
}

/** The report as markdown, and its charts by file name. */
export function markdown(report: Report, name: string): { text: string; charts: Record<string, string> } {
  const { adapter, date, flags, peaks, results } = report;
  const groups = [...new Set(results.map((r) => r.group))];
  const charts: Record<string, string> = {};
  const withPeers = results.some((r) => r.peers);
  const parts = [
    `# ${adapter}`,
    `${date}, \`npm run bench${flags.length > 0 ? ` -- ${flags.join(' ')}` : ''}\`. Medians; in brackets the quickest and the slowest round.`,
    `The adapter's own peaks, measured by kernels of ours: ${(peaks.flops / 1e9).toFixed(1)} GFLOP/s of fp32 multiply-adds in registers, ${(peaks.bytes / 1e9).toFixed(1)} GB/s copying. "Of FMA" and "of copy" are shares of these; what fits the caches can be quicker than a copy that does not. A peer's "x" is its time over ours in this run.`,
  ];
  for (const group of groups) {
    const rows = results.filter((r) => r.group === group);
    const head = ['', 'ms', 'speed', 'share', ...(withPeers ? PEERS : [])];
    parts.push(
      `## ${group}`,
      [head, head.map(() => '---'), ...rows.map((r) => row(r, peaks, withPeers))]
        .map((cells) => `| ${cells.join(' | ')} |`)
        .join('\n'),
    );
    const host = rows.flatMap(hostTime);
    if (host.length > 0) parts.push(host.map((text) => `- ${text}`).join('\n'));
    const chart = withPeers ? chartOf(rows) : '';
    if (!chart) continue;
    const file = `${name}-${group.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}.svg`;
    charts[file] = chart;
    parts.push(`![${group}: time of the peers over ours](${file})`);
  }
  return { text: `${parts.join('\n\n')}\n`, charts };
}

/** Host time a launch, of a whole training step. */
export function hostTime({ name, timing }: Result): string[] {
  if (!timing || !name.endsWith('training step')) return [];
  const { hostMs, launches, submits } = timing;
  const each = ((1000 * hostMs) / launches).toFixed(1);
  const submitted = `${submits.toFixed(0)} submit${submits === 1 ? '' : 's'}`;
  return [`${name}: ${launches.toFixed(0)} launches, ${submitted}, ${each} µs of host time a launch`];
}

function row(result: Result, peaks: Report['peaks'], withPeers: boolean): string[] {
  const { name, timing, error = '' } = result;
  const peers = withPeers ? PEERS.map((peer) => beside(result, peer)) : [];
  if (!timing) return [name, error, '', '', ...peers];
  const { rate, share } = speed(result, peaks);
  const spread = `${milliseconds(timing.low)} – ${milliseconds(timing.high)}`;
  return [name, `${milliseconds(timing.ms)} (${spread})`, rate, share, ...peers];
}

function chartOf(rows: Result[]): string {
  const bars = rows.flatMap((r) => {
    const ratios = (['tfjs webgpu', 'jax-js webgpu'] as const).map((peer) => {
      const other = r.peers?.[peer];
      return other && 'ms' in other && r.timing ? other.ms / r.timing.ms : null;
    });
    return ratios.some((ratio) => ratio !== null) ? [{ name: r.name, ratios }] : [];
  });
  return bars.length > 0 ? barChart('times slower than wgrad', ['tfjs webgpu', 'jax-js webgpu'], bars) : '';
}

/** What changed beyond the noise since an older report: a case counts only if the rounds do not overlap. */
export function compare(now: Report, before: Report): string {
  const lines: string[] = [];
  if (now.adapter !== before.adapter) lines.push(`the adapters differ: ${before.adapter} then, ${now.adapter} now`);
  let same = 0;
  for (const { name, timing } of now.results) {
    const old = before.results.find((r) => r.name === name)?.timing;
    if (!timing || !old) continue;
    const faster = timing.high < old.low;
    if (!faster && timing.low <= old.high) {
      same++;
      continue;
    }
    const ratio = faster ? old.ms / timing.ms : timing.ms / old.ms;
    const change = `${milliseconds(old.ms)} -> ${milliseconds(timing.ms)} ms`;
    lines.push(`${faster ? 'faster' : 'SLOWER'}  ${name.padEnd(46)}${change.padEnd(22)}${ratio.toFixed(2)} x`);
  }
  return [...lines, `${same} within the noise`].join('\n');
}
