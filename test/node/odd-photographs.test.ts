// The awkward files of the photographs' odd/ folder, against Pillow's decoder (libjpeg): test/data/odd-reference.json
// has size, mean of each channel, and means over 8 x 8 blocks. jpeg-js rounds colours down and repeats chroma samples
// where libjpeg interpolates them: hence the tolerances.
import { readdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { RgbImage } from '../../src/data/image.js';
import { DataError } from '../../src/errors.js';
import { decodeImage } from '../../src/node/decode-image.js';
import { loadImageFolder } from '../../src/node/image-folder.js';
import { suite } from '../support/suite.js';
import { noPhotographs, photographs } from './photographs.js';

interface Reference {
  width: number;
  height: number;
  mean: number[];
  /** (8, 8, 3) */
  blocks: number[];
}

const test = suite('odd photographs');
const folder = photographs('odd');

const REFUSED: Record<string, RegExp> = {
  'made-arithmetic.jpg': /arithmetic-coded/,
  'made-text.jpg': /neither a JPEG nor a PNG/,
  'made-truncated-half.jpg': /cut off or damaged inside the picture/,
  'made-truncated-header.jpg': /cut off before its picture/,
  'made-zero-bytes.jpg': /empty/,
  'made-zeroed-middle.jpg': /damaged inside the picture/,
};
/** Made without loss from this one. */
const SOURCE = 'dog.2317.jpg';
const SAME_AS_SOURCE = ['made-progressive.jpg', 'made-restart.jpg', 'made-no-end-marker.jpg'];

const decode = (name: string) => decodeImage(readFileSync(`${folder}/${name}`), name);

/** Mean of each channel over the part from (left, top) to (right, bottom). */
function mean({ width, data }: RgbImage, left: number, top: number, right: number, bottom: number): number[] {
  const sums = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) for (let c = 0; c < 3; c++) sums[c] += data[(y * width + x) * 3 + c];
  }
  return sums.map((sum) => sum / ((right - left) * (bottom - top)));
}

function compare(name: string, image: RgbImage, reference: Reference): void {
  const { width, height } = reference;
  assert.equal([image.width, image.height], [width, height], name);
  mean(image, 0, 0, width, height).forEach((value, c) => {
    assert.ok(
      Math.abs(value - reference.mean[c]) < 1.2,
      `${name}: mean of channel ${c} is ${value}, not ${reference.mean[c]}`,
    );
  });
  const tolerance = height < 36 ? 9 : 3; // in a block of four rows, one row of chroma is much
  for (let block = 0; block < 64; block++) {
    const cut = (i: number, side: number) => Math.floor((i * side) / 8);
    const [row, column] = [block >> 3, block & 7];
    const [left, top] = [cut(column, width), cut(row, height)];
    const right = Math.max(cut(column + 1, width), left + 1);
    mean(image, left, top, right, Math.max(cut(row + 1, height), top + 1)).forEach((value, c) => {
      const expected = reference.blocks[block * 3 + c];
      assert.ok(
        Math.abs(value - expected) < tolerance,
        `${name}: block ${block}, channel ${c} is ${value}, not ${expected}`,
      );
    });
  }
}

if (!folder) {
  test.skip('all of odd/', noPhotographs);
} else {
  const path = new URL('../../../test/data/odd-reference.json', import.meta.url);
  const references: Record<string, Reference> = JSON.parse(readFileSync(path, 'utf8'));

  for (const [name, reference] of Object.entries(references)) {
    test(`${name} as another decoder has it`, () => compare(name, decode(name), reference));
  }

  for (const name of SAME_AS_SOURCE) {
    test(`${name} has the pixels of ${SOURCE}`, () => {
      assert.ok(Buffer.compare(decode(name).data, decode(SOURCE).data) === 0);
    });
  }

  for (const [name, reason] of Object.entries(REFUSED)) {
    test(`${name} is refused with its reason`, () => {
      assert.throws(
        () => decode(name),
        (error: Error) => error instanceof DataError && reason.test(error.message),
      );
    });
  }

  test('the folder loads; every file is used or named', async () => {
    const { dataset, damaged } = await loadImageFolder(folder, { size: 64, workers: 2, cache: false });
    assert.equal(damaged.map(({ file }) => file).sort(), Object.keys(REFUSED).sort());
    for (const { file, reason } of damaged) assert.match(reason, REFUSED[file]);
    const files = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
    assert.is(files.length, dataset.length + damaged.length);
    assert.is(files.length, Object.keys(references).length + Object.keys(REFUSED).length + 1); // no-end-marker
  });
}

test.run();
