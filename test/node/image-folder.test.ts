import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import * as assert from 'uvu/assert';
import { DataError, UsageError } from '../../src/errors.js';
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

const shape = async (folder: string) => {
  const { dataset } = await load(folder);
  return [dataset.classes, dataset.counts()];
};

test('a wrapper is one only if nothing stands beside it', async () => {
  const png = picture(1);
  const pizza = makeFolder({ 'pizza/pizza/a.png': png, 'pizza/other/b.png': png, 'pizza/other/c.png': png });
  assert.equal(await shape(join(pizza, 'pizza')), [
    ['other', 'pizza'],
    [2, 1],
  ]);
  assert.equal(
    await shape(pizza),
    [
      ['other', 'pizza'],
      [2, 1],
    ],
    'and from outside',
  );
  const other = makeFolder({ 'pizza/pizza/a.png': png, 'pizza/other/b.webp': 'RIFF' });
  assert.equal(await shape(join(other, 'pizza')), [['pizza'], [1]], 'nothing that can be read is something beside it');
  const twice = makeFolder({ 'set/set/cat.1.png': png, 'set/set/dog.1.png': png });
  assert.equal(await shape(join(twice, 'set')), [
    ['cat', 'dog'],
    [1, 1],
  ]);
  const ambiguous = makeFolder({ 'train/steam/1.png': png, 'train/diesel/1.png': png, 'bus/1.png': png });
  assert.match(
    await refusal(ambiguous),
    /'train' has classes of its own and stands beside 'bus'.*name the folder that is meant/,
  );
  assert.equal(await shape(join(ambiguous, 'train')), [
    ['diesel', 'steam'],
    [1, 1],
  ]);
});

test('pictures of other kinds are named, .jfif is read, and a class folder without a picture is named', async () => {
  const files: Record<string, Uint8Array | string> = {
    'cat/1.jfif': picture(2),
    'cat/2.JPE': picture(4),
    'dog/1.png': picture(1),
    'dog/notes.txt': '',
  };
  const others = ['webp', 'bmp', 'gif', 'tif', 'tiff', 'heic', 'avif', 'HEIF'];
  for (const kind of others) files[`bird/1.${kind}`] = 'x';
  files['cat/3.webp'] = 'x';
  const { dataset, damaged } = await load(makeFolder(files));
  assert.equal(
    [dataset.classes, dataset.counts()],
    [
      ['cat', 'dog'],
      [2, 1],
    ],
  );
  const reasons = new Map(damaged.map(({ file, reason }) => [file, reason]));
  for (const kind of others) assert.is(reasons.get(`bird/1.${kind}`), `a ${kind} file; only JPEG and PNG are read`);
  assert.is(reasons.get('cat/3.webp'), 'a webp file; only JPEG and PNG are read');
  assert.is(reasons.get('bird/'), 'no picture in it can be read; it gives no class');
  assert.is(reasons.size, others.length + 2);
  assert.match(
    await refusal(makeFolder({ 'a/1.webp': '', 'b/2.gif': '' })),
    /holds no \.jpg.* only files such as a\/1\.webp/,
  );
});

test('a class whose pictures are all damaged is named, besides each of them; empty folders are, too', async () => {
  const folder = makeFolder({ 'cat/1.png': picture(1), 'dog/1.png': '', 'dog/2.png': 'x' });
  mkdirSync(join(folder, 'bird'));
  const { dataset, damaged } = await load(folder);
  assert.equal(
    [dataset.classes, dataset.counts()],
    [
      ['cat', 'dog'],
      [1, 0],
    ],
  );
  assert.equal(damaged, [
    { file: 'dog/1.png', reason: 'the file is empty' },
    { file: 'dog/2.png', reason: 'neither a JPEG nor a PNG, whatever its name says' },
    { file: 'bird/', reason: 'no picture in it can be read; it gives no class' },
    { file: 'dog', reason: 'a class without a picture that could be read' },
  ]);
});

