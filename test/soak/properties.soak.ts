// Many random cases of every op against float64 references: `npm run test:soak -- properties [--cases 10000] [--seed N]`,
// or only the properties named: `node scripts/run.mjs test/soak/properties.soak.ts conv2d --seed 7 --path 12:3`.
import { parseArgs } from 'node:util';
import { deviceInfo, init, sync } from '../../src/index.js';
import { properties } from '../support/properties/index.js';
import { largeCases } from '../support/properties/large.js';
import { holds } from '../support/properties/property.js';
import { sharesOf, soakProperties } from '../support/properties/soak.js';
import { showTotal } from '../support/report.js';

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' }, cases: { type: 'string' }, path: { type: 'string' } },
  allowPositionals: true,
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const wanted = Number(values.cases ?? 10_000);
if (!Number.isInteger(seed) || !(wanted >= 1)) throw new Error('--seed takes a whole number, --cases 1 or more');
const plan = sharesOf(positionals, wanted);

await init();
console.log(`seed ${seed}, ${wanted} cases on ${deviceInfo().name}`);

const total = await soakProperties(plan, { seed, path: values.path }, (name, draw) =>
  holds(name, properties[name], draw),
);
for (const [name, tried] of positionals.length === 0 ? Object.entries(largeCases) : []) {
  const start = performance.now();
  try {
    await tried();
    await sync();
    total.passed++;
    console.log(`  ok  ${name}, ${((performance.now() - start) / 1000).toFixed(0)} s`);
  } catch (error) {
    total.failed++;
    console.log(`FAIL  ${name}: ${(error as Error).message}`);
  }
}
console.log(`seed ${seed}, ${total.redrawn} cases outside of their property's domain were drawn again`);
console.log(showTotal(total.passed, total.failed, 0));
process.exitCode = total.failed > 0 ? 1 : 0;
