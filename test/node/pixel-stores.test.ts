// The same seed gives the same weights wherever pixels come from: memory, the cache's file, or decoding as it goes.
import { rmSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { type AugmentOptions, DataLoader, ImageDataset, MemoryPixels, type PixelStore } from '../../src/data/index.js';
import { DataError, Flatten, Linear, manualSeed, Sequential, SGD, UsageError } from '../../src/index.js';
import { DecodingPixels, FilePixels } from '../../src/node/file-pixels.js';
import { BatchWorkers, loadImageFolder } from '../../src/node/index.js';
import { classification, readCheckpoint, restoreRun, Trainer, writeCheckpoint } from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { flipBit, pixelsOf, usePictures } from '../support/picture-folder.js';
import { suite } from '../support/suite.js';

const test = suite('pixel-stores');
const home = usePictures(test);
test.before(useDevice);

const SIZE = 12;
const COUNT = 22;
const notices: string[] = [];
let stores: Record<'memory' | 'file' | 'decoding', ImageDataset>;

test.before(async () => {
  const folder = home.pictures(COUNT);
  const load = async (options: { memory?: number; cache?: boolean }) =>
    (await loadImageFolder(folder, { size: SIZE, workers: 2, onNotice: (line) => void notices.push(line), ...options }))
      .dataset;
  stores = {
    memory: await load({ cache: false }),
    file: await load({ memory: 0 }),
    decoding: await load({ memory: 0, cache: false }),
  };
});

const colours = (set: ImageDataset) => ({ ...set.colours(), meanImage: set.meanImage() });
const augmentOf = (set: ImageDataset): AugmentOptions => ({
  ...{ crop: 8, place: 'random', flip: true, colourShift: 0.1, pixels: 'mean-image', seed: 5 },
  colours: colours(set),
});

test('each is where it is said to be, with the same pixels, colours and mean picture, of subsets too', () => {
  assert.instance(stores.memory.store, MemoryPixels);
  assert.instance(stores.file.store, FilePixels);
  assert.instance(stores.decoding.store, DecodingPixels);
  const most = (set: ImageDataset) => set.subset(Array.from({ length: COUNT - 3 }, (_, i) => i + 1));
  const few = (set: ImageDataset) => set.subset([2, 7, 7]);
  const { memory, ...others } = stores;
  for (const [name, set] of Object.entries(others)) {
    assert.equal(pixelsOf(set), pixelsOf(memory), name);
    for (const part of [(all: ImageDataset) => all, most, few]) {
      assert.equal(colours(part(set)), colours(part(memory)), name);
    }
    assert.is(set.fingerprint, memory.fingerprint);
  }
});

test('the mean picture of most pictures reads only the others', () => {
  const read: number[] = [];
  const { store } = stores.file;
  const counting: PixelStore = {
    ...{ size: SIZE, count: COUNT, sums: store.sums },
    read: (place, into) => {
      read.push(place);
      return store.read(place, into);
    },
  };
  const { classes, places } = stores.file;
  const labels = new Int32Array(COUNT);
  const names = new Array<string>(COUNT).fill('');
  const set = new ImageDataset(counting, SIZE, classes, labels, names, places).subset(places.slice(2));
  assert.equal(set.meanImage(), stores.memory.subset(places.slice(2)).meanImage());
  assert.equal(read, [0, 1]);
  set.colours();
  assert.is(read.length, 2, 'colours are known');
});

/** The weights' bits after two epochs; with `stopAt`, of a run that was stopped there and gone on with. */
async function trained(set: ImageDataset, workers: number, stopAt?: number): Promise<string> {
  const augment = augmentOf(set);
  const assembler = new BatchWorkers(set, augment, workers);
  const trainer = () => {
    manualSeed(3);
    const model = new Sequential(new Flatten(), new Linear(3 * 8 * 8, 2));
    const train = new DataLoader(set, { batchSize: 4, shuffle: true, augment, assembler });
    return new Trainer({
      model,
      optimizer: new SGD(model.parameters(), { lr: 1e-4 }),
      task: classification({ classes: ['cat', 'dog'] }),
      train,
    });
  };
  let run = trainer();
  if (stopAt !== undefined) {
    const stop = new AbortController();
    await run.fit({
      epochs: 2,
      signal: stop.signal,
      callbacks: [{ onBatchEnd: ({ step }) => void (step >= stopAt && stop.abort()) }],
    });
    const saved = await writeCheckpoint(run);
    run = trainer();
    restoreRun(readCheckpoint(saved, 'saved'), run);
  }
  await run.fit({ epochs: 2 });
  await assembler.close();
  const weights = await Promise.all(run.parts.model.parameters().map((p) => p.data()));
  return weights.map((w) => Buffer.from(w.buffer, w.byteOffset, w.byteLength).toString('hex')).join(' ');
}

test('the same weights, to the bit, from each, with 1 and 4 threads, and resumed', async () => {
  const expected = await trained(stores.memory, 0);
  for (const [name, set] of Object.entries(stores)) {
    assert.is(await trained(set, 1), expected, `${name}, 1 thread`);
    assert.is(await trained(set, 4), expected, `${name}, 4 threads`);
    assert.is(await trained(set, 1, 8), expected, `${name}, resumed`);
  }
  assert.equal(notices, []);
});

test('damage that a thread comes upon is said, once, and the batch is right', async () => {
  const folder = home.pictures(COUNT);
  const onNotice = (line: string) => void notices.push(line);
  home.forget();
  const { dataset } = await loadImageFolder(folder, { size: SIZE, memory: 0, onNotice });
  flipBit(home.cacheFile('pixels'), 3 * SIZE * SIZE * 4 + 7);
  const expected = await trained(stores.memory, 0);
  assert.is(await trained(dataset, 2), expected);
  assert.is(notices.length, 1, notices.join('\n'));
  assert.match(notices.pop()!, /^(cat|dog)\.\d+\.jpg: damaged in the cache; it was decoded again$/);
});

test('damage of a picture that is gone is an error that names it', async () => {
  const folder = home.pictures(4);
  home.forget();
  const { dataset } = await loadImageFolder(folder, { size: SIZE, memory: 0 });
  flipBit(home.cacheFile('pixels'), 2);
  rmSync(folder, { recursive: true });
  const augment: AugmentOptions = { crop: 8, place: 'center', colours: dataset.colours(), seed: 1 };
  for (const workers of [0, 1]) {
    const assembler = new BatchWorkers(dataset, augment, workers);
    const indices = Int32Array.of(0, 1, 2, 3);
    const error = await assembler.assemble({ indices, epoch: 0 }).catch((reason) => reason);
    assert.instance(error, DataError);
    assert.match(error.message, /^(cat|dog)\.\d\.jpg: cannot be read any more \(ENOENT/);
    await assembler.close();
  }
});

test('a store of one’s own is read by this thread, and refused by others', async () => {
  const own: PixelStore = { size: 9, count: 2, read: (place) => new Uint8Array(3 * 81).fill(place) };
  const set = new ImageDataset(own, 9, ['a'], new Int32Array(2), ['x', 'y']);
  const augment: AugmentOptions = { crop: 9, place: 'center', pixels: 'mean-colour', colours: set.colours(), seed: 1 };
  const indices = Int32Array.of(1);
  const made = await new BatchWorkers(set, augment, 0).assemble({ indices, epoch: 0 });
  assert.is(made.images.data[0], 0.5);
  assert.throws(
    () => new BatchWorkers(set, augment, 1),
    (error: Error) => error instanceof UsageError && /a store of your own is read by 0 threads/.test(error.message),
  );
});

test.run();
