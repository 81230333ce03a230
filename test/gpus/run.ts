// `npm run test:gpus`: the chosen kernels of the bench compile for four GPUs, and none spills that did not when
// bench/results/compiled/kernels.json was written. Without the compilers nothing is run.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Compiled, compileFor } from '../../bench/gpus/compile.js';
import { GPUS, openLab, withoutLab } from '../../bench/gpus/lab.js';
import type { Report } from '../../bench/gpus/report.js';
import { changeLines, changes } from '../../bench/gpus/table.js';

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

/** The compilers' folder, or nothing where they cannot be fetched. */
function lab(): string | undefined {
  try {
    const reason = withoutLab();
    if (reason === undefined) return openLab((text) => console.log(text));
    console.log(`not run: ${reason}`);
  } catch (error) {
    console.log(`not run: ${(error as Error).message}`);
  }
  return undefined;
}

async function main(): Promise<number> {
  const folder = lab();
  const kernels: Compiled[] = [];
  if (folder !== undefined) {
    const job = { words: WORDS, choice: true };
    await Promise.all(GPUS.map((gpu) => compileFor(gpu, folder, job, (kernel) => kernels.push(kernel))));
  }
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const { kernels: before } = JSON.parse(readFileSync(`${root}${BASELINE}`, 'utf8')) as Report;
  const changed = changes(kernels, before);
  if (kernels.length > 0) console.log(changeLines(changed, BASELINE).join('\n'));
  const failed = kernels.filter(
    (kernel) => kernel.error !== undefined || changed.some((c) => c.broken && c.kernel === kernel),
  );
  for (const { gpu, name, error = 'spills, and did not' } of failed) console.log(`FAIL ${gpu} ${name}: ${error}`);
  console.log(`${kernels.length - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main();
