// `npm run test:gpus`: the chosen kernels of the bench compile for four GPUs, and none spills that did not when
// bench/results/compiled/kernels.json was written; a training step of AlexNet and one of the quick preset end without an error on
// each. Nothing is computed there: a loss is rubbish, and not looked at. Where the compilers cannot be had nothing is run; that
// fails, unless ALLOW_NO_LAB=1.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Compiled, compileFor } from '../../bench/gpus/compile.js';
import { GPUS, type GpuName, openLab, withoutLab } from '../../bench/gpus/lab.js';
import type { Report } from '../../bench/gpus/report.js';
import { changeLines, changes } from '../../bench/gpus/table.js';
import { showResults, showTotal } from '../support/report.js';
import type { Results } from '../support/suite.js';
import { steps } from './steps.js';

/** A kernel or a step by its name, and what went wrong. */
type Outcome = [name: string, error: string | undefined];

const BASELINE = 'bench/results/compiled/kernels.json';
/** The largest tiles of each layout, and every kernel of a network's layers once. */
const WORDS = [
  'gemm 1024',
  'conv2',
  'conv3',
  'fc6 forward, batch 128',
  'pool 1',
  'norm 1',
  'relu',
  'entropy',
  'optimizers',
];

/** The compilers' folder. @throws Error where they cannot be had. */
function lab(): string {
  const reason = withoutLab();
  if (reason !== undefined) throw new Error(reason);
  return openLab((text) => console.log(text));
}

/** A GPU's kernels, and then its steps. */
async function examine(folder: string, gpu: GpuName, before: readonly Compiled[]): Promise<Results> {
  const start = performance.now();
  const kernels: Compiled[] = [];
  await compileFor(gpu, folder, { words: WORDS, choice: true }, (kernel) => kernels.push(kernel));
  const changed = changes(kernels, before);
  const broken = new Set(changed.filter((change) => change.broken).map(({ kernel }) => kernel));
  const told = kernels.map(({ name, error }, i): Outcome => {
    return [name, error ?? (broken.has(kernels[i]) ? `it spills, and did not in ${BASELINE}` : undefined)];
  });
  const trained = (await steps(folder, gpu)).map(([network, error]): Outcome => [`a training step, ${network}`, error]);
  const outcomes = [...told, ...trained];
  const failures = outcomes.flatMap(([test, message]) => (message === undefined ? [] : [{ test, message, stack: '' }]));
  const seconds = (performance.now() - start) / 1000;
  if (changed.length > 0) console.log(changeLines(changed, BASELINE).join('\n'));
  return { passed: outcomes.length - failures.length, failures, skipped: [], seconds };
}

async function main(): Promise<number> {
  const total = { passed: 0, failed: 0 };
  let folder: string;
  try {
    folder = lab();
  } catch (error) {
    const allowed = process.env.ALLOW_NO_LAB === '1';
    console.log(`NOT RUN, no kernel was compiled for a GPU: ${(error as Error).message}`);
    console.log(showTotal(0, allowed ? 0 : 1, 1));
    return allowed ? 0 : 1;
  }
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const { kernels: before } = JSON.parse(readFileSync(`${root}${BASELINE}`, 'utf8')) as Report;
  await Promise.all(
    GPUS.map(async (gpu) => {
      const results = await examine(folder, gpu, before);
      total.passed += results.passed;
      total.failed += results.failures.length;
      console.log(showResults(`gpus/${gpu}`, results));
    }),
  );
  console.log(showTotal(total.passed, total.failed, 0));
  return total.failed === 0 ? 0 : 1;
}

process.exitCode = await main();
