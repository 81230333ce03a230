// Files that were read wrongly or refused (pictures/, with Pillow's values), and the other members of each kind: what may
// stand in a JPEG or PNG without changing the picture, and what changes it.
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../src/data/image.js';
import { exifOrientation } from '../../src/data/orientation.js';
import { DataError } from '../../src/errors.js';
import { decodeImage } from '../../src/node/decode-image.js';
import { suite } from '../support/suite.js';
import {
  type Chunk,
  exif,
  type Field,
  gradient,
  joinChunks,
  joinSegments,
  makeJpeg,
  makePng,
  type Segment,
  splitChunks,
  splitSegments,
  tiff,
} from './made-images.js';

const test = suite('pictures');
const folder = new URL('../../../test/node/pictures/', import.meta.url);
const json = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

const decode = (file: Uint8Array): RgbImage => decodeImage(file, 'a');
const pixel = ({ width, data }: RgbImage, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3).subarray(0, 3),
];

function near(found: number[], expected: number[], tolerance: number, what: string): void {
  const far = found.some((value, i) => Math.abs(value - expected[i]) > tolerance);
  assert.not(far, `${what}: ${found}, not ${expected}`);
}

function refusal(file: Uint8Array): string {
  try {
    decode(file);
  } catch (error) {
    assert.instance(error, DataError);
    return (error as Error).message.replace(/^a: /, '');
  }
  return 'accepted';
}

// --- the reported files ---

type Reported = { width: number; height: number; first: number[][]; last: number[][] };
for (const [name, { width, height, first, last }] of Object.entries<Reported>(json('reference.json'))) {
  test(`${name} as Pillow has it`, () => {
    const image = decode(readFileSync(new URL(name, folder)));
    assert.equal([image.width, image.height], [width, height]);
    const tolerance = name.endsWith('.png') ? 0 : 3; // jpeg-js rounds colours down
    first.forEach((expected, i) => void near(pixel(image, i, 0), expected, tolerance, `pixel ${i}`));
    last.forEach((expected, i) => {
      near(pixel(image, width - 1 - i, height - 1), expected, tolerance, `pixel ${i} from the end`);
    });
  });
}

// --- libjpeg's samplings, scans and restarts ---

const PLACES = [0, 13, 26, 40].flatMap((y) => [0, 13, 26, 39].map((x) => [x, y]));
type Variation = { file: string; width: number; height: number; pixels: number[][] };
for (const [name, { file, width, height, pixels }] of Object.entries<Variation>(json('variations.json'))) {
  const bytes = Buffer.from(file, 'base64');
  if (name.startsWith('refused')) {
    test(`${name}, with the reason`, () =>
      assert.match(refusal(bytes), /^a JPEG whose last restart interval is not full in a scan of one component/));
    continue;
  }
  test(`${name}: as Pillow has it`, () => {
    const image = decode(bytes);
    assert.equal([image.width, image.height], [width, height]);
    // Where chroma is sampled more coarsely, libjpeg interpolates it and jpeg-js repeats it: four pixels apart, ten levels.
    const tolerance = /sampled|component|rest/.test(name) && !name.includes('1x1') ? 10 : 3;
    PLACES.forEach(([x, y], i) => void near(pixel(image, x, y), pixels[i], tolerance, `pixel ${x}, ${y}`));
  });
}

// --- what changes nothing in a JPEG ---

const jpegFile = makeJpeg(40, 24, gradient);
const [app0, ...rest] = splitSegments(jpegFile);
const plain = decode(jpegFile).data;
const letters = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const restarted = Buffer.from(json('variations.json')['restarts that leave a rest'].file, 'base64');

/** With so many more 0xff before every marker, those inside the scans, too. */
function filled(file: Uint8Array, count: number): Uint8Array {
  const bytes = [...file].flatMap((byte, i) =>
    byte === 0xff && file[i + 1] !== 0 && i > 0 ? [...new Array(count).fill(0xff), byte] : [byte],
  );
  return Uint8Array.from(bytes);
}

