// The trainer as a program: the same seed gives the same bits, whatever the number of workers, killed or not.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import * as assert from 'uvu/assert';
import { features } from '../../src/index.js';
import { readSafetensors } from '../../src/io/safetensors.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';
import { SMALL_RUN, startTrainer } from '../support/trainer-program.js';

let folder = '';

const test = suite('train/resume');
test.before(useDevice);
test.before(() => {
  folder = mkdtempSync(`${tmpdir()}/wgrad-resume-`);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

async function train(out: string, ...args: string[]): Promise<void> {
  const { code, output } = await startTrainer([...SMALL_RUN, '--out', `${folder}/${out}`, '--steps', '20', ...args])
    .ended;
  assert.is(code, 0, output);
  assert.match(output, /Stopped and saved at step 20/);
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

test('killed while it writes its second checkpoint, and resumed from the first: the same bits again', async () => {
  const run = startTrainer([...SMALL_RUN, '--out', `${folder}/killed`, '--save-every', '3'], { halted: true });
  await run.runTo(/wrote last.safetensors/);
  await run.runTo(/writing last.safetensors.partial/);
  run.child.kill('SIGKILL');
  await run.ended;
  const { code, output } = await startTrainer(['--resume', `${folder}/killed`, '--steps', '20']).ended;
  assert.is(code, 0, output);
  assert.match(output, /Going on at step 3\./);
  assert.equal(state('killed'), state('one'));
  const again = await startTrainer(['--resume', `${folder}/killed`, '--steps', '20']).ended;
  assert.match(again.output, /Stopped and saved at step 20/); // it is there already
  assert.equal(state('killed'), state('one'));
});

test('in f16: it is said, and stopped and resumed it has the same bits, its scale among them', async () => {
  await train('half', '--precision', 'f16');
  const first = startTrainer([...SMALL_RUN, '--out', `${folder}/halved`, '--precision', 'f16', '--steps', '7']);
  const { output } = await first.ended;
  assert.match(output, /batch 8, .*, one-cycle, f16\. Run: /);
  const { code, output: more } = await startTrainer(['--resume', `${folder}/halved`, '--steps', '20']).ended;
  assert.is(code, 0, more);
  assert.equal(state('halved'), state('half'));
  const halves = features().has('shader-f16');
  assert.is(
    [...state('half').keys()].some((name) => name.startsWith('scaler.')),
    halves,
  );
  assert.is(isDeepStrictEqual(state('half'), state('one')), !halves);
});

test('every line says that the pictures are drawn', async () => {
  const { output } = await startTrainer([...SMALL_RUN, '--out', `${folder}/lines`, '--steps', '2']).ended;
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
    const { code, output } = await startTrainer([...args]).ended;
    assert.is(code, 1);
    assert.match(output, message);
    assert.not.match(output, /\n\s+at /);
  }
});

test.run();
