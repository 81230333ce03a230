// `npm run gpus`: what four GPUs' compilers make of the kernels, without a GPU. docs/gpus.md says how to read it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { orExplain, parse } from '../../src/cli/parse.js';
import { UsageError, WgradError } from '../../src/index.js';
import { type Compiled, canStart, compileFor, mesaOf } from './compile.js';
import { GPUS, type GpuName, openLab, withoutLab } from './lab.js';
import { ownKernel } from './launches.js';
import { markdown, type Report } from './report.js';
import { beside, changeLines, changes, done, LEGEND, table } from './table.js';

/** What the kernels of the repository came to last. */
const BASELINE = 'bench/results/compiled/kernels.json';

const USAGE = `${process.env.WGRAD_CALL ? `${process.env.WGRAD_CALL} gpus` : 'npm run gpus --'} [options] [WORD... | FILE.wgsl]

  WORD...          only what the bench's cases launch whose group or name has one of these words (npm run bench -- --list)
  FILE.wgsl        a kernel of your own, as kernel() takes it
  --gpu NAME       only this compiler: ${GPUS.join(', ')}; may be given several times
  --choice         only the kernels that are chosen, not the other variants of products and convolutions
  --asm            the machine code of each kernel beside its WGSL
  --json FILE      write all figures
  --compare FILE   what got better and what worse since those; exit code 1 where something spills that did not (a run of
                   everything: ${BASELINE}, where that is)
  --report FILE.md write a report
  --from FILE      write the report from those figures, without compiling`;

function options() {
  const { values, positionals } = parse({
    allowPositionals: true,
    options: {
      gpu: { type: 'string', multiple: true, default: [] },
      choice: { type: 'boolean', default: false },
      asm: { type: 'boolean', default: false },
      json: { type: 'string' },
      compare: { type: 'string' },
      report: { type: 'string' },
      from: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = values.gpu.find((name) => !(GPUS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new UsageError(`--gpu: no compiler '${unknown}'; there are ${GPUS.join(', ')}`);
  const file = positionals.find((name) => name.endsWith('.wgsl'));
  if (file !== undefined && positionals.length > 1) throw new UsageError('give words or one .wgsl file, not both');
  const gpus = values.gpu.length > 0 ? (values.gpu as GpuName[]) : [...GPUS];
  return { ...values, gpus, file, words: file === undefined ? positionals : [] };
}

function readReport(file: string): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`gpus: ${file} is no file that --json wrote: ${(error as Error).message}`);
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function writeReport(report: Report, file: string): void {
  write(file, markdown(report));
  console.log(`Report: ${file}`);
}

/** Tells on a terminal how far each GPU is. */
function progress(): { show(gpu: GpuName, done: number, all: number): void; clear(): void } {
  const at = new Map<GpuName, string>();
  const print = (text: string) => process.stderr.isTTY && process.stderr.write(`\r${text.padEnd(70)}\r`);
  return {
    show(gpu, finished, all) {
      at.set(gpu, `${gpu} ${finished}/${all}`);
      print([...at.values()].join('  '));
    },
    clear: () => print(''),
  };
}

async function compileAll({ gpus, file, words, choice, asm }: ReturnType<typeof options>): Promise<Report> {
  const lab = openLab((text) => console.error(text));
  const shown = progress();
  const all: Compiled[][] = gpus.map(() => []);
  const code: string[] = [];
  const settled = await Promise.allSettled(
    gpus.map((gpu, i) =>
      compileFor(gpu, lab, { words, file, choice }, (kernel, sources, count) => {
        all[i].push(kernel);
        shown.show(gpu, all[i].length, count);
        if (asm) code.push(`\n${gpu} ${kernel.label}`, ...beside(sources, process.stdout.columns ?? 160));
      }),
    ),
  );
  shown.clear();
  if (code.length > 0) console.log(code.join('\n'));
  const kernels = all.flat();
  const failures = settled.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Error).message] : []));
  for (const failure of failures) console.error(failure);
  if (failures.length === gpus.length) throw new WgradError('gpus: no compiler came to its list of kernels');
  if (kernels.length === 0)
    throw new UsageError(`no case has '${words.join("', '")}' in its name; npm run bench -- --list has them`);
  const driver = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))[0];
  return { compilers: mesaOf(driver), failures, date: new Date().toISOString().slice(0, 10), kernels };
}

async function main(): Promise<number> {
  const given = options();
  if (given.help) {
    console.log(USAGE);
    return 0;
  }
  if (given.from !== undefined) {
    if (given.report === undefined) throw new UsageError('--from: --report FILE.md says where to');
    writeReport(readReport(given.from), given.report);
    return 0;
  }
  if (given.file !== undefined) ownKernel(given.file); // a file that breaks a rule is told once, not by each GPU
  const everything = !given.choice && given.file === undefined && given.words.length === 0 && given.gpus.length === GPUS.length; // biome-ignore format: one line
  const compare = given.compare ?? (everything && existsSync(BASELINE) ? BASELINE : undefined);
  const before = compare === undefined ? undefined : readReport(compare);
  if (withoutLab() === undefined && !canStart()) throw new UsageError('gpus: `stdbuf` (coreutils) is missing');
  const report = await compileAll(given);
  for (const gpu of given.gpus) {
    console.log(
      `\n${table(
        gpu,
        report.kernels.filter((kernel) => kernel.gpu === gpu),
      ).join('\n')}`,
    );
  }
  console.log(`\n${LEGEND.join('\n')}`);
  const changed = before && changes(report.kernels, before.kernels);
  if (changed) console.log(`\n${changeLines(changed, compare!).join('\n')}`);
  if (given.json !== undefined) write(given.json, `${JSON.stringify(report, null, 1)}\n`);
  if (given.report !== undefined) writeReport(report, given.report);
  const failed =
    report.failures.length > 0 ||
    report.kernels.some((kernel) => !done(kernel)) ||
    changed?.some(({ broken }) => broken);
  return failed ? 1 : 0;
}

process.exitCode = await orExplain(main);
