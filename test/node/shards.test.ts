// Pictures in tar files: the batches of a folder's loader, shuffled and resumed by the seed, and every way to be wrong named.
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packTar } from 'modern-tar';
import * as assert from 'uvu/assert';
import type { AugmentOptions, ColourStatistics, DamagedFile, ImageBatch } from '../../src/data/index.js';
import { DataLoader, mixup, Random, randAugment, randomResizedCrop, toTensor } from '../../src/data/index.js';
import {
  CheckpointError,
  DataError,
  Flatten,
  Linear,
  manualSeed,
  Sequential,
  SGD,
  UsageError,
} from '../../src/index.js';
import { loadImageFolder } from '../../src/node/image-folder.js';
import { openShards, type ShardDataset, ShardLoader, type ShardLoaderOptions } from '../../src/node/index.js';
import { classification, readCheckpoint, restoreRun, Trainer, writeCheckpoint } from '../../src/train/index.js';
import { mutate } from '../soak/fuzz/mutate.js';
import { useDevice } from '../support/device.js';
import { Skip, suite } from '../support/suite.js';
import { gradient, makeJpeg, makePng } from './made-images.js';

const test = suite('node/shards');
const home = mkdtempSync(join(tmpdir(), 'wgrad-shards-'));
const cacheBefore = process.env.WGRAD_CACHE;
test.before(useDevice);
test.before(() => {
  process.env.WGRAD_CACHE = join(home, 'cache');
});
test.after(() => {
  if (cacheBefore === undefined) delete process.env.WGRAD_CACHE;
  else process.env.WGRAD_CACHE = cacheBefore;
  rmSync(home, { recursive: true, force: true });
});

type Entry = [name: string, content: Uint8Array | string];

const tar = (entries: readonly Entry[]) =>
  packTar(
    entries.map(([name, content]) => {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      return name.endsWith('/')
        ? { header: { name, size: 0, type: 'directory' as const } }
        : { header: { name, size: bytes.length }, body: Uint8Array.from(bytes) };
    }),
  );

let files = 0;
async function shard(entries: readonly Entry[], name = `shard-${files++}.tar`): Promise<string> {
  const path = join(home, name);
  writeFileSync(path, await tar(entries));
  return path;
}

/** A picture of its own for each number. */
const picture = (n: number) =>
  (n % 2 ? makePng : makeJpeg)(20 + n, 18, (x, y) => [n * 9, gradient(x, y)[1], gradient(x, y)[2]]);
const classes = ['cat', 'dog'];
const label = (n: number) => (n % 3 === 0 ? 'dog' : 'cat');
const kind = (n: number) => (n % 2 ? 'png' : 'jpg');
/** The files of sample `n`. */
const sample = (n: number): Entry[] => [
  [`${String(n).padStart(3, '0')}.${kind(n)}`, picture(n)],
  [`${String(n).padStart(3, '0')}.cls`, label(n)],
];

/** 23 samples in three shards of 9, 9 and 5. */
async function threeShards(): Promise<string> {
  const folder = `three-${files++}`;
  mkdirSync(join(home, folder));
  for (const [i, [from, to]] of [[0, 9], [9, 18], [18, 23]].entries()) // biome-ignore format: a list
    await shard(Array.from({ length: to - from }, (_, k) => sample(from + k)).flat(), `${folder}/train-00${i}.tar`);
  return `${join(home, folder)}/train-{000..002}.tar`;
}

const colours: ColourStatistics = {
  ...{ mean: [100, 110, 120], std: [50, 60, 70], axisStd: [90, 20, 10] },
  axes: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], // biome-ignore format: a matrix
};
const augment: AugmentOptions = { crop: 13, place: 'random', flip: true, colourShift: 0.1, colours, seed: 5 };

const open = (source: string | readonly string[], more: object = {}) =>
  openShards(source, { classes, size: 16, ...more });

