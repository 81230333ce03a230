import * as assert from 'uvu/assert';
import { ImageDataset } from '../../src/data/dataset.js';
import { symmetricEigen } from '../../src/data/eigen.js';
import { MemoryPixels, type PixelStore } from '../../src/data/pixel-store.js';
import { Random } from '../../src/data/random.js';
import { drawnStandIns } from '../../src/data/standins.js';
import { DataError, UsageError } from '../../src/errors.js';
import { suite } from '../support/suite.js';

const test = suite('dataset');

/** `counts[c]` pictures of class c, 2 x 2 pixels of bytes that tell which. */
function make(counts: number[]): ImageDataset {
  const labels = Int32Array.from(counts.flatMap((count, c) => new Array(count).fill(c)));
  const bytes = Uint8Array.from({ length: labels.length * 12 }, (_, i) => Math.floor(i / 12));
  const names = Array.from(labels, (label, i) => `${label}.${i}`);
  return new ImageDataset(bytes, 2, counts.map(String), labels, names);
}

const namesOf = (set: ImageDataset) => Array.from({ length: set.length }, (_, i) => set.name(i));

test('subsets of subsets keep picture, label and name together', () => {
  const set = make([5, 7]).subset([11, 3, 6, 0]).subset([2, 0]);
  assert.equal(namesOf(set), ['1.6', '1.11']);
  assert.equal([set.label(0), set.pixels(0)[0], set.pixels(1)[11]], [1, 6, 11]);
  assert.equal(set.counts(), [0, 2]);
});

test('a split is whole, even over the classes, and decided by the seed', () => {
  const set = make([60, 20, 5]);
  const [rest, part] = set.split(0.2, 3);
  assert.equal(
    [rest.counts(), part.counts()],
    [
      [48, 16, 4],
      [12, 4, 1],
    ],
  );
  assert.equal([...namesOf(rest), ...namesOf(part)].sort(), namesOf(set).sort());
  assert.equal(namesOf(set.split(0.2, 3)[1]), namesOf(part));
  assert.is.not(namesOf(set.split(0.2, 4)[1]).join(), namesOf(part).join());
  assert.equal([set.split(0, 1)[0].length, set.split(0, 1)[1].length], [85, 0]);
  assert.throws(
    () => set.split(1, 0),
    (error: Error) => error instanceof DataError,
  );
});

