import * as assert from 'uvu/assert';
import { type AugmentOptions, augment as augmentPicture } from '../../src/data/augment.js';
import type { BatchJob } from '../../src/data/batches.js';
import { prepare } from '../../src/data/image.js';
import { type ImageBatch, type PictureInputOptions, pictureInputs } from '../../src/data/image-batches.js';
import { DataLoader, type DataLoaderOptions } from '../../src/data/loader.js';
import { drawnStandIns } from '../../src/data/standins.js';
import { DataError, WgradError } from '../../src/errors.js';
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
      assert.equal(images.shape, [own.length, 3, 8, 8]);
      assert.is(images.data.length, own.length * 3 * 8 * 8);
    }
  }
});

test('each picture of a batch is augmented as it would be alone', async () => {
  for (const place of ['random', 'ten'] as const) {
    const how = { ...augment, place };
    for (const { images, indices } of await collect(loaderOf({ augment: how }), 2)) {
      const each = images.data.length / indices.length;
      const expected = new Float32Array(images.data.length);
      indices.forEach((picture, i) => {
        augmentPicture(dataset.pixels(picture), dataset.size, expected, i * each, how, 2, picture);
      });
      assert.equal(images.data, expected);
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
  assert.equal([batch.images.shape, batch.labels.length], [[5 * 10, 3, 8, 8], 5]);
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
      const images = { data: new Float32Array(indices.length), shape: [indices.length] };
      return { images, labels: indices, indices };
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

/** The error's class and message. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    assert.instance(error, WgradError);
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'accepted';
}

test('options that make no sense are refused, and the name that was meant is told', () => {
  const refused = (options: object, expected: RegExp) =>
    assert.match(
      refusal(() => loaderOf(options)),
      expected,
    );
  refused({ batchSize: 0 }, /^UsageError: DataLoader: batchSize is a whole number, 1 or more, got 0/);
  refused({ batchSize: 2.5 }, /batchSize is a whole number/);
  refused({ batchSize: '4' }, /batchSize is a whole number, 1 or more, got '4'/);
  refused({ batch_size: 4 }, /there is no option 'batch_size'; did you mean 'batchSize'\?/);
  refused({ drop_last: true }, /did you mean 'dropLast'/);
  refused({ shuffle: 1 }, /shuffle is true or false, got 1/);
  refused({ prefetch: 0 }, /prefetch is a whole number, 1 or more/);
  refused({ assembler: {} }, /assembler is an object with assemble/);
  refused({ augment: undefined }, /UsageError: DataLoader: augment is missing/);
  refused({ augment: { ...augment, crop: 13 } }, /^DataError: augment: a crop of 13 from pictures of 12 x 12/);
  refused(
    { augment: { ...augment, colour_shift: 1 } },
    /augment: there is no option 'colour_shift'; did you mean 'colourShift'/,
  );
  refused({ augment: { ...augment, colourShift: Number.NaN } }, /augment: colourShift is a finite number/);
  refused({ augment: { ...augment, place: 'centre' } }, /augment: place is 'random', 'center' or 'ten', got 'centre'/);
  refused(
    { augment: { ...augment, colours: { mean: [1, 2, 3] } } },
    /augment: colours is what dataset.colours\(\) gives/,
  );
  refused({ augment: { ...augment, seed: 1.5 } }, /augment: seed is a whole number, got 1.5/);
  refused({ augment: { crop: 8, place: 'ten', seed: 1 } }, /augment: colours is missing/);
});

test('arguments that only TypeScript checks are refused, too', () => {
  const Loader = DataLoader as unknown as new (...args: unknown[]) => DataLoader;
  assert.match(
    refusal(() => new Loader(dataset)),
    /^UsageError: DataLoader: takes options \{ batchSize, shuffle, .*augment \}, got undefined/,
  );
  assert.match(
    refusal(() => new Loader(dataset, { batchSize: 4 })),
    /^UsageError: DataLoader: augment is missing/,
  );
  assert.match(
    refusal(() => new Loader({ length: 3 }, { batchSize: 4, augment })),
    /takes an ImageDataset, .* got an Object/,
  );
  assert.match(
    refusal(() => new Loader()),
    /takes an ImageDataset, .* got undefined/,
  );
});

test('a loader without a batch is refused', () => {
  const empty = dataset.subset([]);
  assert.match(
    refusal(() => new DataLoader(empty, { batchSize: 5, augment })),
    /^DataError: DataLoader: the data set is empty/,
  );
  assert.match(
    refusal(() => loaderOf({ batchSize: 24, dropLast: true })),
    /^DataError: DataLoader: dropLast leaves nothing of 23 examples, which do not fill a batch of 24/,
  );
  assert.is(loaderOf({ batchSize: 24 }).batches, 1);
});

test('an epoch is a whole number, and so is where it begins', async () => {
  const first = (number: unknown, from?: object) =>
    loaderOf()
      .epoch(number as number, from)
      .next()
      .then(
        () => 'accepted',
        (error: Error) => `${error.name}: ${error.message}`,
      );
  assert.is(await first(0), 'accepted');
  assert.match(await first(-1), /^UsageError: epoch: number is a whole number/);
  assert.match(await first(undefined), /^UsageError: epoch: number is missing/);
  assert.match(await first(0, { startBatch: 0.5 }), /startBatch is a whole number/);
  assert.match(await first(0, { start: 1 }), /no option 'start'; did you mean|no option 'start'/);
});

test('what orders a loader: pictures, batch size, shuffling and its seed; not who prepares it', () => {
  const of = (options: Partial<DataLoaderOptions> = {}) => JSON.stringify(loaderOf(options).orderedBy);
  assert.is(of(), of({ prefetch: 1, augment: { ...augment, flip: false, seed: 9 } }));
  const shuffled = of({ shuffle: true });
  const others = [
    of({ batchSize: 4 }),
    of({ dropLast: true }),
    shuffled,
    of({ shuffle: true, augment: { ...augment, seed: 7 } }),
    JSON.stringify(new DataLoader(dataset.subset([1, 0, 2]), { batchSize: 5, augment }).orderedBy),
    JSON.stringify(new DataLoader(dataset.subset([0, 1, 2]), { batchSize: 5, augment }).orderedBy),
  ];
  assert.is(new Set([of(), ...others]).size, 7);
});

test('the inputs of one picture: options are looked at', () => {
  const picture = { width: 12, height: 12, data: new Uint8Array(432) };
  const { colours } = augment;
  const inputs = (options: object) => refusal(() => pictureInputs(picture, options as PictureInputOptions));
  assert.is(inputs({ size: 12, crop: 8, colours }), 'accepted');
  assert.match(inputs({ size: 12, crop: 8 }), /^UsageError: pictureInputs: colours is missing/);
  assert.match(inputs({ size: 12, crop: 8, colours, crops: 5 }), /crops is 1 or 10, got 5/);
  assert.match(inputs({ size: 12, crop: 8, color: colours }), /there is no option 'color'/);
  assert.match(inputs({ size: 12, crop: 13, colours }), /^DataError: augment: a crop of 13/);
});

test.run();