/** Sets or clears the frame's height, which a segment behind the scan (DNL) may give instead. */
function withLines(segments: Segment[]): Segment[] {
  return segments.flatMap((segment) => {
    if (segment.marker === 0xc0) {
      const body = segment.body.slice();
      body.set([0, 0], 1);
      return [{ ...segment, body }];
    }
    if (segment.marker === 0xda) return [segment, { marker: 0xdc, body: Uint8Array.of(0, 24), scan: letters('') }];
    return [segment];
  });
}

const segment = (marker: number, body: Uint8Array): Segment => ({ marker, body, scan: letters('') });
const SAME: Record<string, Uint8Array> = {
  'a second picture behind it, as cameras append one': Buffer.concat([jpegFile, makeJpeg(9, 9, () => [0, 0, 0])]),
  'bytes behind it that look like scans': Uint8Array.from([...jpegFile, ...new Array(300).fill([0xff, 0xda]).flat()]),
  'half an end marker': jpegFile.slice(0, -1),
  'no Huffman tables, as in motion JPEG': joinSegments([app0, ...rest.filter(({ marker }) => marker !== 0xc4)]),
  'its height behind the scan': joinSegments(withLines([app0, ...rest])),
  'bytes between segments': joinSegments([app0, ...rest], Uint8Array.of(0, 0x12, 0xff, 0)),
  'a long comment': joinSegments([app0, segment(0xfe, new Uint8Array(65000)), ...rest]),
  'a thumbnail in its Exif': joinSegments([
    app0,
    segment(0xe1, Buffer.concat([exif(tiff([])), makeJpeg(8, 8, () => [9, 9, 9])])),
    ...rest,
  ]),
  'an Exif segment that claims to be shorter': joinSegments([app0, segment(0xe1, exif(tiff([]))), ...rest]).map(
    (byte, i) => (i === app0.body.length + 9 ? byte - 3 : byte),
  ),
  'its quantization tables twice': joinSegments([app0, ...rest.flatMap((s) => (s.marker === 0xdb ? [s, s] : [s]))]),
};
for (const [what, file] of Object.entries(SAME)) {
  test(`a JPEG with ${what} is the same picture`, () => assert.equal(decode(file).data, plain));
}

for (const count of [1, 2, 9]) {
  test(`${count} fill bytes before every marker change nothing, inside scans and out`, () => {
    assert.equal(decode(filled(jpegFile, count)).data, plain);
    assert.equal(decode(filled(restarted, count)).data, decode(restarted).data);
    const exifFile = joinSegments([segment(0xe1, exif(tiff([[0x112, 3, 1, 6]]))), ...rest]);
    assert.is(exifOrientation(filled(exifFile, count)), 6);
  });
}

test('what a JPEG must not have is named', () => {
  const changed = segment(0xdb, Uint8Array.from([0, ...new Array(64).fill(9)]));
  const scan = rest.findIndex(({ marker }) => marker === 0xda);
  const twoScans = [...rest.slice(0, scan + 1), changed, rest[scan], ...rest.slice(scan + 1)];
  assert.match(refusal(joinSegments([app0, ...twoScans])), /quantization tables change between its scans/);
  const frame = rest.find(({ marker }) => marker === 0xc0)!;
  assert.match(refusal(joinSegments([app0, frame, ...rest])), /damaged in its header \(it has two sizes\)/);
  assert.match(refusal(joinSegments([app0, segment(0xd8, letters('')), ...rest])), /a second picture begins inside/);
  const elsewhere = { ...rest[scan], body: Uint8Array.of(1, 77, 0, 0, 63, 0) };
  assert.match(refusal(joinSegments([app0, ...rest.slice(0, scan), elsewhere])), /a scan of component 77/);
});

// --- colours ---

const adobe = (transform: number) =>
  segment(0xee, Uint8Array.from([...letters('Adobe'), 0, 100, 0, 0, 0, 0, transform]));

