// Damaged and hostile files for every reader: only documented errors, no hang, no memory beyond a multiple of the file.
//   node scripts/run.mjs test/soak/fuzz.soak.ts [READER...] [--cases 100000] [--seed N]
//   ... READER --seed N --only INDEX      one case again
import { parseArgs } from 'node:util';
import { readers } from './fuzz/readers.js';
import { fuzz } from './fuzz/run.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cases: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 1e9);
const names = positionals.length > 0 ? positionals : Object.keys(readers);
const each = values.only ? 1 : Math.ceil(Number(values.cases ?? 100_000) / names.length);
const first = Number(values.only ?? 0);

console.log(`fuzz: seed ${seed}, ${each.toLocaleString('en-US')} inputs for each of ${names.join(', ')}`);
let failed = 0;
for (const name of names) {
  const start = performance.now();
  const findings = await fuzz(name, seed, first, each);
  failed += findings.length;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${findings.length > 0 ? 'FAIL' : '  ok'}  ${name.padEnd(14)} ${each - findings.length} of ${each}, ${seconds} s`,
  );
  for (const { index, why } of findings.slice(0, 5)) {
    console.log(`        case ${index} (again: ${name} --seed ${seed} --only ${index}): ${why}`);
  }
}
console.log(`${each * names.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
