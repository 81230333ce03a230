// Damaged and hostile files for every reader, a few thousand of them; `npm run test:soak -- fuzz` has more.
import * as assert from 'uvu/assert';
import { readers } from '../soak/fuzz/readers.js';
import { fuzz } from '../soak/fuzz/run.js';
import { suite } from '../support/suite.js';

const SEED = 20261125;
const CASES = 400;
const test = suite('fuzz');

for (const name of Object.keys(readers)) {
  test(`${name}: ${CASES} changed inputs give what is documented, or are read`, async () => {
    const findings = await fuzz(name, SEED, 0, CASES);
    const show = findings.map(({ index, why }) => `case ${index}: ${why}`);
    assert.is(findings.length, 0, `${show.join('\n')}\n(node scripts/run.mjs test/soak/fuzz.soak.ts, --seed ${SEED})`);
  });
}

test.run();
