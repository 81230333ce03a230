// A disk that is really full: a small one of its own, in memory, which needs the right to mount.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { CheckpointFiles, RunFolder } from '../../src/node/index.js';
import { readCheckpoint } from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { Skip, suite } from '../support/suite.js';
import { SMALL_RUN, startTrainer } from '../support/trainer-program.js';

const test = suite('node/full-disk');
let disk = '';

function mount(megabytes: number): void {
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk]);
  if (status !== 0) throw new Skip('no right to mount a disk of its own');
}

test.before(useDevice);
test.before(() => {
  disk = mkdtempSync(`${tmpdir()}/wgrad-disk-`);
});
test.after(() => {
  spawnSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** Writes until nothing more fits; what it returns makes room again. */
function fill(): () => void {
  const file = `${disk}/filler`;
  const { bavail, bsize } = statfsSync(disk);
  try {
    writeFileSync(file, new Uint8Array((bavail + 16) * bsize));
  } catch {} // full, as it should be
  return () => rmSync(file);
}

test('too small for the checkpoints of a run: said before training begins, exit code 1', async () => {
  mount(2);
  const { code, output } = await startTrainer([...SMALL_RUN, '--out', `${disk}/run`]).ended;
  assert.is(code, 1, output);
  assert.match(output, /\/run: the disk has [\d.]+ \w+ left, \d more checkpoints need [\d.]+ \w+; make room/);
  spawnSync('umount', [disk]);
});

test('full in the middle of a run: said, the checkpoint before is whole; room again: saved again', async () => {
  mount(16);
  const folder = new RunFolder(`${disk}/run`);
  const run = startTrainer([...SMALL_RUN, '--save-every', '2', '--out', folder.path], { halted: true });
  await run.runTo(/epoch 1\/4 · loss/);
  const makeRoom = fill();
  await run.runTo(/Could not save the checkpoint\. .*the disk is full: ENOSPC/);
  const { checkpoint } = new CheckpointFiles(folder).newest();
  assert.ok(checkpoint.tensors.size > 40);
  makeRoom();
  await run.runTo(/Saved the checkpoint again, after 1 failure\./);
  run.child.kill('SIGTERM');
  run.goOn();
  const { code, output } = await run.ended;
  assert.is(code, 0, output);
  assert.match(output, /Stopped and saved at step/);
});

test('full to the end: exit code 1, what is on the disk is whole and said to be older', async () => {
  if (!existsSync(`${disk}/run`)) throw new Skip('no right to mount a disk of its own');
  const folder = new RunFolder(`${disk}/run`);
  const { checkpoint } = new CheckpointFiles(folder).newest();
  const { step } = JSON.parse(checkpoint.metadata.state).position;
  const run = startTrainer(['--resume', folder.path, '--steps', String(step + 20)], { halted: true });
  await run.runTo(/Going on at step/);
  fill();
  run.goOn();
  const { code, output } = await run.ended;
  assert.is(code, 1, output);
  assert.match(output, /NOT SAVED: .*the checkpoint.*\. What .*\/run holds is older\./);
  const left = readCheckpoint(folder.read('last.safetensors'), 'last.safetensors');
  assert.is(JSON.parse(left.metadata.state).position.step, step);
});

test.run();
