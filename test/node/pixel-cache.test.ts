// Decoded pictures on disk: resumed, damaged, changed, of another version, without room.
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ImageDataset } from '../../src/data/dataset.js';
import { checkedLine } from '../../src/node/checked-lines.js';
import { FilePixels } from '../../src/node/file-pixels.js';
import { type ImageFolderOptions, loadImageFolder } from '../../src/node/image-folder.js';
import { flipBit, picture, pixelsOf, usePictures } from '../support/picture-folder.js';
import { startProgram } from '../support/program.js';
import { Skip, suite } from '../support/suite.js';

const test = suite('pixel-cache');
const home = usePictures(test);
const SIZE = 16;
const SQUARE = 3 * SIZE * SIZE;
const COUNT = 12;
/** No memory: pictures stay in the file. */
const ON_DISK = { memory: 0 };

async function load(folder: string, options: ImageFolderOptions = {}) {
  const notices: string[] = [];
  const onNotice = (notice: string) => void notices.push(notice);
  const loaded = await loadImageFolder(folder, { size: SIZE, workers: 2, onNotice, ...options });
  return { ...loaded, notices };
}

/** A folder whose pictures are in the cache, and their pixels; the cache has nothing else. */
async function cached(count = COUNT) {
  home.forget();
  const folder = home.pictures(count);
  const { dataset, decoded, notices } = await load(folder);
  assert.equal([decoded, notices], [count, []]);
  return { folder, pixels: pixelsOf(dataset) };
}

for (const [where, options] of Object.entries({ memory: {}, file: ON_DISK })) {
  test(`a square with one bit turned over is named, decoded again and right (${where})`, async () => {
    const { folder, pixels } = await cached();
    flipBit(home.cacheFile('pixels'), 5 * SQUARE + 100);
    const { dataset, decoded, notices } = await load(folder, options);
    assert.is(decoded, where === 'memory' ? 1 : 0, 'in the file it is found when it is read');
    assert.equal(pixelsOf(dataset), pixels);
    assert.is(notices.length, 1);
    assert.match(notices[0], /^(cat|dog)\.\d+\.jpg: damaged in the cache; it (is|was) decoded again$/);
    const again = await load(folder, options);
    assert.equal([pixelsOf(again.dataset), again.decoded, again.notices], [pixels, 0, []], 'it was written again');
  });
}

/** What is done to a cache, what is said, and how many of 12 pictures are decoded again. */
const damage: Record<string, [act: () => void, said: RegExp, decoded: number]> = {
  'a bit of a line of the index': [
    () => flipBit(home.cacheFile('index'), -20),
    /\.index: 1 line damaged or cut off/,
    1,
  ],
  'a bit of its first line': [() => flipBit(home.cacheFile('index'), 20), /\.index: 1 line damaged or cut off/, 0],
  'an index that was cut off': [() => cut(home.cacheFile('index'), 30), /\.index: 1 line damaged or cut off/, 1],
  'squares that were cut off': [
    () => cut(home.cacheFile('pixels'), 2.5 * SQUARE),
    /\.pixels: cut off .* 3 pictures/,
    3,
  ],
  'squares that are gone': [() => rmSync(home.cacheFile('pixels')), /\.pixels: cut off or missing; 12 pictures/, 12],
  'another version': [
    () => otherVersion(),
    /\.index: of version 6, this is version 7; all pictures are decoded again/,
    12,
  ],
};

const cut = (file: string, bytes: number) => truncateSync(file, readFileSync(file).length - bytes);

function otherVersion(): void {
  const file = home.cacheFile('index');
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, checkedLine({ wgrad: 'pictures', version: 6, size: SIZE }) + lines.slice(1).join('\n'));
}

