// Files that JPEG and PNG decoders meet: odd ones, damaged ones, and ones made to hurt.
import { deflateSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { sniff } from '../../src/data/image.js';
import { exifOrientation } from '../../src/data/orientation.js';
import { Random } from '../../src/data/random.js';
import { DataError, UsageError } from '../../src/errors.js';
import { decodeImage } from '../../src/node/decode-image.js';
import { suite } from '../support/suite.js';
import { frameAt, gradient, makeJpeg, makePng, mutated, withOrientation } from './made-images.js';

const test = suite('decode-image');

/** A greyscale gradient of 24 x 24 by libjpeg, with a restart marker after every second of its nine blocks. */
const GREY_WITH_RESTARTS = `/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxO
UlNSMj5aYVpQYEpRUk//wAALCAAYABgBAREA/8QAFwABAQEBAAAAAAAAAAAAAAAABQYCBP/EABgQAAIDAAAAAAAAAAAAAAAAAAAD
BCEx/90ABAAC/9oACAEBAAA/AIaGjKHYaMo//9DUNGUS8NGUf//R54aMoehoyj//0jYaMoehoyj/06mGjKP/2Q==`;

const jpegFile = makeJpeg(40, 24, gradient);

/** The reason for which a file is refused. */
function refusal(bytes: Uint8Array): string {
  try {
    decodeImage(bytes, 'a.jpg');
  } catch (error) {
    assert.instance(error, DataError);
    assert.match((error as Error).message, /^a\.jpg: /);
    return (error as Error).message.slice('a.jpg: '.length);
  }
  return 'accepted';
}

function patched(file: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = file.slice();
  copy.set(bytes, at);
  return copy;
}

test('a PNG comes back exactly, transparent parts over white', () => {
  const { width, height, data } = decodeImage(makePng(9, 7, gradient), 'a.png');
  assert.equal([width, height], [9, 7]);
  for (let i = 0; i < 63; i++)
    assert.equal([...data.subarray(i * 3, i * 3 + 3)], [...gradient(i % 9, Math.floor(i / 9))]);
  const clear = decodeImage(
    makePng(3, 1, (x) => [100, 0, 200, [0, 128, 255][x]]),
    'a.png',
  );
  assert.equal([...clear.data], [255, 255, 255, 177, 127, 227, 100, 0, 200]);
});

test('a JPEG comes back nearly, whatever its name', () => {
  const { width, height, data } = decodeImage(jpegFile, 'wrong.png');
  assert.equal([width, height], [40, 24]);
  const errors = Array.from({ length: 960 }, (_, i) =>
    Math.abs(data[i * 3 + 1] - gradient(i % 40, Math.floor(i / 40))[1]),
  );
  assert.ok(Math.max(...errors) < 12, `largest difference ${Math.max(...errors)}`);
});

test('greyscale with restart markers and a last interval that is not full', () => {
  const { data } = decodeImage(Uint8Array.from(Buffer.from(GREY_WITH_RESTARTS, 'base64')), 'grey.jpg');
  for (let i = 0; i < 576; i++) {
    const expected = ((i % 24) * 6 + Math.floor(i / 24) * 4) % 256;
    for (let c = 0; c < 3; c++)
      assert.ok(Math.abs(data[i * 3 + c] - expected) < 12, `pixel ${i}: ${data[i * 3]}, not ${expected}`);
  }
});

test('every Exif orientation in both byte orders', () => {
  // 16 x 8, one bright corner each: top left red, top right green, bottom left blue.
  const corners = makeJpeg(32, 16, (x, y) =>
    y < 8 ? (x < 16 ? [255, 0, 0] : [0, 255, 0]) : x < 16 ? [0, 0, 255] : [0, 0, 0],
  );
  const expected = ['rgb-', 'gr-b', '-bgr', 'b-rg', 'rbg-', 'br-g', '-gbr', 'g-rb'];
  for (const little of [false, true]) {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const { width, height, data } = decodeImage(withOrientation(corners, orientation, little), 'a.jpg');
      assert.equal([width, height], orientation < 5 ? [32, 16] : [16, 32]);
      const letter = (x: number, y: number) => {
        const at = (Math.floor(y * height) * width + Math.floor(x * width)) * 3;
        const channel = [0, 1, 2].find((c) => data[at + c] > 128);
        return channel === undefined ? '-' : 'rgb'[channel];
      };
      const seen = letter(0.2, 0.2) + letter(0.8, 0.2) + letter(0.2, 0.8) + letter(0.8, 0.8);
      assert.is(seen, expected[orientation - 1], `orientation ${orientation}`);
    }
  }
});

