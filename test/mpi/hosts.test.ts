// Four processes on two hosts, which reach each other through TCP alone.
import * as assert from 'uvu/assert';
import { openHosts } from '../support/hosts.js';
import { launchers, startJob } from '../support/mpi.js';
import { built } from '../support/program.js';
import { Skip, suite } from '../support/suite.js';
import { trainTogether } from '../support/trained.js';

const test = suite('mpi/hosts');
let hosts: ReturnType<typeof openHosts> | undefined;

test.before(() => {
  const openMpi = launchers.find(({ name }) => name === 'Open MPI');
  if (!openMpi) throw new Skip('Open MPI is not installed');
  hosts = openHosts(openMpi);
});
test.after(() => hosts?.close());

test('they train to the same weights as on one host', async () => {
  const here = await trainTogether(launchers.find(({ name }) => name === 'Open MPI')!, 4, '--epochs', '2');
  const apart = await trainTogether(hosts!.launcher, 4, '--epochs', '2');
  for (const [name, values] of Object.entries(here.weights))
    for (const [i, w] of values.entries()) assert.ok(Math.abs(w - apart.weights[name][i]) <= 1e-5, name);
});

/** The third of four, which is the first of the second host, gets a signal. */
async function strike(signal: NodeJS.Signals, ...args: string[]) {
  const { heard, ended } = startJob({
    launcher: hosts!.launcher,
    ranks: 4,
    program: [built('test/mpi/programs/waits.js'), ...args],
  });
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over && (heard.output.match(/is process/g) ?? []).length < 4)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.not(over, heard.output);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const struck = performance.now();
  process.kill(Number(/rank 2 is process (\d+)/.exec(heard.output)![1]), signal);
  return { ...(await ended), seconds: (performance.now() - struck) / 1000 };
}

test('one that is killed is named on both hosts within ten seconds', async () => {
  const { code, output, seconds } = await strike('SIGKILL');
  assert.is(code, 137, output);
  assert.ok(seconds < 10, `${seconds} s`);
  assert.match(output, /rank [01] heard: rank 2 \(process \d+ on wgrad-b\) has died/);
  assert.match(output, /rank 3 heard: rank 2 \(process \d+ on wgrad-b\) has died/);
});

test('one that is stopped is named within the timeout', async () => {
  const { code, output } = await strike('SIGSTOP', '--timeout', '8');
  assert.is(code, 1, output);
  assert.match(output, /rank 3 heard: .* not done after 8 s: rank 2 \(process \d+ on wgrad-b\) is stopped \(SIGSTOP\)/);
});

test.run();