for (const [what, [act, said, expected]] of Object.entries(damage)) {
  test(`${what}: named in one line, no more than what is damaged is decoded again, and pixels are right`, async () => {
    const { folder, pixels } = await cached();
    act();
    const { dataset, decoded, notices } = await load(folder, ON_DISK);
    assert.is(notices.length, 1, notices.join('\n'));
    assert.match(notices[0], said);
    assert.is(decoded, expected);
    assert.equal(pixelsOf(dataset), pixels);
    if (expected === 0) return; // nothing was written
    const again = await load(folder, ON_DISK);
    assert.equal([pixelsOf(again.dataset), again.decoded, again.notices], [pixels, 0, []], 'as if nothing had been');
  });
}

test('a picture that changed is named and decoded again, and no other', async () => {
  const { folder, pixels } = await cached();
  writeFileSync(join(folder, 'cat.4.jpg'), picture(40));
  utimesSync(join(folder, 'dog.5.jpg'), 1000, 1000);
  const { dataset, decoded, notices } = await load(folder, ON_DISK);
  assert.equal(notices, ['cat.4.jpg: it changed, and is decoded again', 'dog.5.jpg: it changed, and is decoded again']);
  assert.is(decoded, 2);
  const now = pixelsOf(dataset);
  const different = now.filter((text, i) => text !== pixels[i]).map((text) => text.split(' ')[0]);
  assert.equal(different, ['cat.4.jpg']);
  const again = await load(folder);
  assert.equal([pixelsOf(again.dataset), again.decoded, again.notices], [now, 0, []]);
});

test('pictures that were damaged are not decoded again, until they change', async () => {
  home.forget();
  const folder = home.folder({ 'cat.1.png': picture(1), 'dog.1.png': picture(3), 'dog.2.png': 'nothing' });
  const first = await load(folder);
  assert.is(first.damaged.length, 1);
  const second = await load(folder);
  assert.equal([second.decoded, second.cached, second.damaged], [0, true, first.damaged]);
  writeFileSync(join(folder, 'dog.2.png'), picture(5));
  const third = await load(folder);
  assert.equal([third.decoded, third.cached, third.damaged, third.dataset.length], [1, false, [], 3]);
});

test('a limit decodes only what it takes, and more only what is missing', async () => {
  home.forget();
  const folder = home.pictures(COUNT);
  const progress: string[] = [];
  const onProgress = (done: number, total: number) => void progress.push(`${done}/${total}`);
  assert.is((await load(folder, { limit: 5 })).decoded, 5);
  const all = await load(folder, { onProgress });
  assert.equal([all.decoded, progress[0], progress.at(-1)], [7, '6/12', '12/12']);
  const few = await load(folder, { limit: 4, seed: 3, ...ON_DISK });
  assert.equal([few.decoded, few.cached], [0, true]);
  const known = new Set(pixelsOf(all.dataset));
  assert.ok(pixelsOf(few.dataset).every((text) => known.has(text)));
});

test('killed in the middle of decoding, it goes on where it was', async () => {
  const { folder, pixels } = await cached(COUNT);
  home.forget();
  const module = JSON.stringify(new URL('../../src/node/image-folder.js', import.meta.url).href);
  const program = `
    import { loadImageFolder } from ${module};
    const onProgress = (done) => done === 7 && process.kill(process.pid, 'SIGKILL');
    await loadImageFolder(${JSON.stringify(folder)}, { size: ${SIZE}, workers: 1, onProgress });`;
  const { signal } = await startProgram(['--input-type=module', '-e', program]).ended;
  assert.is(signal, 'SIGKILL');
  const { dataset, decoded, notices } = await load(folder, ON_DISK);
  assert.equal([decoded, notices], [COUNT - 7, []]);
  assert.equal(pixelsOf(dataset), pixels);
  assert.is(
    readFileSync(home.cacheFile('sum')).readUInt32LE(8),
    COUNT,
    'what was decoded before the end is in the sum',
  );
  const whole = await load(folder, { cache: false });
  assert.equal(dataset.meanImage(), whole.dataset.meanImage());
});