async function batches(
  set: ShardDataset,
  options: Partial<ShardLoaderOptions> = {},
  epoch = 0,
  startBatch = 0,
): Promise<ImageBatch[]> {
  const loader = new ShardLoader(set, { batchSize: 4, augment, workers: 0, ...options });
  const all: ImageBatch[] = [];
  for await (const batch of loader.epoch(epoch, { startBatch })) all.push(batch);
  await loader.close();
  return all;
}

async function refusal(body: () => Promise<unknown>, kind: typeof DataError | typeof UsageError = DataError) {
  const error = await body().then(
    () => 'accepted',
    (reason) => reason,
  );
  assert.instance(error, kind, String(error));
  return (error as Error).message.replaceAll(`${home}/`, '');
}

test('the batches are those of the same pictures in a folder, to the bit', async () => {
  const folder = join(home, 'folder');
  mkdirSync(folder);
  for (let n = 0; n < 23; n++) writeFileSync(join(folder, `${n}.${kind(n)}`), picture(n));
  const { dataset } = await loadImageFolder(folder, { size: 16, workers: 1, cache: false });
  assert.is(dataset.name(11), `11.${kind(11)}`);
  const set = await open(await threeShards());
  const transforms = [randomResizedCrop(9), randAugment(), toTensor()];
  for (const how of [augment, { transforms, seed: 5 }]) {
    const expected: ImageBatch[] = [];
    for await (const batch of new DataLoader(dataset, { batchSize: 4, augment: how }).epoch(2)) expected.push(batch);
    const got = await batches(set, { augment: how }, 2);
    assert.is(got.length, 6);
    for (const [i, { images, indices, labels }] of got.entries()) {
      assert.equal(images, expected[i].images);
      assert.equal(indices, expected[i].indices);
      assert.equal(
        [...labels],
        [...indices].map((n) => classes.indexOf(label(n))),
      );
    }
  }
  const mix = { batchSize: 4, augment, batchTransform: mixup({ alpha: 0.4 }) };
  const folderMixed: number[][] = []; // its labels are of other classes: a folder's name, a file's beginning
  for await (const { images } of new DataLoader(dataset, mix).epoch(1)) folderMixed.push([...images.data]);
  const soft: string[] = [];
  for (const [workers, startBatch] of [
    [0, 0],
    [2, 0],
    [2, 4],
  ]) {
    // biome-ignore format: one line
    const loader = new ShardLoader(set, { ...mix, workers });
    let i = startBatch;
    for await (const { images, labels } of loader.epoch(1, { startBatch })) {
      assert.equal([...images.data], folderMixed[i]);
      assert.equal(labels.shape, [images.shape[0], 2]);
      soft[i] ??= String(labels.data);
      assert.is(String(labels.data), soft[i++]);
    }
    assert.is(i, 6);
    await loader.close();
  }
  assert.equal([set.length, set.counts()], [23, [15, 8]]);
  assert.equal(
    set.shards.map(({ samples }) => samples),
    [9, 9, 5],
  );
});

test('files of a sample may come in any order, with others beside them; hidden ones and folders are passed over', async () => {
  const path = await shard([
    ...([
      ['deep/', ''],
      ['deep/.hidden.jpg', 'x'],
      ['deep/._a.jpg', 'x'],
      ['README', 'text'],
      ['notes.txt', ''],
    ] as Entry[]),
    ...([
      ['deep/a.json', '{}'],
      ['deep/a.cls', ' 1\n'],
      ['deep/a.JPG', picture(2)],
      ['deep/a.seg.png', 'x'],
    ] as Entry[]),
    ...([
      ['b/a.jpeg', picture(4)],
      ['b/a.cls', 'cat'],
      ['__meta__/x.jpg', 'x'],
      ['__MACOSX/b/a.jpg', 'x'],
    ] as Entry[]),
  ]);
  const set = await open(path);
  const [{ labels, indices }, ...more] = await batches(set);
  assert.equal([[...labels], [...indices], more.length], [[1, 0], [0, 1], 0]); // biome-ignore format: a list
});

