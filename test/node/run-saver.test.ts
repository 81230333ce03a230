import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { CheckpointError, UsageError } from '../../src/errors.js';
import { CheckpointFiles } from '../../src/node/checkpoint-files.js';
import { latestRunFolder, RunFolder } from '../../src/node/run-folder.js';
import { RunSaver } from '../../src/node/run-saver.js';
import { suite } from '../support/suite.js';

const test = suite('node/run-saver');
const home = mkdtempSync(join(tmpdir(), 'wgrad-run-'));
test.after(() => rmSync(home, { recursive: true, force: true }));

function refusal(body: () => void): string {
  try {
    body();
  } catch (error) {
    assert.instance(error, CheckpointError);
    return (error as Error).message;
  }
  throw new Error('did not fail');
}

test('a path that is a file is refused at the start', () => {
  const path = join(home, 'file');
  writeFileSync(path, 'here already');
  assert.match(
    refusal(() => new RunFolder(path).create()),
    /file: cannot be used for a run \(.*choose another folder/,
  );
});

test('a folder deleted while training: a write is a named error, and works again once the folder is back', () => {
  const folder = new RunFolder(join(home, 'deleted'));
  folder.create();
  rmSync(folder.path, { recursive: true });
  assert.match(
    refusal(() => folder.write('last.safetensors', 'x')),
    /last.safetensors: cannot be written/,
  );
  folder.create();
  folder.write('last.safetensors', 'x');
  assert.is(String(folder.read('last.safetensors')), 'x');
});

test('the newest run is the one that was saved last, whatever its number and whatever was deleted', () => {
  const base = join(home, 'many');
  const save = (path: string, at: number) => {
    const folder = new RunFolder(path);
    folder.create();
    folder.write('last.safetensors', 'x');
    utimesSync(folder.file('last.safetensors'), at, at);
  };
  assert.is(latestRunFolder(base), null);
  save(`${base}-3`, 1000);
  assert.is(latestRunFolder(base)!.path, `${base}-3`);
  save(base, 2000);
  save(`${base}-other`, 4000);
  new RunFolder(`${base}-4`).create(); // never saved
  assert.is(latestRunFolder(base)!.path, base);
  save(`${base}-2`, 3000);
  assert.is(latestRunFolder(base)!.path, `${base}-2`);
});

test('more than the disk has room for is refused before it is written', () => {
  const folder = new RunFolder(join(home, 'room'));
  folder.create();
  folder.checkRoom(1, 'a byte');
  assert.match(
    refusal(() => folder.checkRoom(2 ** 60, '3 checkpoints')),
    /room: the disk has .* left, 3 checkpoints need/,
  );
  rmSync(folder.path, { recursive: true });
  assert.match(
    refusal(() => folder.checkRoom(1, 'a byte')),
    /room: cannot be used for a run \(there is no such file or folder: ENOENT\); was it deleted\?/,
  );
});

test('training goes on when a save fails, says so once, tries again with the next, and says when it works', () => {
  const folder = new RunFolder(join(home, 'full'));
  folder.create();
  const files = new CheckpointFiles(folder);
  const lines: string[] = [];
  const saver = new RunSaver(files, (line) => lines.push(line));
  saver.saveLast(new Uint8Array([1]));
  const { write, writeBeside } = folder;
  const full = () => {
    throw new CheckpointError('last.safetensors: cannot be written (ENOSPC: no space left on device)');
  };
  Object.assign(folder, { write: full, writeBeside: full });
  saver.saveLast(new Uint8Array([2]));
  saver.saveFile('metrics.csv', 'epoch');
  saver.saveLast(new Uint8Array([3]));
  assert.equal(saver.unsaved, ['the checkpoint', 'metrics.csv']);
  assert.equal([...folder.read('last.safetensors')], [1], 'the old one is still there');
  Object.assign(folder, { write, writeBeside });
  saver.saveLast(new Uint8Array([4]));
  assert.equal(saver.unsaved, []);
  assert.equal([...folder.read('last.safetensors')], [4]);
  assert.is(String(folder.read('metrics.csv')), 'epoch', 'what waited is saved as well');
  const [first, second, ...works] = lines;
  assert.match(
    first,
    /^Could not save the checkpoint\. .*no space left.*Training goes on; the next save tries again\.$/,
  );
  assert.match(second, /^Could not save metrics\.csv\. /);
  assert.is(works.length, 2, 'each failure is told once, and that it works again');
  assert.match(works[0], /^Saved the checkpoint again, after 3 failures/);
});

test('a run folder that is deleted while training is made anew, aloud', () => {
  const folder = new RunFolder(join(home, 'gone'));
  folder.create();
  const lines: string[] = [];
  const saver = new RunSaver(new CheckpointFiles(folder), (line) => lines.push(line));
  rmSync(folder.path, { recursive: true });
  saver.saveLast(new Uint8Array([5]));
  assert.equal([...folder.read('last.safetensors')], [5]);
  assert.match(lines.join(), /gone was gone; it is made anew/);
});

test('what is made of the wrong parts is refused at once', () => {
  const [folder, files] = [new RunFolder('nowhere'), new CheckpointFiles(new RunFolder('nowhere'))];
  const refused = (make: () => unknown, reason: RegExp) =>
    assert.throws(make, (e: Error) => e instanceof UsageError && reason.test(e.message));
  for (const path of [undefined, '', 7] as string[]) refused(() => new RunFolder(path), /RunFolder: takes a path, got/);
  refused(() => new CheckpointFiles('nowhere' as unknown as RunFolder), /takes a RunFolder, got 'nowhere'/);
  refused(() => new CheckpointFiles(folder, { keeps: 3 } as object), /no option 'keeps'; did you mean 'keep'/);
  for (const keep of [0, 1.5, 101, '2' as unknown as number])
    refused(() => new CheckpointFiles(folder, { keep }), /keep is/);
  refused(() => new RunSaver(folder as unknown as CheckpointFiles, () => {}), /takes CheckpointFiles, got a RunFolder/);
  refused(() => new RunSaver(files, 'say' as unknown as () => void), /say is a function/);
});

test.run();
