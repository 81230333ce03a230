// A process that is killed or stopped: the others name it and end, and a start later the run ends with the same weights.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { type launchers, startJob, withEach } from '../support/mpi.js';
import { built, type Ended } from '../support/program.js';
import { suite } from '../support/suite.js';
import { trainedOf, trainsProgram, trainTogether } from '../support/trained.js';

const test = suite('mpi/accidents');
const waits = built('test/mpi/programs/waits.js');
let folder = '';

test.before(() => {
  folder = mkdtempSync(`${tmpdir()}/wgrad-accidents-`);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Waits until a job has said something; what it said. */
async function said(heard: { output: string }, ended: Promise<Ended>, pattern: RegExp): Promise<RegExpExecArray> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (;;) {
    const found = pattern.exec(heard.output);
    if (found) return found;
    assert.not(over, `it ended without saying ${pattern}:\n${heard.output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Four processes that meet ten times a second; the third one gets a signal. */
async function strike(launcher: (typeof launchers)[number], signal: NodeJS.Signals, ...args: string[]) {
  const { heard, ended } = startJob({ launcher, ranks: 4, program: [waits, ...args] });
  for (const rank of [0, 1, 3]) await said(heard, ended, new RegExp(`rank ${rank} is process`));
  const pid = Number((await said(heard, ended, /rank 2 is process (\d+)/))[1]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const struck = performance.now();
  process.kill(pid, signal);
  const finished = await ended;
  return { ...finished, pid, seconds: (performance.now() - struck) / 1000 };
}

withEach(test, 'one that is killed is named, and all end within ten seconds', async (launcher) => {
  const { code, output, pid, seconds } = await strike(launcher, 'SIGKILL');
  assert.ok(seconds < 10, `${seconds} s`);
  if (launcher.name === 'MPICH') {
    assert.is(code, 9, output); // its launcher ends the others at once, and names what ended
    assert.match(output, /Killed \(signal 9\)/);
    return;
  }
  assert.is(code, 137, output);
  for (const rank of [0, 1, 3])
    assert.match(
      output,
      new RegExp(`rank ${rank} heard: rank 2 \\(process ${pid} on .*\\) has died; the others cannot go on`),
    );
});

withEach(test, 'what one throws is printed, with its rank', async (launcher) => {
  const { code, output } = await strike(launcher, 'SIGUSR1');
  assert.is(code, 1, output);
  assert.match(output, /rank 2: RangeError: an error of its own\n +at /);
});

withEach(test, 'one that is stopped is named within the timeout', async (launcher) => {
  const { code, output, pid, seconds } = await strike(launcher, 'SIGSTOP', '--timeout', '3');
  // Those who noticed end with 1; MPICH's launcher may see first that it had to kill the stopped one.
  assert.ok(code === 1 || (launcher.name.startsWith('MPICH') && code === 9), output);
  assert.ok(seconds < 13, `${seconds} s`);
  assert.match(output, new RegExp(`heard: allReduce of 8 B: not done after 3 s: rank 2 \\(process ${pid} on .*\\) is stopped \\(SIGSTOP\\)`)); // biome-ignore format: one line
});

withEach(
  test,
  'wgrad launch starts it again, and it ends with the weights of a run without the accident',
  async (launcher) => {
    const file = (name: string) => `${folder}/${launcher.name}-${name}`.replaceAll(' ', '');
    const run = (name: string) => ['--epochs', '2', '--every', '3', '--save', file(name)];
    const quiet = await trainTogether(launcher, 2, ...run('quiet'));
    const args = [
      '--restarts',
      '2',
      ...launcher.args.filter((arg) => arg === '--oversubscribe'),
      '-np',
      '2',
      process.execPath,
    ];
    const child = spawn(
      process.execPath,
      [built('../bin/wgrad.js'), 'launch', ...args, trainsProgram, ...run('killed'), '--slow', '20'],
      {
        env: { ...process.env, ...launcher.env, WGRAD_MPIRUN: launcher.command },
      },
    );
    const heard = { output: '' };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (heard.output += text)); // biome-ignore format: one line
    const ended = new Promise<Ended>((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...heard, out: '', err: '' }))); // biome-ignore format: one line
    const [, pid] = await said(heard, ended, /rank 1 is process (\d+), at step [4-9]\b/);
    process.kill(Number(pid), 'SIGKILL');
    const { code, output } = await ended;
    assert.match(output, /launch: ended with exit code (137|9); starting again \(1 of 2\)/);
    const { all } = trainedOf({ code, output });
    assert.equal(all[0].tensors, quiet.all[0].tensors);
  },
);

test.run();