/** With other names for the three components. */
function named(segments: Segment[], ids: number[]): Segment[] {
  return segments.map((s) => {
    const body = s.body.slice();
    const at = { 192: 6, 218: 1 }[s.marker]; // frame and scan
    for (const [i, id] of ids.entries()) if (at) body[at + (at === 6 ? 3 : 2) * i] = id;
    return { ...s, body };
  });
}

const RGB = [...letters('RGB')];
const COLOURS: [what: string, file: Segment[], isRgb: boolean][] = [
  ['nothing but 1, 2, 3', rest, false],
  ['0, 1, 2', named(rest, [0, 1, 2]), false],
  ['R, G, B', named(rest, RGB), true],
  ['r, g, b', named(rest, [...letters('rgb')]), false],
  ['B, G, R', named(rest, [...letters('BGR')]), false],
  ['R, G, B in a JFIF file', [app0, ...named(rest, RGB)], false],
  ['R, G, B after a JFIF segment that is too short', [segment(0xe0, letters('JFIF\0')), ...named(rest, RGB)], true],
  ['Adobe 0', [adobe(0), ...rest], true],
  ['Adobe 1', [adobe(1), ...rest], false],
  ['Adobe 2', [adobe(2), ...rest], false],
  ['Adobe 0 in a JFIF file', [app0, adobe(0), ...rest], false],
  ['Adobe 0 before JFIF', [adobe(0), app0, ...rest], false],
  ['Adobe 1 and R, G, B', [adobe(1), ...named(rest, RGB)], false],
  ['an Adobe segment that is too short', [segment(0xee, letters('Adobe')), ...named(rest, RGB)], true],
];
for (const [what, file, isRgb] of COLOURS) {
  test(`three components with ${what} are ${isRgb ? 'RGB' : 'YCbCr'}, as libjpeg takes them`, () => {
    const { data } = decode(joinSegments(file));
    if (!isRgb) return assert.equal(data, plain);
    for (let i = 0; i < data.length; i += 3) {
      const red = Math.min(Math.max(data[i] + 1.402 * (data[i + 2] - 128), 0), 255);
      assert.ok(Math.abs(plain[i] - red) <= 1);
    }
  });
}

// --- orientation ---

for (const little of [false, true]) {
  test(`orientation in every form of whole number, ${little ? 'little' : 'big'} endian`, () => {
    const of = (fields: Field[], options: { at?: number } = {}) =>
      exifOrientation(joinSegments([segment(0xe1, exif(tiff(fields, { little, ...options }))), ...rest]));
    for (const type of [1, 3, 4, 6, 8, 9]) assert.is(of([[0x112, type, 1, 6]]), 6, `type ${type}`);
    for (const type of [0, 2, 5, 7, 10, 11, 12, 99]) assert.is(of([[0x112, type, 1, 6]]), 1, `type ${type}`);
    for (let value = 1; value <= 8; value++) assert.is(of([[0x112, 3, 1, value]]), value);
    for (const value of [0, 9, 255, 65535]) assert.is(of([[0x112, 3, 1, value]]), 1);
    assert.is(of([[0x112, 4, 1, 0x60000]]), 1, 'all four bytes of a long count');
    assert.is(of([[0x112, 3, 2, 6]]), 6, 'the first of two');
    assert.is(of([[0x112, 3, 0, 6]]), 1, 'none');
    assert.is(of([[0x112, 4, 2, 6]]), 1, 'two that stand elsewhere');
    const among: Field[] = [
      [0x10f, 3, 1, 3],
      [0x112, 3, 1, 8],
      [0x11a, 3, 1, 2],
    ];
    assert.is(of(among, { at: 13 }), 8, 'a directory at an odd place');
    assert.is(of(among, { at: 40001 }), 8, 'a directory far away');
  });
}

