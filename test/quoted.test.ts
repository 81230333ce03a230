// The figures that pages quote from the bench's report and from logs, computed from those again.
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { duration, find, QUOTED, readReport, root, speedTable } from '../bench/readme.js';
import type { Result } from '../bench/report.js';
import { elsewhere, here } from '../bench/scaling-model.js';
import { properties } from './support/properties/index.js';
import { suite } from './support/suite.js';

const test = suite('quoted');
const report = readReport();
const page = (path: string) => readFileSync(root + path, 'utf8').replace(/\s+/g, ' ');

const gigaflops = ({ flops, timing }: Result) => flops! / timing!.ms / 1e6;
const hostMicroseconds = ({ timing }: Result) => ((1000 * timing!.hostMs) / timing!.launches).toFixed(1);
const peak = (report.peaks.flops / 1e9).toFixed(1);

/** How fast the products of some cases are: `38 - 55 GFLOP/s`. */
function range(results: Result[]): string {
  const speeds = results.map(gigaflops);
  return `${Math.min(...speeds).toFixed(0)} - ${Math.max(...speeds).toFixed(0)} GFLOP/s`;
}

const paper = find(report, 'AlexNet, batch 8: training step');
const quick = find(report, 'dogcat, width 0.25, 115 pixels, batch 32: training step');
const gemm = find(report, 'gemm 1024 NN');
const convolutions = report.results.filter(({ group }) => group.startsWith('convolutions'));
const drawn = Object.values(properties).reduce((sum, { few }) => sum + few, 0);
const steps = `${duration(paper.timing!.ms)}, one submit, ${paper.timing!.launches} launches`;

/** Text that a page must have. */
const quoted: [page: string, text: string][] = [
  ['docs/kernels.md', `${peak} GFLOP/s of multiply-adds`],
  [
    'docs/kernels.md',
    `${gigaflops(gemm).toFixed(0)} GFLOP/s, ${((100 * gigaflops(gemm)) / Number(peak)).toFixed(0)} % of the peak`,
  ],
  ['docs/kernels.md', `${range(convolutions)} in AlexNet's convolutions`],
  ['docs/kernels.md', `${steps}, ${hostMicroseconds(paper)} microseconds of host time a launch`],
  ['docs/kernels.md', `${duration(quick.timing!.ms)}, ${hostMicroseconds(quick)} microseconds`],
  ['docs/results.md', steps],
  [
    'docs/paper.md',
    `32 pictures takes ${duration(quick.timing!.ms)}, the paper's of 8 takes ${duration(paper.timing!.ms)}`,
  ],
  ['docs/testing.md', `draws some ${100 * Math.round(drawn / 100)} cases`],
  ['CHANGELOG.md', `${range([gemm, ...convolutions])} on two Zen 4 cores`],
];

test('README.md has the table of speeds that the report gives', () => {
  const readme = readFileSync(`${root}README.md`, 'utf8');
  assert.ok(readme.includes(speedTable(report)), 'node scripts/run.mjs bench/readme.ts writes it');
});

test('pages quote what was measured and what is counted', () => {
  const missing = quoted.filter(([path, text]) => !page(path).includes(text)).map(([path, text]) => `${path}: ${text}`);
  assert.equal(missing, [], `as ${QUOTED}.json has it`);
});

test('docs/scaling.md has the tables of its model, which is within 20 % of what was measured', () => {
  const { table, worst } = here();
  assert.ok(worst < 0.2, String(worst));
  const missing = [table, elsewhere()].filter((text) => !readFileSync(`${root}docs/scaling.md`, 'utf8').includes(text));
  assert.equal(missing, [], 'node build/bench/scaling-model.js prints them');
});

test('the browser page gives the size of the whole library', () => {
  const [, gzipped] = /^\| everything in `wgrad` \| [\d.]+ kB \| ([\d.]+) kB \|$/m.exec(
    readFileSync(`${root}docs/logs/size.txt`, 'utf8'),
  )!;
  assert.ok(page('docs/browser.md').includes(`about ${Number(gzipped).toFixed(0)} kB gzipped`), `it is ${gzipped} kB`);
});

test.run();