test('a split that rounds to nothing says which part is empty', () => {
  const three = make([3, 3]);
  const message = (fraction: number, seed = 1) => {
    try {
      three.split(fraction, seed);
      return 'accepted';
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
  };
  assert.match(
    message(0.1),
    /^DataError: split: the part for validation is empty: 0\.1 of each class \(3 of 3, 3 of 3\)/,
  );
  assert.match(message(0.9), /^DataError: split: the rest, for training, is empty.* a smaller fraction/);
  assert.is(message(0), 'accepted');
  assert.is(message(0.2), 'accepted');
  for (const wrong of [-0.1, 1, Number.NaN, '0.1' as unknown as number])
    assert.match(message(wrong), /^DataError: split: .* is not a fraction/);
  for (const wrong of [0.5, Number.NaN, null as unknown as number])
    assert.match(message(0.2, wrong), /^UsageError: split: seed is a whole number/);
  assert.equal(make([0, 4]).split(0.25, 1)[1].counts(), [0, 1], 'a class without pictures is no reason');
});

test('a picture that is not there is refused, not picture 0', () => {
  const set = make([2, 1]);
  for (const i of [3, -1, 0.5, Number.NaN]) {
    for (const call of [() => set.label(i), () => set.name(i), () => set.pixels(i), () => set.subset([0, i])]) {
      assert.throws(call, (e: Error) => e instanceof UsageError && e.message.includes(`no picture ${i} among 3`));
    }
  }
});

test('parts of a data set that do not fit together are refused', () => {
  const names = ['a', 'b'];
  const refused = (expected: RegExp, ...args: unknown[]) => {
    const make = () => new (ImageDataset as unknown as new (...args: unknown[]) => ImageDataset)(...args);
    assert.throws(make, (e: Error) => e instanceof DataError && expected.test(e.message));
  };
  const bytes = new Uint8Array(24);
  const labels = Int32Array.of(0, 1);
  refused(/2 pictures \(3, 2, 2\) take 24 bytes, there are 23/, bytes.subarray(1), 2, names, labels, names);
  refused(/a label of 1, there are 1 classes/, bytes, 2, ['a'], labels, names);
  refused(/2 labels and 1 names/, bytes, 2, names, labels, ['x']);
  refused(/a place of 2, there are 2 pictures/, bytes, 2, names, labels, names, Int32Array.of(0, 2));
  refused(/pixels are bytes, a Uint8Array, or a store/, [1, 2], 2, names, labels, names);
  refused(/size is a whole number above 0, got 0/, bytes, 0, names, labels, names);
  refused(/labels are an Int32Array/, bytes, 2, names, [0, 1], names);
  refused(/classes are a list of names, got undefined/, bytes, 2, undefined, labels, names);
});

test('a fingerprint tells other pictures, labels, classes and orders', () => {
  const set = make([3, 3]);
  assert.is(set.fingerprint, make([3, 3]).fingerprint);
  const labels = Int32Array.of(0, 0, 1, 1, 1, 1);
  const names = namesOf(set);
  const others = [
    make([3, 4]),
    set.subset([1, 0, 2, 3, 4, 5]),
    set.subset([0, 1, 2, 3, 4]),
    new ImageDataset(set.store, 2, set.classes, labels, names),
    new ImageDataset(set.store, 2, ['a', 'b'], Int32Array.of(0, 0, 0, 1, 1, 1), names),
  ];
  assert.is(new Set([set, ...others].map(({ fingerprint }) => fingerprint)).size, 6);
});

test('eigenvectors: orthonormal, and the matrix again', () => {
  const random = new Random(2);
  for (let round = 0; round < 20; round++) {
    const m = [0, 1, 2].map(() => [0, 1, 2].map(() => random.normal()));
    const a = m.map((row) => m.map((other) => row.reduce((sum, x, k) => sum + x * other[k], 0)));
    const { values, vectors } = symmetricEigen(a);
    assert.ok(values[0] >= values[1] && values[1] >= values[2]);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const again = values.reduce((sum, value, k) => sum + value * vectors[k][i] * vectors[k][j], 0);
        const dot = vectors[i].reduce((sum, x, k) => sum + x * vectors[j][k], 0);
        assert.ok(Math.abs(again - a[i][j]) < 1e-12 * (1 + values[0]), `matrix ${again}, not ${a[i][j]}`);
        assert.ok(Math.abs(dot - Number(i === j)) < 1e-12);
      }
    }
  }
});

test('pictures in several parts of memory are those of one', () => {
  const set = make([4, 3]);
  const bytes = Uint8Array.from({ length: 7 }, (_, i) => i);
  const parts = [0, 3, 6].map((first) =>
    Uint8Array.from({ length: 12 * Math.min(3, 7 - first) }, (_, i) => first + Math.floor(i / 12)),
  );
  const store = new MemoryPixels(2, parts);
  assert.is(store.count, 7);
  const labels = Int32Array.from(bytes, (i) => Number(i >= 4));
  const parted = new ImageDataset(store, 2, set.classes, labels, namesOf(set));
  for (let i = 0; i < 7; i++) assert.equal(parted.pixels(i), set.pixels(i));
  assert.is(parted.pixels(4).buffer, parts[1].buffer, 'a view');
  for (const place of [-1, 7])
    assert.throws(
      () => store.read(place),
      (e: Error) => e instanceof UsageError,
    );
  assert.is(MemoryPixels.room(5, 3, 'test').count, 5);
});

test('room for more pictures than there is memory for, or for too large ones, is an error that says how much', () => {
  const refused = (count: number, size: number, said: RegExp) =>
    assert.throws(
      () => MemoryPixels.room(count, size, 'folder'),
      (e: Error) => e instanceof DataError && said.test(e.message),
    );
  refused(1, 30_000, /^folder: a picture of 30000 x 30000 pixels takes 2\.7 GB, more than can be had in one piece/);
  const { SharedArrayBuffer: own } = globalThis;
  const full = (): never => {
    throw new RangeError('Array buffer allocation failed');
  };
  globalThis.SharedArrayBuffer = full as unknown as typeof own;
  try {
    refused(
      25_000,
      256,
      /^folder: 25,000 pictures of 256 x 256 pixels take 4\.9 GB, more than there is memory for; a smaller/,
    );
  } finally {
    globalThis.SharedArrayBuffer = own;
  }
});

