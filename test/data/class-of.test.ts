import * as assert from 'uvu/assert';
import { classFolder, classOf } from '../../src/data/class-of.js';
import { DataError } from '../../src/errors.js';
import { suite } from '../support/suite.js';

const test = suite('class-of');

test('the class is the first folder, or what the name begins with', () => {
  const classes: Record<string, string> = {
    'cat.1.jpg': 'cat',
    'golden_retriever.12.jpeg': 'golden_retriever',
    'cat_01.png': 'cat',
    'cat-01.png': 'cat',
    'dogs/cat.1.jpg': 'dogs',
    'dogs/deep/cat.1.jpg': 'dogs',
    '_1.png': '1',
    ___: '___',
    '__proto__/1.png': '__proto__',
    'cat.jpg/1.png': 'cat.jpg',
    'dog\\b.1.jpg': 'dog\\b',
    'cafe\u0301/1.png': 'caf\u00e9',
  };
  for (const [path, name] of Object.entries(classes)) assert.is(classOf(path), name, path);
});

/** Where the classes are, of pictures in a folder called `name`. */
const FOLDERS: [what: string, name: string, paths: string[], within: string][] = [
  ['a folder for each class', 'data', ['cat/1.png', 'dog/1.png'], ''],
  ["Kaggle's names", 'data', ['cat.1.png', 'dog.1.png'], ''],
  ['nothing', 'data', [], ''],
  ['a class of the name of the folder around it', 'pizza', ['pizza/1.png', 'other/1.png'], ''],
  ['the same from outside', 'data', ['pizza/pizza/1.png', 'pizza/other/1.png'], 'pizza/'],
  ['a wrapper of the same name', 'test', ['test/1.png', 'test/2.png'], 'test/'],
  ['two of them', 'test', ['test/test/1.png'], 'test/test/'],
  ['train and nothing beside', 'data', ['train/1.png'], 'train/'],
  ['train in train', 'data', ['train/train/cat.1.jpg', 'train/train/dog.1.jpg'], 'train/train/'],
  [
    'train beside other parts',
    'data',
    ['train/cat/1.png', 'test1/1.png', 'val/cat/2.png', 'validation/1.png'],
    'train/',
  ],
  ['train beside a picture', 'data', ['train/cat/1.png', 'example.png'], ''],
  ['a class called train', 'vehicles', ['train/1.png', 'bus/1.png', 'plane/1.png'], ''],
  ['one folder around the classes', 'data', ['PetImages/Cat/1.jpg', 'PetImages/Dog/1.jpg'], 'PetImages/'],
  ["one folder around Kaggle's names", 'data', ['all/cat.1.jpg', 'all/dog.1.jpg'], 'all/'],
  ['two folders around each other', 'data', ['a/b/Cat/1.jpg', 'a/b/Dog/1.jpg'], 'a/b/'],
  ['one class alone', 'data', ['cats/1.jpg', 'cats/2.jpg'], ''],
  ['one class alone, in years', 'data', ['cats/2020/1.jpg', 'cats/2020/2.jpg'], ''],
  ['pictures for testing alone: not what is meant', 'data', ['test/cat/1.png', 'test/dog/1.png'], ''],
];
for (const [what, name, paths, within] of FOLDERS) {
  test(`the folder of the classes: ${what}`, () => assert.is(classFolder(paths, name), within));
}

test('train with classes of its own beside something else is refused: it may be either', () => {
  for (const inside of ['steam/1.png diesel/1.png', 'cat.1.jpg dog.1.jpg'].map((names) => names.split(' '))) {
    assert.throws(
      () => classFolder([...inside.map((path) => `train/${path}`), 'bus/1.png'], 'data'),
      (e: Error) =>
        e instanceof DataError && /^data: 'train' has classes of its own and stands beside 'bus'/.test(e.message),
    );
  }
});

test.run();
