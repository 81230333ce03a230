// Ctrl-C, SIGTERM and a closed terminal in every phase of the trainer: what is saved, what is said, the exit code. The trainer is
// halted in that phase while the signal is sent.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { Stopping } from '../../src/cli/stopping.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { useDevice } from '../support/device.js';
import type { Ended } from '../support/program.js';
import { suite } from '../support/suite.js';
import { SMALL_RUN, startTrainer } from '../support/trainer-program.js';

const test = suite('node/signals');
let home = '';
test.before(useDevice);
test.before(() => {
  home = mkdtempSync(`${tmpdir()}/wgrad-signals-`);
});
test.after(() => rmSync(home, { recursive: true, force: true }));

/** Runs the trainer to a phase, and sends it signals there until it has heard each; then lets it run to its end. */
async function interrupt(out: string, args: string[], phase: RegExp, ...signals: NodeJS.Signals[]): Promise<Ended> {
  const trainer = startTrainer([...SMALL_RUN, ...args, '--out', `${home}/${out}`], { halted: true });
  await trainer.runTo(phase);
  for (const [i, signal] of signals.entries()) {
    trainer.child.kill(signal);
    if (i === 0) await trainer.runTo(/^(\[.*\] )?Stopp/, { silent: true });
  }
  trainer.goOn({ silent: signals.length > 1 }); // the second one ends it, and nothing else can
  const end = await trainer.ended;
  assert.not.match(end.output, /\n\s+at /, end.output);
  return end;
}

const saved = (out: string) => existsSync(`${home}/${out}/last.safetensors`);
const training = ['--save-every', '2'];
const firstEpoch = /epoch 1\/4 · loss/;

test('while pictures are loaded: nothing to save, ended by it (a shell says 130)', async () => {
  const { signal, output } = await interrupt('loading', [], /Until then/, 'SIGINT');
  assert.is(signal, 'SIGINT', output);
  assert.match(output, /Stopped before training began: there is nothing to save\.\n$/);
  assert.not(saved('loading'));
});

test('while kernels compile: nothing to save, ended by it (a shell says 129)', async () => {
  const { signal, output } = await interrupt('compiling', [], /parameters\. .* epochs of/, 'SIGHUP');
  assert.is(signal, 'SIGHUP', output);
  assert.match(output, /there is nothing to save/);
  assert.not(saved('compiling'));
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} while training: saves, says how to go on, exit code 0`, async () => {
    const { code, output } = await interrupt(signal, training, firstEpoch, signal);
    assert.is(code, 0, output);
    assert.match(output, /Stopping after this step and saving; once more stops at once\./);
    const [, step] = output.match(/Stopped and saved at step (\d+)\. Go on with: npm run dogcat -- --resume (\S+)/)!;
    assert.match(output, new RegExp(`--resume ${home}/${signal}\n`));
    if (signal !== 'SIGTERM') return;
    const more = await startTrainer(['--resume', `${home}/${signal}`, '--steps', String(Number(step) + 2)]).ended;
    assert.is(more.code, 0, more.output);
    assert.match(more.output, new RegExp(`Going on at step ${step}\\.`));
  });
}

test('a second Ctrl-C stops at once (a shell says 130), and what was saved before is whole', async () => {
  const { signal, output } = await interrupt('twice', training, firstEpoch, 'SIGINT', 'SIGINT');
  assert.is(signal, 'SIGINT', output);
  assert.not.match(output, /Stopped and saved/);
  const { code: resumed, output: said } = await startTrainer(['--resume', `${home}/twice`, '--steps', '3']).ended;
  assert.is(resumed, 0, said);
});

test('SIGTERM that a scheduler sends to each process, and bin/start.js passes on, is one', () => {
  const said: string[] = [];
  const before = process.listeners('SIGTERM');
  const stopping = new Stopping({ say: (text: string) => said.push(text) } as unknown as Terminal);
  stopping.trainingBegins();
  for (let i = 0; i < 2; i++) process.emit('SIGTERM'); // this process would end
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    for (const listener of process.listeners(name as NodeJS.Signals).slice(name === 'SIGTERM' ? before.length : -1))
      process.off(name, listener);
  assert.ok(stopping.signal.aborted);
  assert.is(said.length, 1);
});

test('while testing: the run is saved, exit code 0', async () => {
  const short = ['--epochs', '1', '--ten-crop'];
  const { code, output } = await interrupt('testing', short, /Test accuracy, single crop/, 'SIGTERM');
  assert.is(code, 0, output);
  assert.match(output, /Stopped while testing; the run is saved\. Test again with: npm run dogcat -- --resume/);
  assert.ok(saved('testing'));
});

test.run();
