// README.md's table of speeds, made of a report: node scripts/run.mjs bench/readme.ts writes it. test/quoted.test.ts
// compares the two, so that what the page says is what was measured.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Peer } from './peers.js';
import type { Report, Result } from './report.js';

export const root = fileURLToPath(new URL('../../', import.meta.url));
/** The report that the pages quote, below the project's root, without extension. */
export const QUOTED = 'bench/results/lavapipe-25.0.7';

const COLUMNS: readonly Peer[] = ['jax-js webgpu', 'tfjs webgpu', 'jax-js wasm', 'tfjs wasm'];
const ROWS = {
  'the paper’s AlexNet, 61 million parameters, batch 8, a training step': 'AlexNet, batch 8: training step',
  'the same, inference': 'AlexNet, batch 8: inference',
  'AlexNet with 2,048 hidden units, batch 8, a training step': 'AlexNet with 2048 hidden units, batch 8: training step',
  'product of two matrices of 1024 x 1024': 'gemm 1024 NN',
  'conv2 of AlexNet, batch 8': 'conv2 forward',
  'its weight gradient': 'conv2 dweight',
  'fc7, one picture': 'fc7 forward, batch 1',
  'its data gradient': 'fc7 dx, batch 1',
  'relu after conv1, batch 8': 'relu forward',
  'max-pooling after conv1, batch 8': 'max pool 1, 3x3 / 2 forward',
  'its gradient': 'max pool 1, 3x3 / 2 gradient',
  'local response norm after conv1, batch 8, gradient': 'local response norm 1 gradient',
  'Adam, 16.8 million parameters': 'Adam, 16.8 million',
};

export const readReport = (): Report => JSON.parse(readFileSync(`${root}${QUOTED}.json`, 'utf8'));

/** The case of a report with this name. */
export function find(report: Report, name: string): Result {
  const found = report.results.find((result) => result.name === name);
  if (!found) throw new Error(`${QUOTED}.json has no case '${name}'`);
  return found;
}

/** Two digits or three, in the unit that suits: `2.3 ms`, `0.98 s`. */
export function duration(ms: number): string {
  if (ms < 500) return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
  return `${ms < 1e4 ? (ms / 1000).toFixed(ms < 1000 ? 2 : 1) : (ms / 1000).toFixed(0)} s`;
}

function cell({ timing, peers = {} }: Result, peer: Peer): string {
  const other = peers[peer];
  if (!other) return '';
  if ('error' in other) return other.error.startsWith('left out') ? 'not run' : 'cannot run';
  return other.ms < timing!.ms ? `**${duration(other.ms)}**` : duration(other.ms);
}

const quicker = (peers: readonly Peer[]) => (result: Result) =>
  peers.some((peer) => {
    const other = result.peers?.[peer];
    return other !== undefined && 'ms' in other && other.ms < result.timing!.ms;
  });

/** Where peers are quicker, and how often. */
function losses({ results }: Report): string {
  const compared = results.filter(({ peers = {} }) => Object.values(peers).some((other) => 'ms' in other));
  const lost = compared.filter(quicker(COLUMNS));
  const groups = [...new Set(lost.map(({ group }) => group))];
  const list = groups.map((group) => `${group} (${lost.filter((result) => result.group === group).length})`).join('; ');
  const webgpu = compared.filter(quicker(['jax-js webgpu', 'tfjs webgpu'])).length;
  return `Of ${compared.length} cases that a peer runs, one is quicker in ${lost.length}: ${list}. A WebGPU peer is in ${webgpu === 0 ? 'none' : webgpu}.`;
}

/** The table and the sentence below it. */
export function speedTable(report: Report): string {
  const rows = Object.entries(ROWS).map(([label, name]) => {
    const result = find(report, name);
    return [label, duration(result.timing!.ms), ...COLUMNS.map((peer) => cell(result, peer))];
  });
  const head = ['', 'wgrad', ...COLUMNS.map((peer) => peer.replace('tfjs', 'TensorFlow.js').replace(' ', ', '))];
  const table = [head, head.map(() => '---'), ...rows].map((cells) =>
    `| ${cells.join(' | ')} |`.replace('|  |', '| |'),
  );
  return `${table.join('\n')}\n\n${losses(report)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readme = `${root}README.md`;
  const table = speedTable(readReport());
  writeFileSync(
    readme,
    readFileSync(readme, 'utf8').replace(/\| \| wgrad \|[\s\S]*?\n\n.*/, () => table),
  );
  console.log(table);
}