test('which Exif segment counts', () => {
  const app1 = (body: ArrayLike<number>) => segment(0xe1, Uint8Array.from(Array.from(body)));
  const [six, three, none] = [6, 3, null].map((value) => app1(exif(tiff(value ? [[0x112, 3, 1, value]] : []))));
  const xmp = app1(letters('http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="3"/>'));
  const of = (...segments: Segment[]) => exifOrientation(joinSegments(segments));
  assert.is(of(six, three, ...rest), 6, 'the first');
  assert.is(of(none, six, ...rest), 1, 'the first, whatever it says');
  assert.is(of(xmp, six, ...rest), 6, 'no other kind of APP1');
  assert.is(of(app0, six, ...rest), 6, 'after JFIF');
  assert.is(of(...rest, six), 1, 'not after the picture');
  const scan = rest.findIndex(({ marker }) => marker === 0xda);
  assert.is(of(...rest.slice(0, scan), six, ...rest.slice(scan)), 6, 'just before the scan');
  const wrongOrder = six.body.slice();
  wrongOrder[6] = 0x58;
  assert.is(of(app1(wrongOrder), ...rest), 1, 'neither byte order');
  assert.is(of(app1(six.body.slice(0, 15)), ...rest), 1, 'cut off');
  assert.is(of(app1(letters('Exif\0')), ...rest), 1, 'empty');
});

// --- PNG ---

const pngFile = makePng(7, 5, gradient);
const chunks = splitChunks(pngFile);
const [ihdr, ...behind] = chunks;
const pngPixels = decode(pngFile).data;
const turned = tiff([[0x112, 3, 1, 6]]);

for (const [what, body] of Object.entries({
  'as the format has it': turned,
  'with the header of a JPEG': exif(turned),
})) {
  test(`orientation of a PNG from its eXIf chunk, ${what}, before and behind the pixels`, () => {
    const part: Chunk = { type: 'eXIf', body: Uint8Array.from(body) };
    for (const file of [
      joinChunks([ihdr, part, ...behind]),
      joinChunks([ihdr, ...behind.slice(0, -1), part, ...behind.slice(-1)]),
    ]) {
      const { width, height, data } = decode(file);
      assert.equal([width, height], [5, 7]);
      for (let i = 0; i < 35; i++) {
        const from = ((4 - (i % 5)) * 7 + Math.floor(i / 5)) * 3;
        assert.equal([...data.subarray(i * 3, i * 3 + 3)], [...pngPixels.subarray(from, from + 3)]);
      }
    }
  });
}

/** A PNG of three bytes a pixel from rows with their filter bytes. */
function rawPng(
  width: number,
  height: number,
  rows: Uint8Array,
  { type = 2, depth = 8, interlaced = 0, more = [] as Chunk[] } = {},
) {
  const head = Uint8Array.of(0, 0, 0, width, 0, 0, 0, height, depth, type, 0, 0, interlaced);
  const end = { type: 'IEND', body: letters('') };
  return joinChunks([
    { type: 'IHDR', body: head },
    ...more,
    { type: 'IDAT', body: new Uint8Array(deflateSync(rows)) },
    end,
  ]);
}

const drawnRows = (width: number, height: number) =>
  Uint8Array.from({ length: height * (1 + 3 * width) }, (_, i) => (i % (1 + 3 * width) === 0 ? 0 : (i * 7) % 256));

const withText = joinChunks([ihdr, { type: 'tEXt', body: letters('a\0b') }, ...behind]);
const SAME_PNG: Record<string, Uint8Array> = {
  'bytes behind its end': Buffer.concat([pngFile, letters('and so on')]),
  'a second one behind it': Buffer.concat([pngFile, makePng(3, 3, gradient)]),
  'no end': joinChunks(chunks.slice(0, -1)),
  'half an end': pngFile.slice(0, -5),
  'no checksum behind its pixels': joinChunks([
    ihdr,
    { type: 'IDAT', body: behind[0].body.slice(0, -4) },
    ...behind.slice(1),
  ]),
  'a text whose checksum is wrong': withText.map((byte, i) => (i === 33 + 8 + 3 + 1 ? byte ^ 1 : byte)),
  'its pixels in many parts, some empty': joinChunks([
    ihdr,
    ...Array.from({ length: 12 }, (_, i) => ({
      type: 'IDAT',
      body: behind[0].body.slice(i * 9, i === 11 ? undefined : i * 9 + 9),
    })),
    { type: 'IDAT', body: letters('') },
    behind[1],
  ]),
  'a palette that it only suggests': joinChunks([ihdr, { type: 'PLTE', body: letters('abcdef') }, ...behind]),
};
for (const [what, file] of Object.entries(SAME_PNG)) {
  test(`a PNG with ${what} is the same picture`, () => assert.equal(decode(file).data, pngPixels));
}

