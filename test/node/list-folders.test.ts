// Several folders as one set, and sets that are compared with the classes of another.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { DataError, UsageError } from '../../src/errors.js';
import { type ImageFolder, type ImageFolderOptions, loadImageFolder } from '../../src/node/image-folder.js';
import { suite } from '../support/suite.js';
import { gradient, makePng } from './made-images.js';

const test = suite('list-folders');
const home = mkdtempSync(join(tmpdir(), 'wgrad-folders-'));
test.after(() => rmSync(home, { recursive: true, force: true }));

let folders = 0;
/** Pictures by path; a number is a picture of that red. */
function make(files: Record<string, number | string>): string {
  const folder = join(home, `set-${folders++}`);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const bytes = typeof content === 'string' ? content : makePng(20, 20, (x, y) => [content, ...green(x, y)]);
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}
const green = (x: number, y: number) => gradient(x, y).slice(1) as [number, number];

const load = (paths: readonly string[] | string, options: ImageFolderOptions = {}) =>
  loadImageFolder(paths, { size: 16, workers: 2, cache: false, ...options });
const namesOf = ({ dataset }: ImageFolder) => Array.from({ length: dataset.length }, (_, i) => dataset.name(i));
const labelsOf = ({ dataset }: ImageFolder) => Array.from({ length: dataset.length }, (_, i) => dataset.label(i));

async function refusal(paths: readonly string[] | string, options?: ImageFolderOptions): Promise<string> {
  const error = await load(paths, options).catch((reason) => reason);
  assert.instance(error, DataError);
  return error.message;
}

test('two folders, laid out in two ways, are one set: classes united, names from the folder around them', async () => {
  const around = make({
    'kaggle/cat.1.png': 10,
    'kaggle/dog.1.png': 20,
    'far/classes/dog/a.png': 30,
    'far/classes/bird/b.png': 40,
  });
  const found = await load([`${around}/kaggle`, `${around}/far/classes`]);
  assert.equal(found.dataset.classes, ['bird', 'cat', 'dog']);
  assert.equal(namesOf(found), [
    'kaggle/cat.1.png',
    'kaggle/dog.1.png',
    'far/classes/bird/b.png',
    'far/classes/dog/a.png',
  ]);
  assert.equal(labelsOf(found), [1, 2, 0, 2]);
  assert.equal(found.damaged, []);
  const reds = Array.from({ length: 4 }, (_, i) => found.dataset.pixels(i)[0]);
  assert.equal(reds, [10, 20, 40, 30]);
  const one = await load([`${around}/kaggle`]);
  assert.equal(namesOf(one), ['cat.1.png', 'dog.1.png'], 'a list of one is that folder');
  assert.is.not(found.dataset.fingerprint, one.dataset.fingerprint);
});

test('what is left out of either is named once, by its path: damaged, another kind, empty, a copy of either', async () => {
  const around = make({
    ...{ 'a/cat/1.png': 1, 'a/cat/2.png': 2, 'a/dog/1.png': 3, 'a/cat/3.webp': 'x', 'a/cat/4.png': 'broken' },
    ...{ 'b/cat/1.png': 2, 'b/cat/9.png': 9, 'b/dog/1.png': 1, 'b/dog/2.png': 'broken', 'b/dog/3.png': 9 },
  });
  mkdirSync(`${around}/b/bird`);
  const found = await load([`${around}/a`, `${around}/b`]);
  assert.equal(namesOf(found), ['a/cat/1.png', 'a/cat/2.png', 'a/dog/1.png', 'b/cat/9.png']);
  assert.equal(Object.fromEntries(found.damaged.map(({ file, reason }) => [file, reason])), {
    'a/cat/4.png': 'neither a JPEG nor a PNG, whatever its name says',
    'a/cat/3.webp': 'a webp file; only JPEG and PNG are read',
    'b/bird/': 'no picture in it can be read; it gives no class',
    'b/cat/1.png': 'the same picture as a/cat/2.png',
    'b/dog/1.png': 'the same picture as a/cat/1.png, which is of class cat',
    'b/dog/2.png': 'the same picture as a/cat/4.png, which is of class cat',
    'b/dog/3.png': 'the same picture as b/cat/9.png, which is of class cat',
  });
  assert.is(found.damaged.length, 7);
});

test('pictures that are alike but for one byte are no copies', async () => {
  const around = make({ 'a/cat.1.png': 1, 'b/cat.2.png': 1 });
  const bytes = [...makePng(20, 20, (x, y) => [1, ...green(x, y)]), ...new Uint8Array(5000)];
  const other = Uint8Array.from([...bytes, 0]);
  writeFileSync(`${around}/a/cat.1.png`, Uint8Array.from([...bytes, 1]));
  writeFileSync(`${around}/b/cat.2.png`, other);
  assert.is((await load([`${around}/a`, `${around}/b`])).dataset.length, 2);
  writeFileSync(`${around}/a/cat.1.png`, other);
  assert.is((await load([`${around}/a`, `${around}/b`])).dataset.length, 1);
});

test('a folder given twice, or inside another one, is refused; so is one that holds nothing', async () => {
  const around = make({ 'a/cat/1.png': 1, 'a/dog/1.png': 2, 'b/cat/1.png': 3, 'empty/notes.txt': '' });
  symlinkSync(`${around}/a`, `${around}/link`);
  const [a, b] = [`${around}/a`, `${around}/b`];
  assert.is(await refusal([a, a]), `${a}: is given twice`);
  assert.is(await refusal([b, a, `${around}/link`]), `${a}: is given twice`);
  assert.is(await refusal([`${a}/cat`, b, a]), `${a}/cat: lies in ${a}, which is given, too`);
  assert.match(await refusal([a, `${around}/empty`]), /empty: holds no \.jpg/);
  assert.match(await refusal([a, `${around}/nowhere`]), /nowhere: cannot be read as a folder/);
});

test('classes of another set: the same labels, what is missing or strange is named', async () => {
  const set = make({ 'dog/1.png': 1, 'fish/1.png': 2, 'fish/2.png': 3, 'newt/1.png': 4 });
  const found = await load(set, { classes: ['dog', 'bird', 'newt'] });
  assert.equal(found.dataset.classes, ['dog', 'bird', 'newt']);
  assert.equal(
    [namesOf(found), labelsOf(found)],
    [
      ['dog/1.png', 'newt/1.png'],
      [0, 2],
    ],
  );
  assert.equal(found.damaged, [
    { file: 'fish', reason: 'not one of the classes (2 pictures)' },
    { file: 'bird', reason: 'a class without a picture that could be read' },
  ]);
  assert.is(
    await refusal(set, { classes: ['cat', 'cow'] }),
    `${set}: no picture is of one of the classes cat, cow; there are dog, fish, newt`,
  );
  for (const classes of [[], ['a', 'a'], 'ab', [1]] as string[][]) {
    const error = await load(set, { classes }).catch((reason) => reason);
    assert.ok(error instanceof UsageError && /classes is a list of names, none of them twice/.test(error.message));
  }
});

test.run();