test('a sum of squares that is lost or damaged is added up again, once, and so it is after a change', async () => {
  const { folder } = await cached();
  const expected = (await load(folder)).dataset.meanImage();
  const kept = () => readFileSync(home.cacheFile('sum'));
  const whole = kept();
  const means = async () => (await load(folder, ON_DISK)).dataset.meanImage();
  for (const damage of [() => flipBit(home.cacheFile('sum'), 100), () => rmSync(home.cacheFile('sum'))]) {
    damage();
    assert.equal(await means(), expected);
    assert.equal(kept(), whole);
  }
  writeFileSync(join(folder, 'cat.4.jpg'), picture(40));
  const changed = (await load(folder)).dataset.meanImage();
  assert.not.equal(changed, expected);
  assert.equal(await means(), changed);
  assert.not.equal(kept(), whole);
  assert.is(kept().readUInt32LE(8), COUNT);
  assert.is((await load(folder, { ...ON_DISK, limit: 5 })).dataset.store.sums?.image(), null, 'the file has others');
});

test('two programs at once: the second waits, and decodes nothing', async () => {
  const { folder, pixels } = await cached();
  home.forget();
  const both = await Promise.all([load(folder), load(folder, ON_DISK)]);
  assert.equal(both.map(({ decoded }) => decoded).sort(), [0, COUNT]);
  const waited = both.find(({ decoded }) => decoded === 0)!;
  assert.is(waited.notices.length, 1);
  assert.match(waited.notices[0], /another program decodes these pictures; waiting for it/);
  for (const { dataset } of both) assert.equal(pixelsOf(dataset), pixels);
});

test('what a killed program left locked is taken over', async () => {
  const { folder } = await cached();
  const lock = home.cacheFile('index').replace(/index$/, 'lock');
  rmSync(home.cacheFile('index'));
  const program = startProgram(['-e', '']);
  await program.ended;
  writeFileSync(lock, `${program.child.pid} ${hostname()}`);
  assert.equal((await load(folder)).notices, [], 'its process is gone');
  rmSync(home.cacheFile('index'));
  writeFileSync(lock, '1 another machine');
  utimesSync(lock, Date.now() / 1000 - 60, Date.now() / 1000 - 60);
  assert.equal((await load(folder)).notices, [], 'nobody has touched it for a minute');
});

for (const [where, options] of Object.entries({ memory: {}, decoding: ON_DISK })) {
  test(`a disk that is full in the middle: said once, its room given back, pixels right (${where})`, async () => {
    const { folder, pixels } = await cached();
    const squares = home.cacheFile('pixels');
    const index = home.cacheFile('index');
    writeFileSync(index, readFileSync(index, 'utf8').replace(/\n.*/s, '\n')); // as begun: the first line
    rmSync(squares);
    symlinkSync('/dev/full', squares);
    const { dataset, decoded, notices } = await load(folder, options);
    assert.is(notices.length, 1, notices.join('\n'));
    const instead = where === 'memory' ? 'they are decoded again the next time' : 'batches decode what they need';
    assert.match(notices[0], new RegExp(`cannot be kept on disk \\(ENOSPC: no space left.*\\); ${instead}`));
    assert.is(decoded, COUNT);
    assert.equal(pixelsOf(dataset), pixels);
    assert.equal(readdirSync(home.cache), []);
  });
}

test('a disk with too little room is said before anything is written', async () => {
  const { folder, pixels } = await cached();
  home.forget();
  mkdirSync(home.cache);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', home.cache]).status !== 0)
    throw new Skip('no right to mount a disk of its own');
  try {
    const { dataset, notices } = await load(folder, ON_DISK);
    assert.is(notices.length, 1, notices.join('\n'));
    assert.match(notices[0], /\(9\.2 kB are needed, the disk has [48]\.\d kB left\); batches decode what they need/);
    assert.equal(pixelsOf(dataset), pixels);
    assert.equal(readdirSync(home.cache), []);
  } finally {
    spawnSync('umount', [home.cache]);
  }
});

