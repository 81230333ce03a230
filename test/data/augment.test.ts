import * as assert from 'uvu/assert';
import { type AugmentOptions, augment, cropsPerPicture } from '../../src/data/augment.js';
import type { ColourStatistics } from '../../src/data/colours.js';
import { Random } from '../../src/data/random.js';
import { DataError, UsageError } from '../../src/errors.js';
import { suite } from '../support/suite.js';

const test = suite('augment');

const SIZE = 9;
const PLAIN: ColourStatistics = {
  mean: [0, 0, 0],
  std: [1, 1, 1],
  axes: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  axisStd: [0, 0, 0],
};
const random = new Random(8);
const picture = Uint8Array.from({ length: 3 * SIZE * SIZE }, () => random.below(256));

function crops(options: Partial<AugmentOptions>, epoch = 0, index = 0, bytes = picture, size = SIZE): Float32Array {
  const full: AugmentOptions = { crop: 5, place: 'center', colours: PLAIN, seed: 1, ...options };
  const out = new Float32Array(cropsPerPicture(full) * 3 * full.crop ** 2);
  augment(bytes, size, out, 0, full, epoch, index);
  return out;
}

/** A crop of the picture, cut out here: (3, crop, crop). */
function cut(left: number, top: number, mirror: boolean, crop = 5): number[] {
  const values: number[] = [];
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < crop; y++) {
      for (let x = 0; x < crop; x++) {
        const column = left + (mirror ? crop - 1 - x : x);
        values.push(picture[c * SIZE * SIZE + (top + y) * SIZE + column]);
      }
    }
  }
  return values;
}

test('the centre crop', () => {
  assert.equal([...crops({})], cut(2, 2, false));
  assert.equal([...crops({ crop: SIZE })], [...picture]);
  assert.throws(
    () => crops({ crop: SIZE + 1 }),
    (error: Error) => error instanceof DataError,
  );
});

test('ten crops: four corners and the centre, then the same mirrored', () => {
  const places = [
    [0, 0],
    [4, 0],
    [0, 4],
    [4, 4],
    [2, 2],
  ];
  const expected = [false, true].flatMap((mirror) => places.flatMap(([left, top]) => cut(left, top, mirror)));
  assert.equal([...crops({ place: 'ten' })], expected);
});

test('random crops reach every place evenly, mirrored half of the time', () => {
  const places = new Map<string, number>();
  for (let left = 0; left < 5; left++) {
    for (let top = 0; top < 5; top++) for (const mirror of [false, true]) places.set(cut(left, top, mirror).join(), 0);
  }
  assert.is(places.size, 50);
  for (let i = 0; i < 5000; i++) {
    const key = crops({ place: 'random', flip: true }, 3, i).join();
    assert.ok(places.has(key), 'a crop of the picture');
    places.set(key, places.get(key)! + 1);
  }
  const counts = [...places.values()];
  assert.ok(Math.min(...counts) > 55 && Math.max(...counts) < 155, counts.join(' ')); // 100 expected, sd 10
});

test('seed, epoch and picture decide, and nothing else', () => {
  const options: Partial<AugmentOptions> = {
    place: 'random',
    flip: true,
    colourShift: 0.1,
    colours: { ...PLAIN, axisStd: [50, 20, 10] },
  };
  const first = crops(options, 4, 17);
  crops(options, 9, 2);
  assert.equal(crops(options, 4, 17), first);
  for (const other of [crops(options, 5, 17), crops(options, 4, 18), crops({ ...options, seed: 2 }, 4, 17)]) {
    assert.is.not(other.join(), first.join());
  }
});

test('mean and standard deviation per channel', () => {
  const colours = { ...PLAIN, mean: [10, 20, 30], std: [2, 4, 8] };
  const plain = cut(2, 2, false);
  crops({ colours }).forEach((value, i) => {
    const c = Math.floor(i / 25);
    assert.ok(Math.abs(value - (plain[i] - colours.mean[c]) / colours.std[c]) < 1e-4);
  });
});

