import * as assert from 'uvu/assert';
import { pictureOf } from '../../src/data/index.js';
import { decodeImage, encodeJpeg } from '../../src/node/index.js';
import { suite } from '../support/suite.js';

const test = suite('node/encode-jpeg');

/** A slope in each colour, as photographs are smooth. */
const smooth = (width: number, height: number) => ({
  ...{ width, height },
  planes: Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const [x, y, c] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
    return (60 + 70 * c + x + (c === 1 ? -y : y)) & 255;
  }),
});

test('a picture is read back nearly as it was, smaller the lower the quality', () => {
  const picture = smooth(48, 33);
  const sizes = [95, undefined, 20].map((quality) => {
    const bytes = encodeJpeg(picture, quality === undefined ? {} : { quality });
    const { width, height, planes } = pictureOf(decodeImage(bytes));
    assert.equal([width, height], [48, 33]);
    const off = picture.planes.reduce((sum, v, i) => sum + Math.abs(v - planes[i]), 0) / planes.length;
    assert.ok(off < (quality === 20 ? 12 : 3), `${off} grey levels off at ${quality}`);
    return bytes.length;
  });
  assert.ok(sizes[0] > sizes[1] && sizes[1] > sizes[2], String(sizes));
});

test('what is no picture of bytes is refused', () => {
  const picture = smooth(4, 4);
  assert.throws(() => encodeJpeg({ ...picture, planes: new Float32Array(48) }), /encodeJpeg: takes a picture of bytes/);
  assert.throws(() => encodeJpeg({ ...picture, width: 5 }), /^.*encodeJpeg:/);
  assert.throws(
    () => encodeJpeg(picture, { quality: 0 }),
    /encodeJpeg: quality is a whole number from 1 to 100, got 0/,
  );
});

test.run();