test('a cache that cannot be written is said once, and is no error', async () => {
  const { folder, pixels } = await cached();
  const blocked = join(home.path, 'a file');
  writeFileSync(blocked, '');
  process.env.WGRAD_CACHE = join(blocked, 'cache');
  const { dataset, notices } = await load(folder, ON_DISK);
  process.env.WGRAD_CACHE = home.cache;
  assert.is(notices.length, 1);
  assert.match(
    notices[0],
    /decoded pictures cannot be kept on disk \(ENOTDIR.*batches decode what they need, which is slower/,
  );
  assert.equal(pixelsOf(dataset), pixels);
});

test('damage in a cache that cannot be written is said once, and decoded from then on', async () => {
  const { folder, pixels } = await cached();
  flipBit(home.cacheFile('pixels'), 5 * SQUARE + 100);
  const { dataset, notices } = await load(folder, ON_DISK);
  assert.instance(dataset.store, FilePixels);
  const store = dataset.store as FilePixels;
  const handle = openSync(home.cacheFile('pixels'), 'r');
  const fixed = new FilePixels({ handle }, store.squares, store.decoding, store.tell);
  const unwritable = new ImageDataset(fixed, SIZE, dataset.classes, new Int32Array(COUNT), store.decoding.names);
  for (let epoch = 0; epoch < 2; epoch++) assert.equal(pixelsOf(unwritable), pixels);
  closeSync(handle);
  assert.is(notices.length, 1, notices.join('\n'));
});

test('a picture that is not what it was when it is decoded for a batch is an error, not other pixels', async () => {
  const { folder } = await cached();
  const { dataset } = await load(folder, { ...ON_DISK, cache: false });
  const place = Array.from({ length: COUNT }, (_, i) => dataset.name(i)).indexOf('cat.4.jpg');
  writeFileSync(join(folder, 'cat.4.jpg'), picture(40));
  assert.throws(() => dataset.pixels(place), /^cat\.4\.jpg: changed while the program ran; start again/);
  rmSync(join(folder, 'cat.4.jpg'));
  assert.throws(() => dataset.pixels(place), /^cat\.4\.jpg: cannot be read any more \(ENOENT/);
});

test('nothing unfinished is left, and what others put there is left alone', async () => {
  home.forget();
  mkdirSync(home.cache, { recursive: true });
  appendFileSync(join(home.cache, 'adapter.json'), '{}');
  await load(home.pictures(3));
  const kinds = readdirSync(home.cache).map((file) => file.split('.').at(-1));
  assert.equal(kinds.sort(), ['index', 'json', 'pixels', 'sum']);
});

test('files of earlier forms of the cache are removed, told in one line, and nothing else is', async () => {
  const { folder, pixels } = await cached();
  const key = 'pictures-0123456789abcdef01234567';
  const old = [`${key}.bin`, `${key}.bin.4711`, 'pictures-ffffffffffffffffffffffff.bin'];
  const others = ['pictures-holiday.bin', `${key}.bin.zip`, `my-${key}.bin`, `${key}.pixels`, `${key}.index`];
  for (const name of [...old, ...others]) writeFileSync(join(home.cache, name), 'x'.repeat(1000));
  mkdirSync(join(home.cache, 'pictures-eeeeeeeeeeeeeeeeeeeeeeee.bin'));
  const before = readdirSync(home.cache);
  const { dataset, notices, cached: whole } = await load(folder);
  assert.equal([whole, pixelsOf(dataset)], [true, pixels]);
  assert.equal(notices, [
    `${home.cache}: removed 3 files of an earlier form of the cache (3 kB), which nothing reads any more`,
  ]);
  assert.equal(
    readdirSync(home.cache),
    before.filter((name) => !old.includes(name)),
  );
  assert.equal((await load(folder)).notices, []);
});

test.run();