test('links are followed once: to a folder above, to one beside, to themselves, to nowhere', async () => {
  const folder = makeFolder({ 'cat/1.png': picture(1), 'dog/deep/1.png': picture(3) });
  const elsewhere = makeFolder({ 'x/2.png': picture(1), '3.png': picture(3) });
  const link = (to: string, name: string) => symlinkSync(to, join(folder, name));
  link('..', 'cat/up'); // the folder itself
  link('../..', 'cat/further'); // what it lies in, with all other folders
  link('../dog', 'cat/dog');
  link('dog/deep', 'a first name for it');
  link('loop', 'loop');
  link('nowhere', 'cat/9.png');
  link('../cat/1.png', 'dog/same.png');
  link(elsewhere, 'far');
  link(join(elsewhere, 'x'), 'far too');
  const { dataset, damaged } = await load(folder);
  const names = Array.from({ length: dataset.length }, (_, i) => dataset.name(i));
  assert.equal(names, ['cat/1.png', 'dog/deep/1.png', 'dog/same.png', 'far/3.png', 'far/x/2.png']);
  const reasons = new Map(damaged.map(({ file, reason }) => [file, reason]));
  for (const file of ['cat/up/', 'cat/further/', 'cat/dog/', 'a first name for it/', 'far too/']) {
    assert.is(reasons.get(file), 'a folder that is read already, by another way', file);
  }
  assert.match(reasons.get('loop')!, /^ELOOP/);
  assert.match(reasons.get('cat/9.png')!, /^ENOENT/);
  assert.is(reasons.size, 7);
});

test('odd names are names: folders like pictures, prototypes, accents in two forms', async () => {
  const cafe = ['caf\u00e9', 'cafe\u0301']; // NFC, and NFD as macOS writes it
  const folder = makeFolder({
    ...{ [`${cafe[0]}/1.png`]: picture(1), [`${cafe[1]}/2.png`]: picture(1), '__proto__/1.png': picture(1) },
    ...{ 'cat.jpg/1.png': picture(1), 'constructor/1.png': picture(1), 'constructor/1.PNG': picture(3) },
  });
  const { dataset, damaged } = await load(folder);
  assert.equal(damaged, []);
  assert.equal(dataset.classes, ['__proto__', cafe[0], 'cat.jpg', 'constructor']);
  assert.equal(dataset.counts(), [1, 2, 1, 2]);
});

const backslashes = 'a backslash in a name is a letter like any other';
if (process.platform === 'win32') test.skip(backslashes, 'Windows has none in names');
else
  test(backslashes, async () => {
    const folder = makeFolder({ 'cat/1.png': picture(1), '_1/1.png': picture(1) });
    writeFileSync(join(folder, 'cat', 'a\\b.jpg'), picture(2));
    const { dataset, damaged } = await load(folder);
    assert.equal([dataset.name(1), dataset.name(2), damaged.length], ['cat/1.png', 'cat/a\\b.jpg', 0]);
    assert.equal(dataset.counts(), [1, 2]);
    const flat = makeFolder({ 'cat.1.png': picture(1) });
    writeFileSync(join(flat, 'dog\\b.1.jpg'), picture(2));
    assert.equal((await load(flat)).dataset.classes, ['cat', 'dog\\b']);
  });

const pipes = 'what is neither a file nor a folder is named, and not waited for';
if (process.platform === 'win32') test.skip(pipes, 'Windows has no pipes in folders');
else
  test(pipes, async () => {
    const folder = makeFolder({ 'cat.1.png': picture(1) });
    execFileSync('mkfifo', [join(folder, 'cat.2.png')]);
    const { dataset, damaged } = await load(folder);
    assert.is(dataset.length, 1);
    assert.equal(damaged, [{ file: 'cat.2.png', reason: 'neither a file nor a folder' }]);
  });

test('options are checked by name and range', async () => {
  const refused = async (options: object, expected: RegExp) => {
    const error = await load(kaggle, options).catch((reason) => reason);
    assert.instance(error, UsageError);
    assert.match(error.message, expected);
  };
  await refused({ sizes: 64 }, /loadImageFolder: there is no option 'sizes'; did you mean 'size'/);
  for (const size of [0, 1.5, Number.NaN, '64']) await refused({ size }, /size is a whole number, 1 or more/);
  await refused({ limit: 0 }, /limit is a whole number, 1 or more/);
  await refused({ workers: 0 }, /workers is a whole number, 1 or more/);
  await refused({ seed: 0.5 }, /seed is a whole number/);
  await refused({ cache: 'no' }, /cache is true or false/);
  for (const root of ['', undefined, 7, [], ['a', '']] as string[]) {
    const error = await loadImageFolder(root).catch((reason) => reason);
    assert.ok(
      error instanceof UsageError && /loadImageFolder: takes a path or a list of paths, got/.test(error.message),
    );
  }
});

test('more pixels than one piece of memory holds are an error that says so', async () => {
  const error = await load(kaggle, { size: 100_000 }).catch((reason) => reason);
  assert.instance(error, DataError);
  assert.match(
    error.message,
    /: a picture of 100000 x 100000 pixels takes 30 GB, more than can be had in one piece; a smaller size/,
  );
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
  for (let i = 0; i < whole.dataset.length; i++) assert.equal(dataset.pixels(i), whole.dataset.pixels(i));
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