test('each epoch has its own order, by the seed; a sample comes out at most a buffer before its turn', async () => {
  const set = await open(await threeShards());
  const loader = (options: Partial<ShardLoaderOptions> = {}) =>
    new ShardLoader(set, { batchSize: 4, augment, shuffle: 5, workers: 0, ...options });
  const orders = [0, 1, 2, 3].map((epoch) => loader().order(epoch).join());
  assert.is(new Set(orders).size, 4);
  assert.equal(
    orders,
    [0, 1, 2, 3].map((epoch) => loader().order(epoch).join()),
  );
  assert.is.not(
    loader({ augment: { ...augment, seed: 6 } })
      .order(0)
      .join(),
    orders[0],
  );
  assert.is(loader({ shuffle: 0 }).order(3).join(), Array.from({ length: 23 }, (_, i) => i).join());
  const firsts = new Set<number>();
  for (let epoch = 0; epoch < 20; epoch++) {
    const order = [...loader().order(epoch)];
    assert.equal(
      [...order].sort((a, b) => a - b),
      Array.from({ length: 23 }, (_, i) => i),
    );
    const shardOf = (place: number) => Math.floor(place / 9);
    const first = shardOf(order[0]);
    firsts.add(first);
    const early = order.slice(0, 9 - 5).concat(first === 2 ? [] : [order[4]]);
    if (first < 2)
      assert.ok(
        early.every((place) => shardOf(place) === first),
        `${order}`,
      );
  }
  assert.equal([...firsts].sort(), [0, 1, 2], 'shards are shuffled, too');
  assert.is(loader({ dropLast: true }).order(0).length, 20);
  const inSequence = (order: Int32Array) => order.filter((place, i) => place === order[i - 1] + 1).length;
  assert.ok(inSequence(loader({ shuffle: 100 }).order(0)) < 10, 'a buffer for all of it is a shuffle');
});

test('the same bits from any number of threads, and from the middle of an epoch', async () => {
  const set = await open(await threeShards());
  const whole = await batches(set, { shuffle: 6 }, 1);
  assert.equal(await batches(set, { shuffle: 6, workers: 1 }, 1), whole);
  assert.equal(await batches(set, { shuffle: 6, workers: 3, prefetch: 2 }, 1), whole);
  for (const startBatch of [1, 3, 5, 6, 9])
    assert.equal(
      await batches(set, { shuffle: 6, workers: 2 }, 1, startBatch),
      whole.slice(startBatch),
      `${startBatch}`,
    );
});