test('damaged and foreign files are refused with their reason', () => {
  const frame = frameAt(jpegFile);
  assert.is(refusal(new Uint8Array()), 'the file is empty');
  assert.match(refusal(new TextEncoder().encode('hello')), /neither a JPEG nor a PNG/);
  assert.match(refusal(jpegFile.slice(0, 3)), /cut off before its picture/);
  assert.match(refusal(jpegFile.slice(0, frame)), /cut off before its picture/);
  assert.match(refusal(jpegFile.slice(0, jpegFile.length - 40)), /cut off or damaged inside the picture/);
  assert.match(refusal(patched(jpegFile, frame - 1, 0xc9)), /arithmetic-coded/);
  assert.match(refusal(patched(jpegFile, frame - 1, 0xc3)), /lossless/);
  assert.match(refusal(patched(jpegFile, frame + 2, 12)), /12 bits a sample/);
  assert.match(refusal(patched(jpegFile, frame + 3, 0, 0)), /40 x 0 pixels/);
  assert.match(refusal(patched(jpegFile, frame + 3, 255, 255, 255, 255)), /claims 4295 megapixels/);
  assert.match(
    refusal(patched(jpegFile, frame + 3, 8, 0, 8, 0)),
    /claims 2048 x 2048 pixels, which \d+ bytes cannot hold/,
  );
  assert.match(refusal(patched(jpegFile, frame + 7, 2)), /2 components/);
  assert.match(refusal(patched(jpegFile, frame + 9, 0x0f)), /component 0 is sampled 0 x 15/);
  assert.match(refusal(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)), /without a picture|cut off/);
  const png = makePng(5, 5, gradient);
  assert.match(refusal(png.slice(0, 20)), /cut off/);
  assert.match(refusal(png.slice(0, png.length - 20)), /cut off or damaged/);
  assert.match(refusal(patched(png, 16, 127, 255, 255, 255, 127)), /megapixels/);
  assert.match(
    refusal(patched(png, 16, 0, 0, 4, 0, 0, 0, 4, 0)),
    /claims 1024 x 1024 pixels, which \d+ bytes cannot hold/,
  );
  assert.match(refusal(patched(png, 45, 1, 2, 3)), /damaged/);
});

test('what are no bytes is refused', () => {
  for (const wrong of [undefined, 'a.jpg', [0xff, 0xd8], new ArrayBuffer(8)] as unknown as Uint8Array[]) {
    for (const call of [() => decodeImage(wrong), () => sniff(wrong), () => exifOrientation(wrong)]) {
      assert.throws(
        call,
        (e: Error) => e instanceof UsageError && /takes a file's bytes as a Uint8Array, got/.test(e.message),
      );
    }
  }
});

test('a file without its end marker is whole', () => {
  assert.equal(decodeImage(jpegFile.slice(0, -2), 'a.jpg').data, decodeImage(jpegFile, 'a.jpg').data);
});

test('a JPEG of very many scans is refused before it is decoded', () => {
  const scan = Array.from({ length: 300 }, () => [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]).flat();
  assert.match(refusal(Uint8Array.from([...jpegFile.subarray(0, -2), ...scan])), /301 scans/);
});

test('an interlaced PNG that inflates to far more than its picture is refused', () => {
  const idat = deflateSync(Buffer.alloc(64e6));
  const chunk = (type: string, body: Uint8Array) =>
    [0, 0, 0, 0]
      .map((_, i) => (body.length >>> (24 - 8 * i)) & 255)
      .concat([...Buffer.from(type)], [...body], [0, 0, 0, 0]);
  const head = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  const ihdr = Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 4, 8, 2, 0, 0, 1);
  assert.match(
    refusal(Uint8Array.from([...head, ...chunk('IHDR', ihdr), ...chunk('IDAT', idat)])),
    /cut off or damaged/,
  );
});

test('changed bytes give a picture or a DataError', () => {
  const random = new Random(7);
  for (const file of [jpegFile, makePng(20, 20, gradient)]) {
    for (let i = 0; i < 300; i++) refusal(mutated(file, () => random.unit()));
  }
});

test.run();