test('the colour shift is one colour a picture, along the axes, with their spread', () => {
  const axes = [
    [0.6, 0.8, 0],
    [-0.48, 0.36, 0.8],
    [0.64, -0.48, 0.6],
  ];
  const colours = { ...PLAIN, axes, axisStd: [100, 30, 10] };
  const plain = cut(2, 2, false);
  const scales = [
    { colourScale: undefined, spreads: [10, 3, 1] },
    { colourScale: 'eigenvalue', spreads: [100, 30, 10].map((deviation) => (0.1 * deviation ** 2) / 255) },
  ] as const;
  for (const { colourScale, spreads } of scales) {
    const squares = [0, 0, 0];
    const count = 3000;
    for (let i = 0; i < count; i++) {
      const shifted = crops({ colours, colourShift: 0.1, colourScale }, 0, i);
      const shift = [0, 25, 50].map((at) => shifted[at] - plain[at]);
      if (i < 20)
        shifted.forEach((value, k) => void assert.ok(Math.abs(value - plain[k] - shift[Math.floor(k / 25)]) < 1e-3));
      for (const [k, axis] of axes.entries()) squares[k] += axis.reduce((sum, x, c) => sum + x * shift[c], 0) ** 2;
    }
    for (const [k, expected] of spreads.entries()) {
      const spread = Math.sqrt(squares[k] / count);
      assert.ok(Math.abs(spread / expected - 1) < 0.07, `axis ${k}: ${spread}, not ${expected}`);
    }
  }
});

test('less the mean colour, or the mean picture at the place of the crop', () => {
  const meanImage = Float32Array.from({ length: 3 * SIZE * SIZE }, (_, i) => Math.sin(i) * 40 + 100);
  const colours = { ...PLAIN, mean: [10, 20, 30], std: [2, 4, 8], meanImage };
  const plain = cut(2, 2, false);
  assert.equal(
    [...crops({ colours, pixels: 'mean-colour' })],
    plain.map((value, i) => value - colours.mean[Math.floor(i / 25)]),
  );
  // A corner, so that a mean picture that stays in the middle shows, and mirrored with it.
  const own = { colours, pixels: 'mean-image', place: 'ten' } as const;
  const less = (x: number, y: number, c: number) => {
    const at = (c * SIZE + y) * SIZE + x;
    return Math.fround(picture[at] - meanImage[at]);
  };
  const found = crops(own);
  for (let i = 0; i < 75; i++) {
    const [c, y, x] = [Math.floor(i / 25), Math.floor(i / 5) % 5, i % 5];
    assert.is(found[3 * 75 + i], less(4 + x, 4 + y, c), 'bottom right');
    assert.is(found[8 * 75 + i], less(4 + 4 - x, 4 + y, c), 'bottom right, mirrored');
  }
  const shaken = { ...colours, axisStd: [50, 0, 0] };
  const shift = crops({ ...own, place: 'center', colourShift: 0.1, colours: shaken }).map(
    (value, i) => value - crops({ ...own, place: 'center' })[i],
  );
  assert.ok(Math.abs(shift[0]) > 0.01 && shift.every((v, i) => Math.abs(v - (i < 25 ? shift[0] : 0)) < 1e-4));
});

test('a mean picture that is missing or of another size is refused', () => {
  for (const meanImage of [undefined, new Float32Array(75)]) {
    assert.throws(
      () => crops({ pixels: 'mean-image', colours: { ...PLAIN, meanImage } }),
      (e: Error) =>
        e instanceof DataError && /needs the mean picture \(3, 9, 9\), colours.meanImage (is|has)/.test(e.message),
    );
  }
});

test('a picture or a place of another size than the options say is refused, not cut short in silence', () => {
  const how: AugmentOptions = { crop: 5, place: 'ten', colours: PLAIN, seed: 1 };
  const into =
    (out: Float32Array, at: number, bytes = picture) =>
    () =>
      augment(bytes, SIZE, out, at, how, 0, 0);
  const said = (type: new (message: string) => Error, reason: RegExp) => (e: Error) =>
    e instanceof type && reason.test(e.message);
  into(new Float32Array(751), 1)();
  const room = /augment: 750 numbers from element \S+ on do not fit/;
  assert.throws(into(new Float32Array(751), 2), said(UsageError, room));
  assert.throws(into(new Float32Array(751), -1), said(UsageError, room));
  assert.throws(into(new Float32Array(751), Number.NaN), said(UsageError, room));
  assert.throws(
    into(new Float32Array(751), 0, picture.subarray(1)),
    said(DataError, /\(3, 9, 9\) has 243 bytes, got 242/),
  );
});

test.run();
