// Plants each fault of the table in a copy of the tree and runs the tests that must notice: `npm run test:mutants`, or
// with words for the faults whose file, name or tests have one of them. Ends with a line `N planted, N caught, N alive`.
//   --list        only prints the faults
//   --shard 1/2   every second one; 2/2 at the same time uses another core
//   --missed      those that were not caught when they were planted last
//   --markdown    only prints the table of docs/testing.md: who caught what, when each was planted last
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Copy, type Outcome, root } from './copy.js';
import type { Fault } from './fault.js';
import { faults } from './table.js';

/** What became of a fault: the test that failed, 'ALIVE', or why nothing could be said. */
interface Verdict {
  caught: boolean;
  by: string;
}

/** How long a test file may take with a fault in it, or five times what it takes without. */
const LEAST_SECONDS = 60;
const MOST_SECONDS = 600;
/** What is known of each fault from when it was planted last. */
const kept = `${root}build/planted-faults.json`;
const key = ({ file, fault }: Fault) => `${file}: ${fault}`;
const verdicts = (): Record<string, Verdict> => (existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {});
const keep = (fault: Fault, verdict: Verdict) =>
  writeFileSync(kept, JSON.stringify({ ...verdicts(), [key(fault)]: verdict }, null, 1));

const args = process.argv.slice(2);
const option = (name: string) => args.includes(`--${name}`);
const [shard, shards] = (args[args.indexOf('--shard') + 1] ?? '')
  .match(/^(\d+)\/(\d+)$/)
  ?.slice(1)
  .map(Number) ?? [1, 1];
const words = args.filter((arg) => !arg.startsWith('--') && !/^\d+\/\d+$/.test(arg));
const past = verdicts();
const chosen = faults
  .filter((f) => words.length === 0 || words.some((word) => [f.file, f.fault, ...f.tests].join('\n').includes(word)))
  .filter((f) => !option('missed') || !past[key(f)]?.caught)
  .filter((_, i) => i % shards === shard - 1);

if (option('list')) for (const f of chosen) console.log(`${key(f)}  (${f.tests.join(', ')})`);
else if (option('markdown')) console.log(markdown());
else process.exitCode = await plantAll();

/** The table of docs/testing.md. */
function markdown(): string {
  const plain = (text: string) => text.replaceAll('|', '\\|');
  const rows = chosen.map(
    (f) => `| ${f.file.replace('src/', '')} | ${plain(f.fault)} | ${plain(past[key(f)]?.by ?? 'not planted yet')} |`,
  );
  return ['| in | fault | caught by |', '| --- | --- | --- |', ...rows].join('\n');
}

/** Returns the exit code. */
async function plantAll(): Promise<number> {
  const copy = new Copy();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      copy.remove();
      process.exit(signal === 'SIGINT' ? 130 : 143);
    });
  }
  try {
    const unchanged = await testUnchanged(copy);
    let caught = 0;
    for (const fault of chosen) {
      const start = performance.now();
      const verdict = await plant(copy, fault, unchanged);
      keep(fault, verdict);
      caught += Number(verdict.caught);
      const took = `${((performance.now() - start) / 1000).toFixed(1).padStart(5)} s`;
      console.log(`${verdict.caught ? 'caught' : 'MISSED'} ${took}  ${key(fault)}  <- ${verdict.by}`);
    }
    console.log(`${chosen.length} planted, ${caught} caught, ${chosen.length - caught} alive`);
    return caught === chosen.length && caught > 0 ? 0 : 1;
  } finally {
    copy.remove();
  }
}

/** What each test file does without a fault. */
async function testUnchanged(copy: Copy): Promise<Map<string, Outcome>> {
  const complaint = copy.build();
  if (complaint) throw new Error(`the tree does not compile: ${complaint}`);
  const outcomes = new Map<string, Outcome>();
  for (const test of new Set(chosen.flatMap(({ tests }) => tests))) {
    const outcome = await copy.test(test, MOST_SECONDS);
    outcomes.set(test, outcome);
    if (outcome.failure) console.log(`without any fault, ${test} fails: ${outcome.failure.test}`);
  }
  return outcomes;
}

async function plant(copy: Copy, fault: Fault, unchanged: Map<string, Outcome>): Promise<Verdict> {
  const tests = fault.tests.filter((test) => !unchanged.get(test)?.failure);
  if (tests.length === 0) return { caught: false, by: `without it, its tests fail already: ${fault.tests.join(', ')}` };
  const takeOut = copy.plant(fault);
  if (!takeOut) return { caught: false, by: 'it does not fit its file any more: see `npm test -- mutants/`' };
  try {
    const complaint = copy.build();
    if (complaint) return { caught: false, by: `refused by the compiler, so no fault for tests: ${complaint}` };
    for (const test of tests) {
      const { failure } = await copy.test(test, Math.max(LEAST_SECONDS, 5 * unchanged.get(test)!.seconds));
      if (!failure) continue;
      const refused = /does not compile/.test(failure.message);
      if (refused) return { caught: false, by: 'refused by the shader’s compiler, so no fault for tests' };
      return { caught: true, by: `${test}: ${failure.test}` };
    }
    return { caught: false, by: 'ALIVE' };
  } finally {
    takeOut();
  }
}