test('from the middle of an epoch, shards that are done are not read again', async () => {
  const set = await open(await threeShards());
  const whole = await batches(set);
  rmSync(set.shards[0].path);
  assert.equal(await batches(set, {}, 0, 3), whole.slice(3));
  assert.match(await refusal(() => batches(set, {}, 0, 2)), /train-000\.tar: cannot be read \(ENOENT/);
});

test('a run stopped in the middle of an epoch goes on to the same bits, and refuses another order', async () => {
  const set = await open(await threeShards());
  const made: ShardLoader[] = [];
  const newTrainer = (options: Partial<ShardLoaderOptions> = {}) => {
    manualSeed(3);
    const train = new ShardLoader(set, { batchSize: 4, augment, shuffle: 5, workers: 2, ...options });
    made.push(train);
    const model = new Sequential(new Flatten(), new Linear(3 * 13 * 13, 2));
    return new Trainer({
      model,
      optimizer: new SGD(model.parameters(), { lr: 0.01 }),
      task: classification({ classes }),
      train,
    });
  };
  const weights = async ({ parts: { model } }: Trainer) => [...(await model.parameters()[0].data())];
  const whole = newTrainer();
  await whole.fit({ epochs: 3 });
  const begun = newTrainer();
  const stop = new AbortController();
  await begun.fit({
    epochs: 3,
    signal: stop.signal,
    callbacks: [{ onBatchEnd: ({ step }) => void (step >= 9 && stop.abort()) }],
  });
  assert.equal([begun.position.epoch, begun.position.batch], [1, 3]);
  const file = readCheckpoint(await writeCheckpoint(begun), 'saved');
  const resumed = newTrainer({ workers: 0 });
  restoreRun(file, resumed);
  await resumed.fit({ epochs: 3 });
  assert.is(resumed.position.step, 18);
  assert.equal(await weights(resumed), await weights(whole));
  assert.throws(
    () => restoreRun(file, newTrainer({ shuffle: 6 })),
    (e: unknown) => e instanceof CheckpointError && /shuffle was 5, it is 6 now/.test(e.message),
  );
  for (const loader of made) await loader.close();
});

test('what orders an epoch is named, and does not depend on where the shards lie', async () => {
  const [first, again] = [await open(await threeShards()), await open(await threeShards())];
  const ordered = (set: ShardDataset, options: Partial<ShardLoaderOptions> = {}) =>
    new ShardLoader(set, { batchSize: 4, augment, workers: 0, ...options }).orderedBy;
  assert.equal(ordered(first), { fingerprint: first.fingerprint, batchSize: 4, dropLast: false, shuffle: 0 });
  assert.equal(ordered(first, { shuffle: 7 }).seed, 5);
  assert.is(first.fingerprint, again.fingerprint);
  const swapped = await open(again.shards.map(({ path }) => path).reverse());
  assert.is.not(swapped.fingerprint, first.fingerprint);
  assert.is.not((await open(await threeShards(), { classes: ['dog', 'cat'] })).fingerprint, first.fingerprint);
});

test('a picture that cannot be read is named once, by shard and entry, and its batch is smaller', async () => {
  const path = await shard([
    ...[...sample(1), ...sample(2)],
    ...([
      ['bad.jpg', 'no picture'],
      ['bad.cls', 'dog'],
      ['cut.png', picture(3).slice(0, 60)],
      ['cut.cls', '0'],
    ] as Entry[]),
    ...[...sample(3), ...sample(5)],
  ]);
  const set = await open(path);
  for (const workers of [0, 2]) {
    const told: DamagedFile[] = [];
    const options = { augment, batchSize: 3, workers, onDamaged: (file: DamagedFile) => void told.push(file) };
    const loader = new ShardLoader(set, options);
    for (const epoch of [0, 1]) {
      const found: ImageBatch[] = [];
      for await (const batch of loader.epoch(epoch)) found.push(batch);
      assert.equal(
        found.map(({ indices }) => [...indices]),
        [
          [0, 1],
          [4, 5],
        ],
      );
      assert.equal(
        found.map(({ labels }) => [...labels]),
        [
          [0, 0],
          [1, 0],
        ],
      );
      const numbers = 3 * 13 * 13;
      for (const { images } of found) {
        assert.is(images.data.length, 2 * numbers);
        for (const i of [0, 1])
          assert.ok(images.data.subarray(i * numbers, (i + 1) * numbers).every((value) => value !== 0));
      }
    }
    await loader.close();
    assert.equal(
      told.map(({ file }) => file),
      [`${path}: bad.jpg`, `${path}: cut.png`],
    );
    assert.is(told[0].reason, 'neither a JPEG nor a PNG, whatever its name says');
    assert.match(told[1].reason, /cut off/);
  }
  assert.match(await refusal(() => batches(set)), /tar: bad\.jpg: neither a JPEG nor a PNG, whatever its name says$/);
  assert.match(
    await refusal(() => batches(set, { batchSize: 1, onDamaged: () => {} })),
    /tar: bad\.jpg: neither a JPEG .*; none of its batch of 1 can be read$/,
  );
});

const jpg = picture(2);
const WRONG: [entries: Entry[], message: RegExp][] = [
  [[...sample(1), ['002.jpg', jpg], ...sample(3)], /tar: 002\.jpg: no 002\.cls beside it; .*--sort=name/],
  [[['002.jpg', jpg]], /tar: 002\.jpg: no 002\.cls beside it/],
  [['a.jpg', 'b.jpg', 'a.cls', 'b.cls'].map((name) => [name, '0']), /a\.jpg: no a\.cls/],
  [[['002.cls', '1'], ...sample(3)], /tar: 002\.cls: no picture beside it$/],
  [[['a.webp', ''], ['a.cls', '1']], /tar: a\.cls: its picture is a\.webp; only JPEG and PNG are read$/],
  [[...sample(1), ['x.jpg', jpg], ['x.cls', 'cow']], /tar: x\.jpg: its class 'cow' is not one of cat, dog, nor a number from 0 to 1$/],
  [[['x.jpg', jpg], ['x.cls', '2']], /its class '2' is not one of cat, dog/],
  [[['x.jpg', jpg], ['x.cls', '']], /its class '' is not one of/],
  [[['x.jpg', jpg], ['x.cls', '1'.repeat(2000)]], /x\.cls: 2000 bytes are no class/],
  [[['x.jpg', jpg], ['x.png', jpg], ['x.cls', '1']], /x\.png: a second picture of its sample, beside x\.jpg/],
  [[['readme.txt', '']], /no samples: a sample is name\.jpg or name\.png and name\.cls/],
  [[['cat.1.jpg', jpg], ['cat.1.cls', '1']], /no samples.*a name ends at its first dot/],
]; // biome-ignore format: a table

test('what is wrong with a shard is said when it is opened, with the entry', async () => {
  for (const [entries, message] of WRONG) assert.match(await refusal(async () => open(await shard(entries))), message);
});

test('a shard that is cut anywhere, damaged, compressed or no tar at all is refused', async () => {
  const whole = await tar([...sample(1), ...sample(2)]);
  const path = join(home, 'cut.tar');
  const refused = async (bytes: Uint8Array, message: RegExp, what: string) => {
    writeFileSync(path, bytes);
    assert.match(await refusal(() => open(path)), message, what);
  };
  for (let length = 0; length < whole.length; length += 100)
    await refused(
      whole.subarray(0, length),
      /^cut\.tar: no tar file, cut off or damaged (behind 00|at its)/,
      `${length}`,
    );
  await refused(whole.subarray(0, -1), /behind 002\.cls/, 'the last byte');
  for (const at of [0, 130, 150]) {
    const damaged = Uint8Array.from(whole);
    damaged[at] ^= 1;
    await refused(damaged, /damaged at its beginning \(.*checksum/, `byte ${at}`);
  }
  await refused(picture(3), /no tar file/, 'a picture');
  await refused(Uint8Array.of(0x1f, 0x8b, 8, 0), /^cut\.tar: compressed; shards are read as plain tar files/, 'gzip');
  assert.match(await refusal(() => open(join(home, 'nowhere.tar'))), /^nowhere\.tar: cannot be read \(ENOENT/);
  assert.match(await refusal(() => open(home)), /cannot be read \(EISDIR/);
});

test('a shard changed at random is refused by name, or gives samples', async () => {
  const whole = await tar([...sample(1), ['001.json', '{}'], ...sample(2), ['deep/'.repeat(30), ''], ...sample(3)]);
  const path = join(home, 'changed.tar');
  let refused = 0;
  for (let i = 0; i < 120; i++) {
    writeFileSync(path, mutate([whole], new Random(i)));
    try {
      const set = await open(path);
      await batches(set, { onDamaged: () => {} });
    } catch (error) {
      refused++;
      const named = error instanceof DataError && error.message.startsWith(path);
      assert.ok(named, `case ${i}: ${(error as Error).stack}`);
    }
  }
  assert.ok(refused > 30 && refused < 120, `${refused} of 120`);
});

test('GNU tar: names of more than 100 letters; links, which have no bytes, are refused', async () => {
  const version = () => execFileSync('tar', ['--version'], { encoding: 'utf8' });
  if (process.platform === 'win32' || !version().startsWith('tar (GNU')) throw new Skip('there is no GNU tar');
  const folder = join(home, 'gnu');
  const deep = `${'long'.repeat(30)}/${'name'.repeat(40)}`;
  for (const [name, content] of [1, 2].flatMap(sample)) {
    mkdirSync(dirname(join(folder, `${deep}${name}`)), { recursive: true });
    writeFileSync(join(folder, `${deep}${name}`), content);
  }
  for (const format of ['gnu', 'pax', 'posix']) {
    const path = join(home, `${format}.tar`);
    execFileSync('tar', [`--format=${format}`, '--sort=name', '-cf', path, '-C', folder, '.']);
    const set = await open(path);
    const [{ labels }] = await batches(set);
    assert.equal([set.length, [...labels]], [2, [0, 0]]);
    assert.match(
      await refusal(() => open(path, { classes: ['cow'] })),
      new RegExp(`${format}\\.tar: \\./${deep}001\\.png: its class 'cat'`),
    );
  }
  symlinkSync('a.jpg', join(folder, 'b.jpg'));
  const links = join(home, 'links.tar');
  execFileSync('tar', ['--sort=name', '-cf', links, '-C', folder, 'b.jpg']);
  assert.match(
    await refusal(() => open(links)),
    /links\.tar: b\.jpg: a symlink without bytes; pack it with tar --dereference/,
  );
});

test('Python’s tarfile, as WebDataset’s own writer uses it', async () => {
  const path = join(home, 'python.tar');
  writeFileSync(join(home, 'picture.jpg'), picture(2));
  const program = `
import io, sys, tarfile
data = open(sys.argv[2], 'rb').read()
with tarfile.open(sys.argv[1], 'w') as t:
    for i in range(3):
        for name, content in (('jpg', data), ('cls', b'1')):
            info = tarfile.TarInfo('sample%06d.%s' % (i, name)); info.size = len(content); info.mode = 0o444
            t.addfile(info, io.BytesIO(content))
`;
  try {
    execFileSync('python3', ['-c', program, path, join(home, 'picture.jpg')]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Skip('there is no Python');
    throw error;
  }
  const set = await open(path);
  assert.equal([set.length, set.counts()], [3, [0, 3]]);
  assert.equal((await batches(set))[0].images.shape, [3, 3, 13, 13]);
});

test('a shard is counted once; one that changed, or a damaged cache, is counted again', async () => {
  const path = await shard([...sample(1), ...sample(2)]);
  const when = new Date(1e12);
  utimesSync(path, when, when);
  const seen: number[][] = [];
  const count = async () => (await open([path], { onProgress: (...args: number[]) => seen.push(args) })).counts();
  const cacheFiles = () => readdirSync(join(home, 'cache/shards-1')).map((name) => join(home, 'cache/shards-1', name));
  const before = new Set(cacheFiles());
  assert.equal(await count(), [2, 0]);
  const [kept, ...others] = cacheFiles().filter((name) => !before.has(name));
  assert.is(others.length, 0);
  const { size } = statSync(path);
  writeFileSync(path, new Uint8Array(size)); // no tar any more, with the same size and time
  utimesSync(path, when, when);
  assert.equal(await count(), [2, 0], 'from the cache');
  for (const text of ['', '{}', '{"samples":2,"labels":{"cat":1},"checksum":1}']) {
    writeFileSync(kept, text);
    assert.match(await refusal(count), /no tar file|no samples/, text);
  }
  writeFileSync(path, await tar([...sample(3), ...sample(6)]));
  assert.equal(await count(), [0, 2]);
  assert.equal(seen[0], [1, 1]);
});

test('a shard that changed after it was opened is named, at the end of the epoch at the latest', async () => {
  const path = await shard([1, 2, 3].flatMap(sample));
  const set = await open(path);
  for (const now of [2, 4]) {
    writeFileSync(path, await tar([1, 2, 3, 4].slice(0, now).flatMap(sample)));
    assert.match(
      await refusal(() => batches(set, { batchSize: 3 })),
      new RegExp(`tar: has ${now} samples, it had 3 when it was opened; open it again`),
    );
  }
});

test('patterns are ranges of numbers; lists and paths are themselves', async () => {
  const paths = async (source: string | string[]) =>
    open(source).then(
      (set) => set.shards.map(({ path }) => path.replace(`${home}/`, '')),
      (error: Error) => error.message,
    );
  mkdirSync(join(home, 'p'));
  for (const name of ['a-08', 'a-09', 'a-10', 'b{x}', 'c-1-2', 'c-1-3']) await shard(sample(1), `p/${name}.tar`);
  assert.equal(await paths(`${home}/p/a-{08..10}.tar`), ['p/a-08.tar', 'p/a-09.tar', 'p/a-10.tar']);
  assert.equal(await paths([`${home}/p/b{x}.tar`, `${home}/p/c-{1..1}-{2..3}.tar`]), [
    'p/b{x}.tar',
    'p/c-1-2.tar',
    'p/c-1-3.tar',
  ]);
  assert.match((await paths(`${home}/p/a-{8..10}.tar`)) as string, /a-8\.tar: cannot be read/);
  for (const [source, message] of [
    ['x{3..1}.tar', /\{3\.\.1\} is no range of shards, in x\{3\.\.1\}\.tar/],
    [['a.tar', 'a.tar'], /a\.tar is given twice/],
    [[], /takes a path, a pattern or a list of paths/],
    [[''], /takes a path/],
    [7, /takes a path/],
  ] as [string, RegExp][])
    assert.match(await refusal(() => open(source), UsageError), message);
});

test('options are checked by name and range', async () => {
  const path = await shard(sample(1));
  const refused = async (body: () => unknown, message: RegExp) =>
    assert.match(await refusal(async () => body(), UsageError), message);
  await refused(() => openShards(path, {} as never), /openShards: classes is needed|openShards: .*classes/);
  await refused(() => open(path, { side: 16 }), /openShards: there is no option 'side'/);
  const set = await open(path);
  const loader = (options: object) => new ShardLoader(set, { batchSize: 1, augment, workers: 0, ...options });
  await refused(
    () => loader({ batchsize: 3 }),
    /ShardLoader: there is no option 'batchsize'; did you mean 'batchSize'/,
  );
  await refused(() => loader({ shuffle: true }), /shuffle is a whole number, 0 or more/);
  await refused(() => new ShardLoader({} as never, { batchSize: 1, augment }), /takes what openShards gives/);
  await refused(() => loader({}).epoch(0.5).next(), /number is a whole number/);
  assert.match(
    await refusal(async () => loader({ augment: { ...augment, crop: 20 } })),
    /a crop of 20 from pictures of 16/,
  );
  assert.match(
    await refusal(async () => loader({ batchSize: 2, dropLast: true })),
    /dropLast leaves nothing of 1 samples/,
  );
});

test('colours are those of the pictures', async () => {
  const set = await open(await threeShards());
  const folder = join(home, 'colours');
  mkdirSync(folder);
  for (let n = 0; n < 23; n++) writeFileSync(join(folder, `${n}.${kind(n)}`), picture(n));
  const { dataset } = await loadImageFolder(folder, { size: 16, workers: 1, cache: false });
  const expected = dataset.subset([0, 1, 2, 9, 10, 11, 18, 19, 20]).colours();
  assert.equal(await set.colours(9), expected);
  const bad = await open(
    await shard([
      ['a.jpg', 'x'],
      ['a.cls', '1'],
    ]),
  );
  assert.match(await refusal(() => bad.colours()), /none of its first pictures can be read/);
});

test('leaving an epoch early closes its shard, wherever it is', async () => {
  if (process.platform !== 'linux') throw new Skip('open files are counted in /proc');
  mkdirSync(join(home, 'large'));
  const large = Array.from({ length: 12 }, (_, n): Entry[] => [...sample(n), [`${n}.bin`, new Uint8Array(400_000)]]);
  const set = await open([await shard(large.flat(), 'large/train-000.tar')]);
  const opened = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).includes('train-00');
      } catch {
        return false;
      }
    }).length;
  const loader = new ShardLoader(set, { batchSize: 2, augment, workers: 1, shuffle: 2 });
  for (let stop = 1; stop <= 6; stop++) {
    let seen = 0;
    for await (const _ of loader.epoch(0)) if (++seen === stop) break;
  }
  await loader.close();
  for (let i = 0; i < 50 && opened() > 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(opened(), 0);
});

test.run();
