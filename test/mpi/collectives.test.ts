// Collectives over each installed MPI, and what is said where something is missing.
import { availableParallelism } from 'node:os';
import * as assert from 'uvu/assert';
import { bindingWarning, ownBinding } from '../../src/distributed/binding.js';
import type { Mpi } from '../../src/distributed/mpi.js';
import { World } from '../../src/distributed/world.js';
import { runJob, withEach } from '../support/mpi.js';
import { built, startProgram } from '../support/program.js';
import { suite } from '../support/suite.js';

const test = suite('mpi/collectives');
const program = built('test/mpi/programs/collectives.js');

for (const ranks of [2, 4]) {
  withEach(test, `every collective gives what it should on ${ranks} ranks`, async (launcher) => {
    const { code, output } = await runJob({ launcher, ranks, program: [program, String(ranks)] });
    assert.is(code, 0, output);
    assert.not.match(output, /has bound each process/);
    assert.match(output, new RegExp(`right on ${ranks} ranks: .* \\(${launcher.name}\\)`));
  });
}

test('processes that were bound to a core each are told, and not those that a scheduler gave the same ones', () => {
  const on = (host: string, ...lists: string[]) =>
    lists.map((allowed) => ({ host, allowed, cores: allowed.split(',').length }));
  assert.match(
    bindingWarning(on('a', '0', '1'), 2)!,
    /mpirun has bound each process to one of 2 cores.*start it with mpirun --bind-to none/,
  );
  assert.match(bindingWarning([...on('a', '0,8', '1,9'), ...on('b', '0,8')], 16)!, /to 2 of 16 cores/);
  for (const quiet of [on('a', '0,1', '0,1'), on('a', '0'), on('a', '0,1,2,3', '4,5,6,7'), on('a', '', '')])
    assert.is(bindingWarning(quiet, 16), undefined);
  const { cores } = ownBinding();
  assert.is(cores, availableParallelism());
});

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

test('what is longer than MPI counts goes in pieces', async () => {
  const seen: [from: number, length: number][] = [];
  const broadcast = (part: Uint8Array) => void seen.push([part.byteOffset, part.length]);
  const mpi = { rank: 0, size: 2, broadcast, isDone: () => true } as unknown as Mpi;
  const world = new World(mpi, { timeout: 1, heartbeat: 1 });
  await world.broadcast(new Uint8Array(2 ** 31 + 10));
  assert.equal(seen.splice(0), [[0, 2 ** 30], [2 ** 30, 2 ** 30], [2 ** 31, 10]]); // biome-ignore format: one line
  await world.broadcast(new Uint8Array(0));
  assert.equal(seen, [[0, 0]]);
});

test.run();
