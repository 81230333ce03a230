// Lists of transforms: what they are, their order, and the inputs that a loader makes with them.
import * as assert from 'uvu/assert';
import * as data from '../../../src/data/index.js';
import { applyPoints } from '../../../src/data/transforms/points.js';
import { WgradError } from '../../../src/errors.js';
import { crc32 } from '../../../src/io/crc32.js';
import { drawnPicture } from '../../support/drawn-picture.js';
import { suite } from '../../support/suite.js';

const test = suite('transforms, pipelines');

const [MEAN, STD] = [
  [0.485, 0.456, 0.406],
  [0.229, 0.224, 0.225],
];
const [COUNT, SIDE] = [7, 40];
const { planes: pixels } = drawnPicture(SIDE, SIDE);
const dataset = new data.ImageDataset(
  Uint8Array.from(
    { length: COUNT * pixels.length },
    (_, i) => pixels[i % pixels.length] + 29 * Math.floor(i / pixels.length),
  ),
  SIDE,
  ['any'],
  new Int32Array(COUNT),
  Array.from({ length: COUNT }, (_, i) => `drawn ${i}`),
);
const colours = dataset.colours();
const training: data.Transform[] = [
  data.randomResizedCrop(24, { interpolation: 'bicubic' }),
  data.randomHorizontalFlip(),
  data.colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 }),
  data.randAugment({ interpolation: 'bilinear' }),
  data.randomCrop(24, { padding: 2, paddingMode: 'reflect' }),
  data.toTensor(),
  data.colourShift(colours),
  data.normalize(MEAN, STD),
  data.randomErasing({ value: [0, 1, 2] }),
];

async function epoch(transforms: readonly data.Transform[], seed = 1, number = 0): Promise<data.ImageBatch[]> {
  const loader = new data.DataLoader(dataset, { batchSize: 3, shuffle: true, augment: { transforms, seed } });
  const batches: data.ImageBatch[] = [];
  for await (const batch of loader.epoch(number)) batches.push(batch);
  return batches;
}

const bits = (batches: readonly data.ImageBatch[]): number[] =>
  batches.map(({ images }) => crc32(new Uint8Array(images.data.buffer)));

test('a loader gives what the transforms make of each picture by itself', async () => {
  const batches = await epoch(training, 5, 2);
  assert.is(batches.length, 3);
  for (const { images, indices } of batches) {
    const expected = Array.from(indices).flatMap((place) => {
      const picture = { width: 40, height: 40, planes: dataset.pixels(place) };
      const random = new data.Random(data.mixKey(5, 2, place));
      let one = picture as data.Picture;
      for (const transform of training) {
        [one] = data.applyTransform(transform, one, data.drawTransform(transform, one, random));
      }
      return [...one.planes];
    });
    assert.equal([...images.data], expected);
  }
});

test('the same bits in Node and in a browser', async () => {
  assert.equal(bits(await epoch(training)), [1499745177, 678664755, 1849462162]);
});

test('seed and epoch decide, and nothing else', async () => {
  const first = bits(await epoch(training, 1, 3));
  assert.equal(bits(await epoch(training, 1, 3)), first);
  assert.is.not(bits(await epoch(training, 2, 3)).join(), first.join());
  assert.is.not(bits(await epoch(training, 1, 4)).join(), first.join());
});

test('transforms are plain data: read from JSON or posted, they do the same', async () => {
  const expected = bits(await epoch(training));
  assert.equal(bits(await epoch(JSON.parse(JSON.stringify(training)))), expected);
  assert.equal(bits(await epoch(structuredClone(training))), expected);
});

test('tables of bytes are what one after the other makes of numbers', () => {
  const picture = drawnPicture(9, 7);
  const points = [
    (value: number) => value / 255,
    (value: number, c: number) => Math.fround(value - 0.1 * c) / 0.3,
    (value: number) => value * value,
  ];
  const numbers = { ...picture, planes: Float32Array.from(picture.planes) };
  const one = points.reduce((made, point) => applyPoints(made, [point]), numbers as data.Picture);
  assert.equal(applyPoints(picture, points), one);
  assert.equal(applyPoints(numbers, points), one);
  assert.is(applyPoints(picture, []), picture);
});

