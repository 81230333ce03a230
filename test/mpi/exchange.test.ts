// Gradients that travel as halves: rounded by the device, added up by the host, and read by the device, to the bit.
import * as assert from 'uvu/assert';
import { runJob, withEach } from '../support/mpi.js';
import { built, startProgram } from '../support/program.js';
import { suite } from '../support/suite.js';

const test = suite('mpi/exchange');
const program = built('test/mpi/programs/exchange.js');

for (const ranks of [2, 4]) {
  withEach(test, `sums of halves are those of the definition on ${ranks} ranks`, async (launcher) => {
    const { code, output } = await runJob({ launcher, ranks, program: [program] });
    assert.is(code, 0, output);
    assert.match(output, new RegExp(`the bits of the definition on ${ranks} ranks`));
  });
}

test('and in a world of one', async () => {
  const { code, output } = await startProgram([program]).ended;
  assert.is(code, 0, output);
  assert.match(output, /the bits of the definition on 1 ranks/);
});

test.run();
