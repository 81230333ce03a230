// Many random cases of every op against float64 references: `npm run test:soak -- properties [--cases 10000] [--seed N]`,
// or only the properties named: `node scripts/run.mjs test/soak/properties.soak.ts conv2d --seed 7 --path 12:3`.
import { parseArgs } from 'node:util';
import { deviceInfo, init, sync } from '../../src/index.js';
import { properties } from '../support/properties/index.js';
import { largeCases } from '../support/properties/large.js';
import { holds } from '../support/properties/property.js';
import { showTotal } from '../support/report.js';

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' }, cases: { type: 'string' }, path: { type: 'string' } },
  allowPositionals: true,
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const wanted = Number(values.cases ?? 10_000);
if (!Number.isInteger(seed) || !(wanted >= 1)) throw new Error('--seed takes a whole number, --cases 1 or more');
const unknown = positionals.filter((name) => !(name in properties));
if (unknown.length > 0) throw new Error(`no property is called ${unknown}; there are ${Object.keys(properties)}`);

await init();
const chosen = Object.entries(properties).filter(([name]) => positionals.length === 0 || positionals.includes(name));
const shares = chosen.reduce((sum, [, { share }]) => sum + share, 0);
console.log(`seed ${seed}, ${wanted} cases on ${deviceInfo().description}`);

let [passed, failed] = [0, 0];
for (const [name, property] of chosen) {
  const cases = Math.ceil((wanted * property.share) / shares);
  const start = performance.now();
  try {
    const held = await holds(name, property, { seed, cases, path: values.path });
    passed += held.cases;
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    const blind = `${(100 * held.blind).toFixed(1)} % of the values no larger than their tolerance`;
    console.log(`  ok  ${name.padEnd(22)} ${held.cases} cases, ${held.redrawn} drawn again, ${blind}, ${seconds} s`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}: ${(error as Error).message}`);
  }
}
for (const [name, tried] of positionals.length === 0 ? Object.entries(largeCases) : []) {
  const start = performance.now();
  try {
    await tried();
    await sync();
    passed++;
    console.log(`  ok  ${name}, ${((performance.now() - start) / 1000).toFixed(0)} s`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}: ${(error as Error).message}`);
  }
}
console.log(`seed ${seed}`);
console.log(showTotal(passed, failed, 0));
process.exitCode = failed > 0 ? 1 : 0;