test('rows of a PNG: too few are refused, interlaced or not; more than there should be are left out', () => {
  assert.is(refusal(rawPng(7, 5, drawnRows(7, 5))), 'accepted');
  assert.equal(decode(rawPng(7, 5, drawnRows(7, 9))).data, decode(rawPng(7, 5, drawnRows(7, 5))).data);
  assert.match(refusal(rawPng(7, 5, drawnRows(7, 3))), /cut off or damaged: 66 of 110 bytes of its pixels/);
  assert.match(refusal(rawPng(7, 5, new Uint8Array(100), { interlaced: 1 })), /cut off or damaged: 100 of 116 bytes/);
  assert.match(refusal(rawPng(7, 5, new Uint8Array(1e6))), /cut off or damaged/);
});

test('a PNG whose compressed pixels lack their end is read, as long as all rows are there', () => {
  const rows = drawnRows(7, 5);
  const cut = splitChunks(rawPng(7, 5, rows)).map((part) =>
    part.type === 'IDAT' ? { ...part, body: part.body.slice(0, -4) } : part,
  );
  assert.equal(decode(joinChunks(cut)).data, decode(rawPng(7, 5, rows)).data);
});

test('a number behind the end of the palette is black; a longer list of alphas is cut', () => {
  const rows = Uint8Array.of(0, 0, 1, 2, 9);
  const more = [{ type: 'PLTE', body: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9) }];
  const expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0];
  assert.equal([...decode(rawPng(4, 1, rows, { type: 3, more })).data], expected);
  const alphas = { type: 'tRNS', body: Uint8Array.of(255, 255, 255, 0, 0, 0, 0, 0, 0, 0) };
  assert.equal([...decode(rawPng(4, 1, rows, { type: 3, more: [...more, alphas] })).data], expected);
});

test('16 bits a sample, turned by eXIf', () => {
  const rows = Uint8Array.from([0, 1, 0, 2, 0, 3, 0, 0, 10, 0, 20, 0, 30, 0]);
  const more = [{ type: 'eXIf', body: Uint8Array.from(tiff([[0x112, 4, 1, 8]], { little: true })) }];
  const { width, height, data } = decode(rawPng(1, 2, rows, { depth: 16, more }));
  assert.equal([width, height, ...data], [2, 1, 1, 2, 3, 10, 20, 30]);
});

test('what a PNG must not have is named', () => {
  assert.match(
    refusal(joinChunks([ihdr, { type: 'ABCD', body: letters('x') }, ...behind])),
    /a PNG with a part 'ABCD'/,
  );
  assert.match(refusal(joinChunks([{ type: 'CgBI', body: letters('abcd') }, ...chunks])), /Apple's own form \(CgBI\)/);
  assert.match(refusal(joinChunks(behind)), /damaged in its header \(no IHDR\)/);
  assert.match(
    refusal(pngFile.map((byte, i) => (i === pngFile.length - 14 ? byte ^ 1 : byte))),
    /checksum of its IDAT is wrong/,
  );
  assert.match(refusal(pngFile.map((byte, i) => (i === 30 ? byte ^ 1 : byte))), /checksum of its IHDR is wrong/);
  assert.match(refusal(rawPng(0, 5, drawnRows(1, 1))), /a PNG of 0 x 5 pixels/);
  assert.match(refusal(rawPng(1, 1, drawnRows(1, 1), { type: 5 })), /colour type 5/);
});

test.run();