test('pixels are read into what is given, if it has the right size', () => {
  const own = { size: 2, count: 1, read: (_: number, into = new Uint8Array(12)) => into.fill(9) };
  const set = new ImageDataset(own, 2, ['a'], new Int32Array(1), ['x']);
  const room = new Uint8Array(12);
  assert.is(set.pixels(0, room), room);
  assert.is(room[11], 9);
  assert.is(set.pixels(0).length, 12);
  assert.throws(
    () => set.pixels(0, new Uint8Array(11)),
    (e: Error) => e instanceof UsageError && /has 12 bytes/.test(e.message),
  );
});

test('a store that does not fit the labels is refused', () => {
  const refused = (store: object, said: RegExp) =>
    assert.throws(
      () => new ImageDataset(store as PixelStore, 2, ['a'], new Int32Array(2), ['x', 'y']),
      (e: Error) => e instanceof DataError && said.test(e.message),
    );
  const read = () => new Uint8Array(12);
  refused({ size: 2, count: 2 }, /pixels are bytes, a Uint8Array, or a store with read\(place\)/);
  refused({ size: 3, count: 2, read }, /pictures of 2 x 2 pixels from a store of 3 x 3/);
  refused({ size: 2, count: 1, read }, /2 pictures from a store of 1/);
});

test('colours: mean, spread and axes as computed pixel by pixel', () => {
  const set = drawnStandIns(12, 20, 4);
  const pixels: number[][] = [];
  for (let i = 0; i < set.length; i++) {
    for (let p = 0; p < 400; p++) pixels.push([0, 1, 2].map((c) => set.pixels(i)[c * 400 + p]));
  }
  const mean = [0, 1, 2].map((c) => pixels.reduce((sum, pixel) => sum + pixel[c], 0) / pixels.length);
  const { axes, axisStd, ...found } = set.colours();
  for (let c = 0; c < 3; c++) {
    const variance = pixels.reduce((sum, pixel) => sum + (pixel[c] - mean[c]) ** 2, 0) / pixels.length;
    assert.ok(Math.abs(found.mean[c] - mean[c]) < 1e-9);
    assert.ok(Math.abs(found.std[c] - Math.sqrt(variance)) < 1e-9);
  }
  // Along its axis the data vary by exactly axisStd, and along two axes independently.
  const along = axes.map((axis) =>
    pixels.map((pixel) => axis.reduce((sum, x, c) => sum + x * (pixel[c] - mean[c]), 0)),
  );
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      const covariance = along[i].reduce((sum, value, p) => sum + value * along[j][p], 0) / pixels.length;
      assert.ok(Math.abs(covariance - (i === j ? axisStd[i] ** 2 : 0)) < 1e-7 * axisStd[0] ** 2);
    }
  }
});

test('colours look at no more pictures than asked, spread over the set', () => {
  const set = make([4, 4]);
  assert.equal(set.colours(2).mean, [2, 2, 2]); // pictures 0 and 4
  assert.throws(
    () => set.colours(0),
    (error: Error) => error instanceof UsageError,
  );
  assert.throws(
    () => set.subset([]).colours(),
    (error: Error) => error instanceof DataError,
  );
});

test('the mean picture is that of all pictures of the set, pixel by pixel', () => {
  const set = drawnStandIns(7, 5, 2).subset([6, 1, 4]);
  const expected = Float32Array.from({ length: 75 }, (_, i) => {
    return (set.pixels(0)[i] + set.pixels(1)[i] + set.pixels(2)[i]) / 3;
  });
  assert.equal(set.meanImage(), expected);
  assert.ok(new Set(expected).size > 20, 'the pictures differ from place to place');
  assert.throws(
    () => set.subset([]).meanImage(),
    (error: Error) => error instanceof DataError,
  );
});

test('the drawn stand-ins are fixed by their seed and half dogs', () => {
  const [one, same, other] = [drawnStandIns(6, 16, 1), drawnStandIns(6, 16, 1), drawnStandIns(6, 16, 2)];
  assert.equal(one.counts(), [3, 3]);
  const bytes = (set: ImageDataset) => Array.from({ length: set.length }, (_, i) => [...set.pixels(i)]);
  assert.equal(bytes(one), bytes(same));
  assert.not.equal(bytes(one), bytes(other));
  assert.equal(one.pixels(5), drawnStandIns(9, 16, 1).pixels(5), 'a picture does not depend on how many there are');
});

test.run();
