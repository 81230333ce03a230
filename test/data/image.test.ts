import * as assert from 'uvu/assert';
import { prepare, type RgbImage, sniff } from '../../src/data/image.js';
import { applyOrientation, exifOrientation } from '../../src/data/orientation.js';
import { Random } from '../../src/data/random.js';
import { DataError, UsageError } from '../../src/errors.js';
import { suite } from '../support/suite.js';

const test = suite('image');

function image(width: number, height: number, paint: (x: number, y: number, c: number) => number): RgbImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return paint(pixel % width, Math.floor(pixel / width), i % 3);
  });
  return { width, height, data };
}

test('formats are told by their first bytes', () => {
  assert.is(sniff(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)), 'jpeg');
  assert.is(sniff(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)), 'png');
  for (const bytes of [[], [0xff], [0x89, 0x50], [1, 2, 3, 4]]) assert.is(sniff(Uint8Array.from(bytes)), 'unknown');
});

test('orientation: each is undone by its inverse', () => {
  const picture = image(5, 3, (x, y, c) => x * 40 + y * 9 + c);
  const inverse = [1, 2, 3, 4, 5, 8, 7, 6];
  for (let orientation = 1; orientation <= 8; orientation++) {
    assert.equal(applyOrientation(applyOrientation(picture, orientation), inverse[orientation - 1]), picture);
  }
});

test('Exif that makes no sense is orientation 1, whatever its bytes', () => {
  const random = new Random(3);
  const start = [0xff, 0xd8, 0xff, 0xe1, 0, 40, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42];
  for (let i = 0; i < 500; i++) {
    const rest = Array.from({ length: Math.floor(random.unit() * 40) }, () => random.below(256));
    const orientation = exifOrientation(Uint8Array.from([...start, ...rest]));
    assert.ok(orientation >= 1 && orientation <= 8);
  }
});

test('a picture of the right size comes back as planes', () => {
  const picture = image(6, 6, (x, y, c) => x * 20 + y * 7 + c * 30);
  const planes = prepare(picture, 6);
  for (let i = 0; i < 108; i++) assert.is(planes[(i % 3) * 36 + Math.floor(i / 3)], picture.data[i]);
});

test('the centre is cut out of the longer side', () => {
  const wide = prepare(
    image(10, 4, (x) => x * 20),
    4,
  );
  assert.equal([...wide.subarray(0, 4)], [60, 80, 100, 120]);
  const tall = prepare(
    image(4, 9, (_x, y) => y * 20),
    4,
  );
  assert.equal(
    [0, 4, 8, 12].map((i) => tall[i]),
    [40, 60, 80, 100],
  );
});

test('what is no picture, or no size, is refused', () => {
  const refused = (type: new (message: string) => Error, expected: RegExp, picture: unknown, size: unknown = 4) => {
    const call = () => prepare(picture as RgbImage, size as number);
    assert.throws(call, (e: Error) => e instanceof type && expected.test(e.message));
  };
  const data = new Uint8Array(12);
  refused(DataError, /has no pixels/, { width: 0, height: 2, data });
  refused(DataError, /of 2 x 2 pixels has 12 bytes, three a pixel, got 16/, {
    width: 2,
    height: 2,
    data: new Uint8Array(16),
  });
  refused(UsageError, /takes a picture \{ width, height, data \}, got undefined/, undefined);
  refused(UsageError, /takes a picture/, { width: 2, height: 2 });
  for (const size of [0, 2.5, Number.NaN, '4', null]) {
    refused(UsageError, /size is a whole number, 1 or more/, { width: 2, height: 2, data }, size);
  }
});

test('a flat picture stays flat, however it is scaled', () => {
  for (const [width, height] of [
    [1, 1],
    [3, 200],
    [200, 3],
    [31, 47],
    [255, 256],
    [1023, 768],
  ]) {
    const planes = prepare(
      image(width, height, (_x, _y, c) => [3, 128, 255][c]),
      32,
    );
    assert.is(planes.length, 3 * 32 * 32);
    for (let c = 0; c < 3; c++) {
      assert.ok(
        planes.subarray(c * 1024, (c + 1) * 1024).every((value) => value === [3, 128, 255][c]),
        `${width} x ${height}`,
      );
    }
  }
});

test('reducing averages: stripes of one pixel become grey', () => {
  const planes = prepare(
    image(64, 64, (x) => (x % 2) * 255),
    16,
  );
  const inside = planes.filter((_, i) => i % 16 > 0 && i % 16 < 15); // at the border half of the filter is cut off
  assert.ok(inside.every((value) => value === 128));
});

test('reducing and enlarging keep a slope where it was', () => {
  for (const [from, to] of [
    [97, 32],
    [32, 97],
    [64, 32],
    [20, 64],
  ]) {
    const planes = prepare(
      image(from, from, (x) => (x * 200) / from),
      to,
    );
    for (let x = 4; x < to - 4; x++) {
      const expected = (((x + 0.5) * from) / to - 0.5) * (200 / from);
      assert.ok(
        Math.abs(planes[(to >> 1) * to + x] - expected) < 1.1,
        `${from} to ${to} at ${x}: ${planes[x]}, not ${expected}`,
      );
    }
  }
});

test('by hand: 4 pixels to 2 with a triangle two pixels wide', () => {
  // Centres at 1 and 3; weights of source centres 0.5, 1.5, 2.5, 3.5 by 1 - distance / 2, over their sum.
  const planes = prepare(
    image(4, 4, (x) => [0, 80, 160, 240][x]),
    2,
  );
  const at = (centre: number) => {
    const weights = [0.5, 1.5, 2.5, 3.5].map((x) => Math.max(1 - Math.abs(x - centre) / 2, 0));
    const sum = weights.reduce((a, b) => a + b, 0);
    return Math.round(weights.reduce((total, weight, i) => total + weight * 80 * i, 0) / sum);
  };
  assert.equal([...planes.subarray(0, 2)], [at(1), at(3)]);
});

test.run();
