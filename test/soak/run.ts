// The tests that take an hour: `npm run test:soak`, or `npm run test:soak -- properties --seed 7` for the programs
// named before the first option. Options go to each of them. A program is test/soak/NAME.soak.ts, runs alone as well, and
// ends with a line `N passed, N failed`; one that does not has failed.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { showTotal } from '../support/report.js';

const built = fileURLToPath(new URL('.', import.meta.url));
const sources = fileURLToPath(new URL('../../../test/soak/', import.meta.url));

interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
}

const LAST_LINE = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;

/** Runs a program to its end, shows what it says, and counts by its last line. */
function runProgram(name: string, options: readonly string[]): Promise<Outcome> {
  const program = spawn(process.execPath, ['--enable-source-maps', `${built}${name}.soak.js`, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = '';
  createInterface({ input: program.stdout }).on('line', (line) => {
    console.log(line);
    if (line.trim() !== '') last = line;
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.removeAllListeners(signal);
    process.once(signal, () => {
      program.kill(signal);
      process.exit(signal === 'SIGINT' ? 130 : 143);
    });
  }
  return new Promise((resolve) => {
    program.on('close', (code, signal) => {
      const [passed, failed, skipped] = (LAST_LINE.exec(last)?.slice(1) ?? ['0', '1']).map((n) => Number(n ?? 0));
      if (!LAST_LINE.test(last))
        console.log(`${name}: it ended with ${signal ?? `exit code ${code}`}, without a result`);
      else if (code !== 0 && failed === 0) console.log(`${name}: nothing failed, but it ended with ${signal ?? code}`);
      resolve({ passed, failed: code === 0 ? failed : Math.max(failed, 1), skipped: skipped ?? 0 });
    });
  });
}

const args = process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('-'));
const asked = firstOption < 0 ? args : args.slice(0, firstOption);
const options = firstOption < 0 ? [] : args.slice(firstOption);
const all = readdirSync(sources)
  .filter((file) => file.endsWith('.soak.ts'))
  .map((file) => file.replace('.soak.ts', ''))
  .sort();

const total: Outcome = { passed: 0, failed: 0, skipped: 0 };
for (const name of asked.length > 0 ? asked : all) {
  if (!existsSync(`${built}${name}.soak.js`)) {
    console.log(`${name}: there is no such program; there are ${all.join(', ')}`);
    total.failed++;
    continue;
  }
  console.log(`--- ${name} ${options.join(' ')}`);
  const start = performance.now();
  const { passed, failed, skipped } = await runProgram(name, options);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  console.log(`--- ${name}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
if (total.passed + total.failed === 0) {
  console.log('no program has run anything');
  total.failed++;
}
console.log(showTotal(total.passed, total.failed, total.skipped));
process.exitCode = total.failed > 0 ? 1 : 0;
