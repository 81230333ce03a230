import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import * as assert from 'uvu/assert';
import { DataError } from '../../src/device/errors.js';
import { type ImageFolderOptions, loadImageFolder } from '../../src/node/image-folder.js';
import { suite } from '../support/suite.js';
import { gradient, makeJpeg, makePng } from './made-images.js';

const test = suite('image-folder');
const home = mkdtempSync(join(tmpdir(), 'wgrad-images-'));
const cacheBefore = process.env.WGRAD_CACHE;
let folders = 0;

test.before(() => {
  process.env.WGRAD_CACHE = join(home, 'cache');
});
test.after(() => {
  if (cacheBefore === undefined) delete process.env.WGRAD_CACHE;
  else process.env.WGRAD_CACHE = cacheBefore;
  rmSync(home, { recursive: true, force: true });
});

/** A picture of its own colour for each number. */
const picture = (n: number) => (n % 2 ? makePng : makeJpeg)(30 + n, 20, (x, y) => [n * 9, gradient(x, y)[1], 200]);

function makeFolder(files: Record<string, Uint8Array | string>): string {
  const folder = join(home, `folder ${folders++}`);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const load = (folder: string, options: ImageFolderOptions = {}) =>
  loadImageFolder(folder, { size: 16, workers: 2, cache: false, ...options });

async function refusal(folder: string): Promise<string> {
  const error = await load(folder).catch((reason) => reason);
  assert.instance(error, DataError);
  return error.message;
}

const kaggle = makeFolder({
  'cat.1.jpg': picture(1),
  'cat.10.jpg': picture(2),
  'cat.2.png': picture(3),
  'golden_retriever.1.jpeg': picture(4),
  'golden_retriever.2.JPG': picture(5),
  'cat.3.jpg': 'not a picture',
  'cat.4.jpg': picture(6).slice(0, 300),
  'notes.txt': 'left alone',
  '._cat.1.jpg': 'left alone',
});

test('names tell classes; damaged files are named and left out', async () => {
  const seen: number[][] = [];
  const { dataset, damaged, cached } = await load(kaggle, { onProgress: (...args) => seen.push(args) });
  assert.equal(dataset.classes, ['cat', 'golden_retriever']);
  const names = Array.from({ length: dataset.length }, (_, i) => dataset.name(i));
  assert.equal(names, ['cat.1.jpg', 'cat.2.png', 'cat.10.jpg', 'golden_retriever.1.jpeg', 'golden_retriever.2.JPG']);
  assert.equal(dataset.counts(), [3, 2]);
  assert.equal(damaged, [
    { file: 'cat.3.jpg', reason: 'neither a JPEG nor a PNG, whatever its name says' },
    { file: 'cat.4.jpg', reason: damaged[1].reason },
  ]);
  assert.match(damaged[1].reason, /cut off/);
  assert.is(cached, false);
  assert.equal(
    seen,
    Array.from({ length: 7 }, (_, i) => [i + 1, 7]),
  );
  for (const [i, red] of [9, 27, 18, 36, 45].entries()) {
    assert.ok(Math.abs(dataset.pixels(i)[100] - red) < 8, `red of picture ${i}`);
  }
});

test('any number of workers gives the same bytes', async () => {
  const [one, three] = await Promise.all([load(kaggle, { workers: 1 }), load(kaggle, { workers: 3 })]);
  for (let i = 0; i < one.dataset.length; i++) assert.equal(one.dataset.pixels(i), three.dataset.pixels(i));
});

test('folders tell classes, at any depth; wrapping folders are looked through', async () => {
  const files = { 'dogs/a.png': picture(1), 'dogs/deep/b.png': picture(3), 'cats/cat.1.png': picture(5) };
  const plain = (await load(makeFolder(files))).dataset;
  assert.equal(
    [plain.classes, plain.counts()],
    [
      ['cats', 'dogs'],
      [1, 2],
    ],
  );
  const parts = makeFolder({
    'train/train/cat.1.jpg': picture(1),
    'train/train/dog.1.jpg': picture(2),
    'test/cat.2.jpg': picture(3),
  });
  const train = (await load(parts)).dataset;
  assert.equal([train.classes, train.length], [['cat', 'dog'], 2]);
});

test('a limit takes evenly from the classes, by the seed', async () => {
  const many = Object.fromEntries(
    ['cat', 'dog'].flatMap((c) => Array.from({ length: 10 }, (_, i) => [`${c}.${i}.png`, picture(1)])),
  );
  const folder = makeFolder(many);
  const names = async (seed: number) => {
    const { dataset } = await load(folder, { limit: 7, seed });
    assert.equal(dataset.counts(), [4, 3]);
    return Array.from({ length: 7 }, (_, i) => dataset.name(i)).join(' ');
  };
  assert.is(await names(1), await names(1));
  assert.is.not(await names(1), await names(2));
});

test('the second time comes from the cache; a damaged or stale one is made anew', async () => {
  const folder = makeFolder({ 'cat.1.png': picture(1), 'dog.1.png': picture(3), 'dog.2.png': 'nothing' });
  const first = await load(folder, { cache: true });
  const again = async (cached: boolean, what: string) => {
    const { dataset, damaged, ...rest } = await load(folder, { cache: true });
    assert.is(rest.cached, cached, what);
    assert.equal(damaged, first.damaged, what);
    for (let i = 0; i < 2; i++) assert.equal(dataset.pixels(i), first.dataset.pixels(i), what);
  };
  await again(true, 'as written');
  const [name, ...others] = readdirSync(join(home, 'cache'));
  assert.equal(others, [], 'nothing unfinished is left');
  const file = join(home, 'cache', name);
  const whole = readFileSync(file);
  const changed = Uint8Array.from(whole);
  changed[whole.length - 900] ^= 4;
  const reason = Uint8Array.from(whole);
  reason[whole.indexOf('neither')] ^= 1; // why dog.2.png was left out
  for (const [what, content] of Object.entries({
    changed,
    reason,
    cut: whole.subarray(0, -5),
    header: whole.subarray(3),
    empty: '',
  })) {
    writeFileSync(file, content);
    await again(false, what);
    await again(true, `${what}, made anew`);
  }
  utimesSync(join(folder, 'cat.1.png'), 1000, 1000);
  await again(false, 'a file is newer');
});

test('a cache that cannot be written is no error', async () => {
  const blocked = join(home, 'a file');
  writeFileSync(blocked, '');
  process.env.WGRAD_CACHE = join(blocked, 'cache');
  assert.is((await load(kaggle, { cache: true })).dataset.length, 5);
  process.env.WGRAD_CACHE = join(home, 'cache');
});

test('a folder that is missing, empty or all damaged is a clear error', async () => {
  assert.match(await refusal(join(home, 'nowhere')), /nowhere: cannot be read as a folder/);
  assert.match(await refusal(join(kaggle, 'notes.txt')), /notes.txt: cannot be read as a folder/);
  assert.match(await refusal(makeFolder({ 'a.txt': '' })), /holds no \.jpg/);
  assert.match(await refusal(makeFolder({ 'cat.1.jpg': '', 'dog.1.jpg': '' })), /none of its 2 pictures/);
});

/** Ends the next `count` threads that start, before they have done their first task. */
function endNextWorkers(count: number): () => number {
  let ended = 0;
  const end = (worker: Worker) => {
    if (++ended >= count) process.off('worker', end);
    void worker.terminate();
  };
  process.on('worker', end);
  return () => {
    process.off('worker', end);
    return ended;
  };
}

test('a thread that dies is replaced, its picture is neither lost nor doubled', async () => {
  const whole = await load(kaggle);
  const endedWorkers = endNextWorkers(1);
  const { dataset, damaged } = await load(kaggle, { workers: 1 });
  assert.is(endedWorkers(), 1);
  assert.equal(damaged, whole.damaged);
  assert.equal(dataset.bytes, whole.dataset.bytes);
});

test('a picture whose thread died twice is left out, and the cache does not keep that', async () => {
  const folder = makeFolder({ 'cat.1.jpg': picture(1), 'cat.2.jpg': picture(2) });
  const endedWorkers = endNextWorkers(2);
  const first = await load(folder, { workers: 1, cache: true });
  assert.is(endedWorkers(), 2);
  assert.equal(first.damaged, [{ file: 'cat.1.jpg', reason: first.damaged[0].reason }]);
  assert.match(first.damaged[0].reason, /died at its task/);
  const second = await load(folder, { workers: 1, cache: true });
  assert.is(second.cached, false);
  assert.equal(second.damaged, []);
});

test.run();
