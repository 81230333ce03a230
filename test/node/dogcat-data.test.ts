// What `npm run dogcat` makes of the folders it is given, and what it says of them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import * as assert from 'uvu/assert';
import { findFolders, loadData, type RunData } from '../../src/cli/data.js';
import { presets, type RunOptions } from '../../src/cli/presets.js';
import { wgrad } from '../../src/cli/project.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { DataError } from '../../src/index.js';
import { suite } from '../support/suite.js';
import { makePng } from './made-images.js';

const test = suite('node/dogcat-data');
const home = mkdtempSync(join(tmpdir(), 'wgrad-dogcat-'));
const before = { cache: process.env.WGRAD_CACHE, data: process.env.WGRAD_DATA };
test.before(() => {
  process.env.WGRAD_CACHE = join(home, 'cache');
});
test.after(() => {
  for (const [name, value] of [
    ['WGRAD_CACHE', before.cache],
    ['WGRAD_DATA', before.data],
  ] as const) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  rmSync(home, { recursive: true, force: true });
});

let drawn = 0;
/** Different pictures, so many of each name, such as 'train/cat' for train/cat.1.png and so on. */
function make(folder: string, counts: Record<string, number>): string {
  for (const [name, count] of Object.entries(counts)) {
    mkdirSync(dirname(join(home, folder, name)), { recursive: true });
    for (let i = 1; i <= count; i++) {
      const [red, green] = [drawn % 256, Math.floor(drawn++ / 256)];
      writeFileSync(
        join(home, folder, `${name}.${i}.png`),
        makePng(8, 8, () => [red, green, 0]),
      );
    }
  }
  return relative('', join(home, folder));
}

async function load(
  folders: string[],
  more: Partial<RunOptions> = {},
  project = wgrad,
): Promise<RunData & { said: string[] }> {
  const said: string[] = [];
  const terminal = { say: (line: string) => void said.push(line), progress: () => {}, clear: () => {} };
  const options = { ...presets.quick.options, stored: 8, validation: 0.25, ...more };
  const data = await loadData(folders, options, terminal as unknown as Terminal, project);
  return {
    ...data,
    said: said.map((line) => line.replace(/decoded in [\d.]+ s/, 'decoded').replaceAll(folders[0], 'A')),
  };
}

test('two folders are one set; a corrupt file, a copy and a .webp are named once each, and nothing else is said', async () => {
  const a = make('a', { 'train/cat': 8, 'train/dog': 8, 'test/cat': 3, 'test/dog': 2 });
  const b = make('b', { cat: 4, dog: 8 });
  writeFileSync(join(home, 'b/dog.20.png'), 'broken');
  writeFileSync(join(home, 'b/cat.30.webp'), '');
  writeFileSync(
    join(home, 'b/cat.40.png'),
    makePng(8, 8, () => [0, 0, 0]),
  ); // the first picture, train/cat.1.png
  const { train, validation, test: tested, testName, title, said } = await load([a, b]);
  assert.equal([train.counts(), validation.counts(), tested.counts()], [[9, 12], [3, 4], [3, 2]]); // biome-ignore format: a list
  assert.equal([testName, title], [`${a}/test`, 'a, b']);
  assert.equal(said, [
    `A/train, ${b}: 12 cat, 16 dog, 8 x 8 pixels, decoded`,
    '  left out b/dog.20.png: neither a JPEG nor a PNG, whatever its name says',
    '  left out b/cat.30.webp: a webp file; only JPEG and PNG are read',
    '  left out b/cat.40.png: the same picture as a/train/cat.1.png',
    'A/test: 3 cat, 2 dog, 8 x 8 pixels, decoded',
  ]);
  const { said: again } = await load([a, b]);
  assert.match(again[0], /from the cache$/);
});

test('a class that test or validation lack, or that training lacks, is named', async () => {
  const a = make('c', { 'train/cat': 8, 'train/dog': 8, 'train/emu': 1, 'test/dog': 3, 'test/fox': 2, 'test/emu': 1 });
  const { train, validation, test: tested, said } = await load([a]);
  assert.equal([train.counts(), validation.counts()], [[6, 6, 1], [2, 2, 0]]); // biome-ignore format: a list
  assert.equal(
    [tested.classes, tested.counts()],
    [
      ['cat', 'dog', 'emu'],
      [0, 3, 1],
    ],
  );
  assert.equal(said, [
    'A/train: 8 cat, 8 dog, 1 emu, 8 x 8 pixels, decoded',
    '  none of its emu is kept for validation: 0.25 of them is less than a picture',
    'A/test: 0 cat, 3 dog, 1 emu, 8 x 8 pixels, decoded',
    '  left out fox: not one of the classes (2 pictures)',
    '  left out cat: a class without a picture that could be read',
  ]);
});

test('a test folder of other classes altogether is named, and done without', async () => {
  const a = make('d', { 'train/cat': 4, 'train/dog': 4, 'test/1': 1, 'test/2': 1 });
  const { test: tested, validation, testName, said } = await load([a]);
  assert.is(tested, validation);
  assert.is(testName, 'the validation pictures');
  assert.is(
    said[1],
    'A/test: no picture is of one of the classes cat, dog; there are 1, 2; the validation pictures are tested instead',
  );
});

test('titles name the folders, or the project’s own pictures by its word for them', async () => {
  const [a, b] = [make('g', { cat: 4, dog: 4 }), make('h', { cat: 4, dog: 4 })];
  const project = { ...wgrad, pictures: { folder: a, title: 'Cats vs. Dogs' } };
  assert.is((await load([`./${a}/`], {}, project)).title, 'Cats vs. Dogs');
  assert.is((await load([b], {}, project)).title, 'h');
  assert.is((await load([a, b], {}, project)).title, 'g, h');
  assert.equal(findFolders([], project), [a]);
  assert.is(findFolders([], wgrad), null);
});

test('folders are those of --data, else WGRAD_DATA; what is not there is said', () => {
  const [a, b] = [make('e', { cat: 1 }), make('f', { cat: 1 })];
  process.env.WGRAD_DATA = b;
  assert.equal(findFolders([a, b], wgrad), [a, b]);
  assert.equal(findFolders([], wgrad), [b]);
  const refused = (given: string[], message: RegExp) =>
    assert.throws(
      () => findFolders(given, wgrad),
      (e: unknown) => e instanceof DataError && message.test(e.message),
    );
  refused([a, 'nowhere'], /^--data nowhere: there is no such folder$/);
  process.env.WGRAD_DATA = 'nowhere';
  refused([], /^WGRAD_DATA nowhere: there is no such folder$/);
  assert.equal(findFolders([a], wgrad), [a]);
});

test.run();
