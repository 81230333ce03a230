import * as assert from 'uvu/assert';
import type { AugmentOptions } from '../../src/data/augment.js';
import { prepare } from '../../src/data/image.js';
import {
  type BatchJob,
  DataLoader,
  type DataLoaderOptions,
  type ImageBatch,
  pictureInputs,
} from '../../src/data/loader.js';
import { drawnStandIns } from '../../src/data/standins.js';
import { DataError } from '../../src/device/errors.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('loader');
const dataset = drawnStandIns(23, 12, 1);
const augment: AugmentOptions = { crop: 8, place: 'random', flip: true, colours: dataset.colours(), seed: 6 };

const loaderOf = (options: Partial<DataLoaderOptions> = {}) =>
  new DataLoader(dataset, { batchSize: 5, augment, ...options });

async function collect(loader: DataLoader, epoch = 0, startBatch = 0): Promise<ImageBatch[]> {
  const batches: ImageBatch[] = [];
  for await (const batch of loader.epoch(epoch, { startBatch })) batches.push(batch);
  return batches;
}

const indicesOf = (batches: ImageBatch[]) => batches.flatMap(({ indices }) => [...indices]);

test('every picture once, in order or shuffled, with its label', async () => {
  for (const shuffle of [false, true]) {
    const batches = await collect(loaderOf({ shuffle }));
    assert.equal(
      batches.map(({ indices }) => indices.length),
      [5, 5, 5, 5, 3],
    );
    const indices = indicesOf(batches);
    assert.equal(
      [...indices].sort((a, b) => a - b),
      Array.from({ length: 23 }, (_, i) => i),
    );
    assert.is(
      indices.every((value, i) => value === i),
      !shuffle,
    );
    for (const { images, labels, indices: own } of batches) {
      assert.equal(
        [...labels],
        Array.from(own, (i) => dataset.label(i)),
      );
      assert.is(images.length, own.length * 3 * 8 * 8);
    }
  }
});

test('order and pictures depend on seed and epoch alone', async () => {
  const loader = loaderOf({ shuffle: true });
  const first = await collect(loader, 3);
  await collect(loader, 0);
  assert.equal(await collect(loader, 3), first);
  assert.equal(await collect(loaderOf({ shuffle: true, prefetch: 1 }), 3), first);
  assert.is.not(indicesOf(await collect(loader, 4)).join(), indicesOf(first).join());
  const reseeded = loaderOf({ shuffle: true, augment: { ...augment, seed: 7 } });
  assert.is.not(indicesOf(await collect(reseeded, 3)).join(), indicesOf(first).join());
});

test('from the middle of an epoch', async () => {
  const loader = loaderOf({ shuffle: true });
  assert.equal(await collect(loader, 2, 3), (await collect(loader, 2)).slice(3));
  assert.equal(await collect(loader, 2, 5), []);
});

test('dropLast leaves out the batch that is not full', async () => {
  const loader = loaderOf({ dropLast: true, shuffle: true });
  assert.equal([loader.length, loader.batches], [20, 4]);
  assert.equal(
    (await collect(loader)).map(({ indices }) => indices.length),
    [5, 5, 5, 5],
  );
  assert.equal([loaderOf().length, loaderOf().batches], [23, 5]);
});

test('ten crops a picture', async () => {
  const [batch] = await collect(loaderOf({ augment: { ...augment, place: 'ten' } }));
  assert.equal([batch.images.length, batch.labels.length], [5 * 10 * 3 * 8 * 8, 5]);
});

test('the inputs of one picture: brought to size, cut where the ten crops are, and normalized', () => {
  const [size, crop] = [12, 7];
  const data = Uint8Array.from({ length: 20 * 15 * 3 }, (_, i) => (i * 89) % 251);
  const picture = { width: 20, height: 15, data };
  const [bytes, { mean, std }] = [prepare(picture, size), augment.colours];
  const meanImage = dataset.meanImage();
  const colours = { ...augment.colours, meanImage };
  /** A crop from the prepared picture, cut out here. */
  const expected = (left: number, top: number, mirror: boolean, value: (at: number, c: number) => number) =>
    Array.from({ length: 3 * crop * crop }, (_, i) => {
      const [c, y, x] = [Math.floor(i / crop ** 2), Math.floor(i / crop) % crop, i % crop];
      return value((c * size + top + y) * size + left + (mirror ? crop - 1 - x : x), c);
    });
  const kinds = {
    standard: (at: number, c: number) => (bytes[at] - mean[c]) / std[c],
    'mean-colour': (at: number, c: number) => bytes[at] - mean[c],
    'mean-image': (at: number) => bytes[at] - meanImage[at],
  };
  for (const [pixels, value] of Object.entries(kinds) as [keyof typeof kinds, typeof kinds.standard][]) {
    const one = pictureInputs(picture, { size, crop, colours, pixels });
    const ten = pictureInputs(picture, { size, crop, colours, pixels, crops: 10 });
    assertClose(one, expected(2, 2, false, value), { what: pixels });
    const places = [false, true].flatMap((mirror) =>
      [
        [0, 0],
        [5, 0],
        [0, 5],
        [5, 5],
        [2, 2],
      ].flatMap(([left, top]) => expected(left, top, mirror, value)),
    );
    assertClose(ten, places, { what: `${pixels}, ten crops` });
  }
  assert.equal(
    pictureInputs(picture, { size, crop, colours }),
    pictureInputs(picture, { size, crop, colours, pixels: 'standard' }),
  );
});

test('batches are asked for ahead, and an error arrives at its batch', async () => {
  const asked: number[] = [];
  const assembler = {
    async assemble({ indices }: BatchJob) {
      asked.push(indices[0]);
      if (indices[0] === 10) throw new DataError('batch 2: broken');
      return new Float32Array(indices.length);
    },
  };
  const seen: number[] = [];
  const run = async () => {
    for await (const { indices } of loaderOf({ assembler, prefetch: 3 }).epoch(0)) {
      if (seen.length === 0) assert.ok(asked.length >= 3);
      seen.push(indices[0]);
    }
  };
  const error = await run().catch((reason) => reason);
  assert.is(error.message, 'batch 2: broken');
  assert.equal(seen, [0, 5]);
});

test('options that make no sense are refused', () => {
  for (const options of [
    { batchSize: 0 },
    { batchSize: 2.5 },
    { augment: { ...augment, crop: 13 } },
    { augment: { ...augment, pixels: 'mean-image' as const } },
  ]) {
    assert.throws(
      () => loaderOf(options),
      (error: Error) => error instanceof DataError,
    );
  }
});

test.run();
