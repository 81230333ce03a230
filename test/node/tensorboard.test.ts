// Event files on disk, read back by TensorBoard's own Python package where it is installed: python3, or what
// WGRAD_TENSORBOARD_PYTHON names. Without it the bytes are still compared with those that it read (report/tensorboard).
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { tensorBoardFile } from '../../src/node/index.js';
import { histogramOf } from '../../src/report/index.js';
import { drawnEvents, GOLDEN } from '../support/drawn-events.js';
import { seeded } from '../support/random.js';
import { Skip, suite } from '../support/suite.js';

const test = suite('node/tensorboard');
const reader = fileURLToPath(new URL('../../../test/support/read_events.py', import.meta.url));
const python = process.env.WGRAD_TENSORBOARD_PYTHON ?? 'python3';
let folder = '';
test.before(() => {
  folder = mkdtempSync(`${tmpdir()}/wgrad-tensorboard-`);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** What TensorBoard finds in a file. */
function readBack(path: string) {
  const known = spawnSync(python, ['-c', 'import tensorboard'], { encoding: 'utf8' });
  if (known.status !== 0) {
    throw new Skip(
      `${python} has no tensorboard (pip install tensorboard; WGRAD_TENSORBOARD_PYTHON names another Python)`,
    );
  }
  const { status, stdout, stderr } = spawnSync(python, [reader, path], { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

function looksRight(found: ReturnType<typeof readBack>): void {
  assert.is(found.version, 2);
  assert.equal(found.scalars, {
    'loss/training': [
      [0, '0.75'],
      [300, '0.5'],
      [5_000_000_000, '0.25'],
    ],
    'loss/validation': [
      [0, '0.875'],
      [300, 'nan'],
      [5_000_000_000, 'inf'],
    ],
  });
  const [weight] = found.histograms['conv1/weight'];
  assert.equal([weight.step, weight.min, weight.max], [1, -1, 1]);
  assert.equal(weight.counts, [1, 1, 3, 1]);
  const gradient = histogramOf(seeded(200, 1), 64);
  assert.equal(found.histograms['conv1/gradient'][0].counts, gradient.counts);
  assert.is(found.histograms['not finite'].length, 1);
  assert.equal([found.histograms.equal[0].limits, found.histograms.equal[0].counts], [[3], [3]]);
  assert.equal(
    found.images.filters.map((image: number[]) => image.slice(0, 3)),
    [[2, 3, 2]],
  );
  assert.equal(found.texts.note, [[3, ['**ünïcode** </script>']]]);
  assert.equal(found.settings, { lr: 0.1, 'optimizer.name': 'SGD', 'optimizer.nesterov': true, sizes: '1, 2' });
  assert.equal(found.types, { lr: 3, 'optimizer.name': 1, 'optimizer.nesterov': 2, sizes: 1 });
  assert.equal([found.metrics, found.status], [['loss/validation'], 1]);
}

test('a file in a run’s folder, under TensorBoard’s name, holds what was added as soon as it was', () => {
  const { writer, path, close } = tensorBoardFile(`${folder}/runs/a`);
  assert.match(
    path,
    new RegExp(`^${folder}/runs/a/events\\.out\\.tfevents\\.\\d{10}\\.${hostname()}\\.${process.pid}\\.0$`),
  );
  const before = readFileSync(path).length;
  writer.addScalar('loss', 1, 1);
  assert.ok(readFileSync(path).length > before);
  const second = tensorBoardFile(`${folder}/runs/a`);
  assert.is.not(second.path, path);
  second.close();
  close();
  assert.is(readdirSync(`${folder}/runs/a`).length, 2);
});

test('a folder that cannot be is named', () => {
  writeFileSync(`${folder}/file`, '');
  assert.throws(
    () => tensorBoardFile(`${folder}/file/run`),
    /file\/run: cannot be written \(a part of the path is a file, not a folder/,
  );
  assert.throws(() => tensorBoardFile(''), /tensorBoardFile: takes a folder's path, got ''/);
});

test('TensorBoard reads what was written', () => {
  const { writer, path, close } = tensorBoardFile(`${folder}/runs/b`);
  drawnEvents(writer);
  close();
  looksRight(readBack(path));
});

test('TensorBoard reads the bytes that other tests compare with', () => {
  mkdirSync(`${folder}/golden`);
  writeFileSync(`${folder}/golden/events.out.tfevents.1`, GOLDEN);
  const found = readBack(`${folder}/golden/events.out.tfevents.1`);
  looksRight(found);
  assert.is(found.time, 1_795_728_423.881);
});

test.run();
