// Collectives over each installed MPI, and what is said where something is missing.
import * as assert from 'uvu/assert';
import { runJob, withEach } from '../support/mpi.js';
import { built, startProgram } from '../support/program.js';
import { suite } from '../support/suite.js';

const test = suite('mpi/collectives');
const program = built('test/mpi/programs/collectives.js');

for (const ranks of [2, 4]) {
  withEach(test, `every collective gives what it should on ${ranks} ranks`, async (launcher) => {
    const { code, output } = await runJob({ launcher, ranks, program: [program, String(ranks)] });
    assert.is(code, 0, output);
    assert.match(output, new RegExp(`right on ${ranks} ranks: .* \\(${launcher.name}\\)`));
  });
}

test('a process that no launcher started is a world of one, and loads nothing', async () => {
  const { code, output } = await startProgram([program, '1']).ended;
  assert.is(code, 0, output);
  assert.match(output, /right on 1 ranks: no MPI/);
});

withEach(test, 'a library that is not there, or another launcher than its own, is named', async (launcher) => {
  const missing = await runJob({ launcher, ranks: 1, program: [program, '1'], env: { WGRAD_MPI: 'libnone.so' } });
  assert.is(missing.code, 1, missing.output);
  assert.match(missing.output, /initDistributed: started by mpirun \(.*\), but its library is not here: .*libnone.so/);
  const other = launcher.name === 'MPICH' ? 'libmpi.so.40' : 'libmpich.so.12';
  const env = { WGRAD_MPI: other };
  const crossed = await runJob({ launcher, ranks: 2, program: [program, '2'], env });
  assert.is.not(crossed.code, 0);
  assert.match(
    crossed.output,
    new RegExp(`started 2 processes, but ${other} .* sees one alone; use the launcher that belongs to it`),
  );
});

test.run();