test('crops by fives and tens multiply the inputs, each with draws of its own', async () => {
  const transforms = [data.tenCrop([20, 24]), data.randomHorizontalFlip(), data.fiveCrop(16), data.toTensor()];
  const loader = new data.DataLoader(dataset, { batchSize: 2, augment: { transforms, seed: 1 } });
  const { images, labels } = (await loader.epoch(0).next()).value!;
  assert.equal([...images.shape, labels.length], [2 * 50, 3, 16, 16, 2]);
  assert.is(images.data.length, 2 * 50 * 3 * 16 * 16);
  const picture = { width: 40, height: 40, planes: dataset.pixels(0) };
  const ten = data.applyTransform(transforms[0], picture);
  const random = new data.Random(data.mixKey(1, 0, 0));
  const flips = ten.map((crop) => {
    const drawn = data.drawTransform(transforms[1], crop, random);
    return { drawn, made: data.applyTransform(transforms[1], crop, drawn)[0] };
  });
  assert.is(new Set(flips.map(({ drawn }) => JSON.stringify(drawn))).size, 2);
  const fifty = flips.flatMap(({ made }) => data.applyTransform(transforms[2], made));
  const inputs = fifty.flatMap((crop) => [...data.applyTransform(transforms[3], crop)[0].planes]);
  assert.equal([...images.data.subarray(0, inputs.length)], inputs);
});

test('a decoded picture in planes', () => {
  const decoded = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  assert.equal(data.pictureOf(decoded), { width: 2, height: 1, planes: Uint8Array.of(1, 4, 2, 5, 3, 6) });
});

