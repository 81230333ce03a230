// Ctrl-C, SIGTERM and a closed terminal in every phase of the trainer: what is saved, what is said, the exit code.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';
import { type Ended, SMALL_RUN, startTrainer } from '../support/trainer-program.js';

const test = suite('node/signals');
let home = '';
test.before(useDevice);
test.before(() => {
  home = mkdtempSync(`${tmpdir()}/wgrad-signals-`);
});
test.after(() => rmSync(home, { recursive: true, force: true }));

/** Runs the trainer, waits until it says what is given, sends it the signal, and so on; then waits for its end. */
async function interrupt(out: string, args: string[], ...signals: [RegExp, NodeJS.Signals][]): Promise<Ended> {
  const { child, ended, said } = startTrainer([...SMALL_RUN, ...args, '--out', `${home}/${out}`]);
  for (const [pattern, signal] of signals) {
    await said(pattern);
    child.kill(signal);
  }
  const end = await ended;
  assert.not.match(end.output, /\n\s+at /, end.output);
  return end;
}

const saved = (out: string) => existsSync(`${home}/${out}/last.safetensors`);
const training = ['--save-every', '2', '--epochs', '400'];

test('while pictures are loaded: nothing to save, ended by it (a shell says 130)', async () => {
  const { signal, output } = await interrupt('loading', ['--limit', '4000'], [/Until then/, 'SIGINT']);
  assert.is(signal, 'SIGINT', output);
  assert.match(output, /Stopped before training began: there is nothing to save\.\n$/);
  assert.not(saved('loading'));
});

test('while kernels compile: nothing to save, ended by it (a shell says 129)', async () => {
  const { signal, output } = await interrupt('compiling', [], [/parameters\. .* epochs of/, 'SIGHUP']);
  assert.is(signal, 'SIGHUP', output);
  assert.match(output, /there is nothing to save/);
  assert.not(saved('compiling'));
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} while training: saves, says how to go on, exit code 0`, async () => {
    const { code, output } = await interrupt(signal, training, [/epoch +1\/400 · loss/, signal]);
    assert.is(code, 0, output);
    assert.match(output, /Stopping after this step and saving; once more stops at once\./);
    const [, step] = output.match(/Stopped and saved at step (\d+)\. Go on with: npm run dogcat -- --resume (\S+)/)!;
    assert.match(output, new RegExp(`--resume ${home}/${signal}\n`));
    if (signal !== 'SIGTERM') return;
    const more = startTrainer(['--resume', `${home}/${signal}`, '--steps', String(Number(step) + 2)]);
    const { code: second, output: resumed } = await more.ended;
    assert.is(second, 0, resumed);
    assert.match(resumed, new RegExp(`Going on at step ${step}\\.`));
  });
}

test('a second signal stops at once (a shell says 143), and what was saved before is whole', async () => {
  // A step of a large batch takes a while: the second one comes in the middle of it.
  const slow = ['--save-every', '1', '--batch', '46', '--width', '0.25', '--image', '99', '--stored', '110'];
  const { signal, output } = await interrupt(
    'twice',
    [...slow, '--epochs', '400'],
    [/epoch +1\/400 · loss/, 'SIGTERM'],
    [/Stopping after this step/, 'SIGTERM'],
  );
  assert.is(signal, 'SIGTERM', output);
  assert.not.match(output, /Stopped and saved/);
  const { code: resumed, output: said } = await startTrainer(['--resume', `${home}/twice`, '--steps', '3']).ended;
  assert.is(resumed, 0, said);
});

test('while testing: the run is saved, exit code 0', async () => {
  const short = ['--epochs', '1', '--ten-crop'];
  const { code, output } = await interrupt('testing', short, [/Test accuracy, single crop/, 'SIGTERM']);
  assert.is(code, 0, output);
  assert.match(output, /Stopped while testing; the run is saved\. Test again with: npm run dogcat -- --resume/);
  assert.ok(saved('testing'));
});

test.run();
