// The trainer as a program: the same seed gives the same bits, whatever the number of workers, killed or not.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { readSafetensors } from '../../src/io/safetensors.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const program = fileURLToPath(new URL('../../examples/alexnet-dogcat.js', import.meta.url));
let folder = '';
const SMALL =
  '--stand-ins --preset quick --limit 96 --batch 8 --width 0.0625 --image 67 --stored 75 --epochs 4 --no-ten-crop'.split(
    ' ',
  );

const test = suite('train/resume');
test.before(useDevice);
test.before(() => {
  folder = mkdtempSync(`${tmpdir()}/wgrad-resume-`);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  output: string;
}

function start(args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text) => (output += text));
  return { child, ended: new Promise((resolve) => child.on('exit', (code) => resolve({ code, output }))) };
}

async function train(out: string, ...args: string[]): Promise<void> {
  const { code, output } = await start([...SMALL, '--out', `${folder}/${out}`, '--steps', '20', ...args]).ended;
  assert.is(code, 0, output);
  assert.match(output, /Stopped and saved at step 20/);
}

async function firstCheckpoint(child: ChildProcess, out: string): Promise<void> {
  while (!existsSync(`${folder}/${out}/last.safetensors`)) {
    assert.is(child.exitCode, null, 'it ended before it saved');
    await new Promise((r) => setTimeout(r, 20));
  }
}

/** Everything in the last checkpoint: weights, running statistics, optimizer state. */
function state(out: string): Map<string, string> {
  const file = `${folder}/${out}/last.safetensors`;
  const { tensors } = readSafetensors(readFileSync(file), file);
  return new Map([...tensors].map(([name, { data }]) => [name, Buffer.from(data.buffer).toString('base64')]));
}

test('20 steps give the same bits with one worker and with four', async () => {
  await train('one', '--workers', '1');
  await train('four', '--workers', '4');
  assert.ok(state('one').size > 40);
  assert.equal(state('four'), state('one'));
});

test('killed in the middle and resumed: the same bits again', async () => {
  const { child, ended } = start([...SMALL, '--out', `${folder}/killed`, '--save-every', '3']);
  await firstCheckpoint(child, 'killed');
  await new Promise((r) => setTimeout(r, 300));
  child.kill('SIGKILL');
  await ended;
  const { code, output } = await start(['--resume', `${folder}/killed`, '--steps', '20']).ended;
  assert.is(code, 0, output);
  assert.match(output, /Going on at step \d+/);
  assert.equal(state('killed'), state('one'));
});

test('SIGINT saves, says how to go on, and exits with 0', async () => {
  const { child, ended } = start([...SMALL, '--out', `${folder}/stopped`, '--save-every', '3']);
  await firstCheckpoint(child, 'stopped');
  child.kill('SIGINT');
  const { code, output } = await ended;
  assert.is(code, 0, output);
  assert.match(output, /Go on with: npm run dogcat -- --resume .*stopped/);
});

test('every line says that the pictures are drawn', async () => {
  const { output } = await start([...SMALL, '--out', `${folder}/lines`, '--steps', '2']).ended;
  const lines = output.split('\n').filter((l) => l && !/^(Adapter|Preset|Warning: maxDynamic)/.test(l));
  assert.ok(lines.length > 3);
  for (const l of lines) assert.match(l, /^\[drawn stand-ins\] /);
});

test('a wrong option is one clear line and exit code 1', async () => {
  for (const [args, message] of [
    [['--epochs', 'many'], /^--epochs many: a number, 0 or more$/m],
    [['--variant', 'vgg'], /^--variant vgg: one of paper, dogcat$/m],
    [['--speed'], /Unknown option '--speed'/],
    [['--data', '/nowhere'], /^--data \/nowhere: there is no such folder$/m],
    [['predict', '--run', folder, 'x.jpg'], /last.safetensors: cannot be read/],
  ] as const) {
    const { code, output } = await start([...args]).ended;
    assert.is(code, 1);
    assert.match(output, message);
    assert.not.match(output, /\n\s+at /);
  }
});

test.run();
