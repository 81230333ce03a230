// npm run bench: how fast every kernel is, and how near to what the adapter can do at all. Each answer is checked
// before it is timed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { orExplain, parse } from '../src/cli/parse.js';
import { deviceInfo, features, init, measurePeaks, shutdown, UsageError } from '../src/index.js';
import { forceVariant, type Variant } from '../src/kernels/tile.js';
import type { Case } from './case.js';
import { dataCases } from './data.js';
import { layerCases } from './layers.js';
import { time } from './measure.js';
import { networkCases } from './networks.js';
import { installPeers, PEERS, type Peer, runPeer } from './peers.js';
import { convCases, gemmCases } from './products.js';
import { compare, fasterPeer, hostTime, line, markdown, peerLine, type Report, type Result } from './report.js';

const USAGE = `${process.env.WGRAD_CALL ? `${process.env.WGRAD_CALL} bench` : 'npm run bench --'} [options] [WORD...]

  WORD... or --filter WORD   only cases whose group or name has one of these words
  --rounds N                 rounds a case (default 9)
  --peers                    TensorFlow.js and jax-js on the same work, webgpu and wasm
  --peer NAME                only this peer: ${PEERS.map((p) => `'${p}'`).join(', ')}
  --variant NAME             products and convolutions by: plain, tiled, subgroup, shared, matrix (default: the choice)
  --f16                      products and convolutions of halves, and nothing else
  --json FILE                write the results
  --compare FILE             what got faster and what slower than those, beyond the noise
  --report FILE.md           write a report with charts beside it
  --from FILE                write the report from those results, without measuring
  --unsafe                   without Dawn's bounds checks
  --list                     only the names`;

function options() {
  const { values, positionals } = parse({
    allowPositionals: true,
    options: {
      filter: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string', default: '9' },
      peers: { type: 'boolean', default: false },
      peer: { type: 'string', multiple: true, default: [] },
      variant: { type: 'string' },
      f16: { type: 'boolean', default: false },
      json: { type: 'string' },
      compare: { type: 'string' },
      report: { type: 'string' },
      from: { type: 'string' },
      unsafe: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return { ...values, words: [...positionals, ...values.filter], rounds: Number(values.rounds) };
}

function allCases(software: boolean, halves: boolean): Case[] {
  const batch = software ? 8 : 128;
  if (halves && !features().has('shader-f16')) throw new UsageError('--f16: this adapter has no shader-f16');
  if (halves) return [...gemmCases(software, 2), ...convCases(batch, 2)];
  return [
    ...gemmCases(software),
    ...convCases(batch),
    ...layerCases(batch),
    ...networkCases(software),
    ...dataCases(Math.max(1, availableParallelism() - 1)),
  ];
}

async function timed(one: Case, rounds: number): Promise<Result> {
  const { group, name, flops, bytes, images } = one;
  const result: Result = { group, name, flops, bytes, images };
  try {
    await one.check();
  } catch (error) {
    return { ...result, error: `NOT TIMED, the answer is wrong: ${(error as Error).message}` };
  }
  const { run, release } = await one.prepare();
  try {
    return { ...result, timing: await time(run, one.rounds ?? rounds, one.wall) };
  } finally {
    await release();
  }
}

async function addPeers(cases: Case[], results: Result[], peers: readonly Peer[], rounds: number): Promise<void> {
  installPeers();
  const jobs = cases.flatMap(({ name, peer }) => (peer ? [{ ...peer, name, rounds: Math.min(rounds, 5) }] : []));
  for (const peer of peers) {
    console.log(`\n${peer}`);
    await runPeer(peer, jobs, (name, found) => {
      const result = results.find((r) => r.name === name)!;
      result.peers = { ...result.peers, [peer]: found };
      if (result.timing) console.log(`  ${name}\n${peerLine(result, peer)}`);
    });
  }
}

function summary(results: Result[]): string[] {
  const ratios = results.flatMap((r) => {
    const peer = fasterPeer(r);
    return peer && r.timing ? [{ name: r.name, ratio: peer.ms / r.timing.ms, peer: peer.peer }] : [];
  });
  if (ratios.length === 0) return [];
  const slower = ratios.filter((r) => r.ratio < 1);
  const mean = Math.exp(ratios.reduce((sum, r) => sum + Math.log(r.ratio), 0) / ratios.length);
  return [
    `\nAgainst the quicker WebGPU peer of each case: ${mean.toFixed(1)} x in the geometric mean over ${ratios.length} cases`,
    ...slower.map((r) => `  slower than ${r.peer}: ${r.name}, ${r.ratio.toFixed(2)} x`),
  ];
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function writeReport(report: Report, file: string): void {
  const { text, charts } = markdown(report, file.replace(/^.*\//, '').replace(/\.md$/, ''));
  write(file, text);
  for (const [name, svg] of Object.entries(charts)) write(join(dirname(file), name), svg);
  console.log(`\nReport: ${file}`);
}

async function main(): Promise<number> {
  const { words, rounds, variant, unsafe, ...rest } = options();
  if (rest.help) {
    console.log(USAGE);
    return 0;
  }
  if (rest.from && rest.report) {
    writeReport(JSON.parse(readFileSync(rest.from, 'utf8')), rest.report);
    return 0;
  }
  await init({ unsafe });
  const info = deviceInfo();
  if (variant) forceVariant(variant as Variant);
  const matches = ({ group, name }: Case) => words.some((word) => `${group} ${name}`.includes(word));
  const cases = allCases(info.software, rest.f16).filter((one) => words.length === 0 || matches(one));
  if (cases.length === 0) throw new UsageError(`no case has '${words.join("', '")}' in its name; --list lists them`);
  if (rest.list) {
    for (const { group, name } of cases) console.log(`${group}: ${name}`);
    return 0;
  }
  const peaks = await measurePeaks();
  const adapter = info.name;
  const clock = features().has('timestamp-query') ? "the adapter's clock" : 'wall clock';
  console.log(
    `${adapter}: medians of ${rounds} rounds, ${clock}, answers checked${unsafe ? ', bounds checks off' : ''}`,
  );
  console.log(
    `peaks: ${(peaks.flops / 1e9).toFixed(1)} GFLOP/s multiply-adds, ${(peaks.bytes / 1e9).toFixed(1)} GB/s copying`,
  );
  const results: Result[] = [];
  let group = '';
  for (const one of cases) {
    if (one.group !== group) console.log(`\n${one.group}`);
    group = one.group;
    results.push(await timed(one, rounds));
    console.log(line(results.at(-1)!, peaks));
  }
  for (const text of results.flatMap(hostTime)) console.log(`  ${text}`);
  await shutdown(); // the peers get the machine to themselves
  const peers = rest.peer.length > 0 ? (rest.peer as Peer[]) : PEERS;
  if (rest.peers || rest.peer.length > 0) await addPeers(cases, results, peers, rounds);
  for (const text of summary(results)) console.log(text);

  const date = new Date().toISOString().slice(0, 10);
  const flags = process.argv
    .slice(2)
    .filter((flag, i, all) => !/^--(json|report)/.test(flag) && !/^--(json|report)$/.test(all[i - 1] ?? ''));
  const report: Report = { adapter, date, flags, peaks, results };
  if (rest.compare)
    console.log(`\nSince ${rest.compare}:\n${compare(report, JSON.parse(readFileSync(rest.compare, 'utf8')))}`);
  if (rest.json) write(rest.json, `${JSON.stringify(report, null, 1)}\n`);
  if (rest.report) writeReport(report, rest.report);
  return results.some((r) => !r.timing) ? 1 : 0;
}

process.exitCode = await orExplain(main);