test('the inputs of one picture for a prediction', () => {
  const { width, height, planes } = drawnPicture(30, 20);
  const decoded = { width, height, data: Uint8Array.from(planes, (_, i) => planes[(i % 3) * 600 + Math.floor(i / 3)]) };
  const transforms = [data.resize(16), data.tenCrop(12), data.toTensor(), data.normalize(MEAN, STD)];
  const made = data.transformPicture(transforms, { width, height, planes }, new data.Random(0));
  assert.is(made.length, 10);
  assert.equal(
    [...data.pictureInputs(decoded, { transforms })],
    made.flatMap((one) => [...one.planes]),
  );
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

test('a loader refuses lists that make no inputs', () => {
  const { toTensor } = data;
  const refused = (expected: string, ...transforms: unknown[]) => {
    const augment = { transforms: transforms as data.Transform[], seed: 1 };
    assert.is(
      refusal(() => new data.DataLoader(dataset, { batchSize: 2, augment })),
      expected,
    );
  };
  refused('UsageError: augment: normalize takes the numbers that toTensor makes, not bytes', data.normalize(MEAN, STD));
  refused(
    'UsageError: augment: randAugment takes bytes, not the numbers that toTensor makes',
    toTensor(),
    data.randAugment(),
  );
  refused(
    "UsageError: augment: networks take numbers: toTensor is missing among the transforms ['RandomHorizontalFlip']",
    data.randomHorizontalFlip(),
  );
  refused('DataError: fiveCrop: a crop of 41 x 41 from a picture of 40 x 40 pixels', data.fiveCrop(41), toTensor());
  refused(
    'DataError: randomCrop: a crop of 25 x 3 from a picture of 24 x 24 pixels',
    data.centerCrop(24),
    data.randomCrop([3, 25]),
    toTensor(),
  );
  refused("UsageError: augment: there is no transform 'Rezise'; did you mean 'Resize'?", {
    name: 'Rezise',
    options: {},
  });
  refused("UsageError: resize: there is no option 'sise'; did you mean 'size'?", {
    name: 'Resize',
    options: { sise: 3 },
  });
  refused('UsageError: augment: a transform is what resize, normalize, ... make, got a function', toTensor);
  const options = (augment: object) =>
    refusal(() => new data.DataLoader(dataset, { batchSize: 2, augment: augment as data.Augmentation }));
  assert.is(options({ transforms: [toTensor()] }), 'UsageError: augment: seed is missing; it is a whole number');
  assert.match(
    options({ transforms: [toTensor()], seed: 1, crop: 3 }),
    /there is no option 'crop'; known are transforms, seed/,
  );
  assert.match(
    options({ transforms: toTensor(), seed: 1 }),
    /UsageError: augment: transforms is a list of transforms, got an Object/,
  );
});

test('options that make no sense are refused where they are given', () => {
  const refused = (make: () => unknown, expected: RegExp) => assert.match(refusal(make), expected);
  const wrong = (options: object) => options as never;
  refused(
    () => data.resize(0),
    /^UsageError: resize: size is a whole number of pixels, 1 or more, or \[height, width\], got 0/,
  );
  refused(() => data.resize(3, wrong({ antialias: true })), /resize: there is no option 'antialias'/);
  refused(
    () => data.resize(3, wrong({ interpolation: 'lanczos' })),
    /interpolation is 'nearest', 'bilinear' or 'bicubic'/,
  );
  refused(
    () => data.randomResizedCrop(3, { scale: [1, 0.5] }),
    /scale is \[low, high\], numbers from 0 to 1, the lower one first/,
  );
  refused(
    () => data.randomResizedCrop(3, { ratio: [0, 2] }),
    /ratio is \[low, high\], numbers above 0, the lower one first/,
  );
  refused(() => data.randomCrop(3, { padding: -1 }), /randomCrop: padding is a whole number of pixels/);
  refused(() => data.randomCrop(3, wrong({ padding_mode: 'edge' })), /did you mean 'paddingMode'\?/);
  refused(() => data.randomCrop(3, { fill: 256 }), /fill is a whole number from 0 to 255, or three of them, got 256/);
  refused(() => data.randomVerticalFlip({ p: 2 }), /randomVerticalFlip: p is a number from 0 to 1, got 2/);
  refused(() => data.colorJitter({ brightness: -1 }), /brightness is a number that is not negative, or \[low, high\]/);
  refused(
    () => data.colorJitter({ hue: 0.6 }),
    /hue is a number from 0 to 0.5, or \[low, high\], numbers from -0.5 to 0.5/,
  );
  refused(() => data.randAugment({ magnitude: 31 }), /randAugment: magnitude is below numMagnitudeBins, 31, got 31/);
  refused(
    () => data.randomErasing(wrong({ value: 'noise' })),
    /value is a number, three numbers or 'random', got 'noise'/,
  );
  refused(() => data.normalize(MEAN, [1, 0, 1]), /normalize: std is three numbers above 0/);
  refused(
    () => data.colourShift(undefined as never),
    /colourShift: colours is missing; it is what dataset.colours\(\) gives/,
  );
});

test('pictures and draws that do not fit are refused', () => {
  const picture = drawnPicture(12, 12);
  const refused = (call: () => unknown, expected: RegExp) => assert.match(refusal(call), expected);
  const decoded = { width: 2, height: 2, data: new Uint8Array(12) };
  const random = new data.Random(1);
  const flip = data.randomHorizontalFlip();
  refused(
    () => data.transformPicture([flip], decoded as never, random),
    /^UsageError: transformPicture: takes a picture in planes .* pictureOf makes it/,
  );
  refused(
    () => data.transformPicture([flip], { ...picture, width: 11 }, random),
    /^DataError: transformPicture: planes \(3, 12, 11\) do not have 432 values/,
  );
  refused(
    () => data.transformPicture([flip], picture, undefined as never),
    /transformPicture: random is a Random, got undefined/,
  );
  refused(() => data.transformPicture(flip as never, picture, random), /transforms are a list, got an Object/);
  refused(
    () => data.applyTransform(flip, picture),
    /applyTransform: randomHorizontalFlip needs what drawTransform drew/,
  );
  refused(
    () => data.applyTransform(data.normalize(MEAN, STD), picture),
    /normalize takes the numbers that toTensor makes, not bytes/,
  );
  refused(
    () => data.drawTransform(data.randomCrop(13), picture, random),
    /^DataError: randomCrop: a crop of 13 x 13 from a picture of 12 x 12/,
  );
  refused(() => data.drawTransform(flip, undefined as never, random), /^UsageError: drawTransform: width is missing/);
  refused(() => data.posterize(picture, 9), /posterize: bits is a whole number from 0 to 8, got 9/);
  refused(() => data.adjustHue(picture, 1), /adjustHue: factor is a number from -0.5 to 0.5, got 1/);
  refused(() => data.adjustContrast(picture, -1), /adjustContrast: factor is a finite number, 0 or more/);
  refused(() => data.rotate(decoded as never, 3), /^UsageError: rotate: takes a picture in planes/);
  refused(
    () => data.equalize(data.applyTransform(data.toTensor(), picture)[0]),
    /equalize: takes a picture of bytes, not of the numbers that toTensor makes/,
  );
  refused(
    () => data.pictureInputs(decoded, { transforms: [flip, data.toTensor()] }),
    /pictureInputs: randomHorizontalFlip is for training: it leaves something to chance/,
  );
  refused(
    () => data.pictureInputs(decoded, { transforms: [data.tenCrop(3), data.toTensor()] }),
    /^DataError: tenCrop: a crop of 3 x 3 from a picture of 2 x 2/,
  );
});

test('what was drawn by hand is looked at', () => {
  const picture = { width: 12, height: 10, planes: new Uint8Array(360) };
  const [numbers] = data.applyTransform(data.toTensor(), picture);
  const refused = (transform: data.Transform, drawn: unknown, expected: RegExp, of: data.Picture = picture) =>
    assert.match(
      refusal(() => data.applyTransform(transform, of, drawn)),
      expected,
    );
  refused(
    data.randomHorizontalFlip(),
    { flop: true },
    /^UsageError: randomHorizontalFlip: there is no option 'flop'; did you mean 'flip'\?/,
  );
  refused(
    data.randomResizedCrop(3),
    { top: 8, left: 0, width: 3, height: 3 },
    /^UsageError: randomResizedCrop: 3 x 3 pixels, 0 from the left and 8 from the top, do not lie in a picture of 12 x 10/,
  );
  refused(
    data.randomResizedCrop(3),
    { top: -1, left: 0, width: 3, height: 3 },
    /randomResizedCrop: top is a whole number, 0 or more, got -1/,
  );
  refused(
    data.randomCrop(5),
    { top: 0, left: 8 },
    /randomCrop: 5 x 5 pixels, 8 from the left and 0 from the top, do not lie/,
  );
  refused(
    data.colorJitter({}),
    { steps: [['gamma', 1]] },
    /colorJitter: steps is a list of \[name, number\], the names of brightness, contrast, saturation, hue/,
  );
  refused(data.randAugment(), { steps: [['Posterize', 9]] }, /posterize: bits is a whole number from 0 to 8, got 9/);
  refused(data.colourShift(colours), { amounts: [1, 2] }, /amounts is three numbers, one for each axis/, numbers);
  const part = { top: 1, left: 1, width: 2, height: 20 };
  refused(
    data.randomErasing(),
    { part },
    /part is null, or \{ top, left, width, height, values \}: three values, or three a pixel/,
    numbers,
  );
  refused(
    data.randomErasing(),
    { part: { ...part, values: [1, 2, 3] } },
    /2 x 20 pixels, 1 from the left and 1 from the top, do not lie/,
    numbers,
  );
});

test.run();
