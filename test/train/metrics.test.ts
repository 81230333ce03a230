import * as assert from 'uvu/assert';
import { DataError, ShapeError } from '../../src/index.js';
import {
  argmaxRow,
  ConfusionMatrix,
  progressLine,
  RateMeter,
  showSeconds,
  softmaxRows,
} from '../../src/train/index.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('train/metrics');

test('a confusion matrix counts, and prints recall and precision', () => {
  const matrix = new ConfusionMatrix(['cat', 'dog']);
  matrix.add([2, 1, 0, 3, 5, 1], [0, 1, 1]);
  assert.equal(matrix.counts, [
    [1, 0],
    [1, 1],
  ]);
  assert.is(matrix.accuracy, 2 / 3);
  assert.match(String(matrix), /^dog +1 +1 +50.0 %$/m);
  assert.match(String(matrix), /^precision +50.0 % +100.0 % +66.7 %$/m);
});

test('predictions that are NaN call no class, and are counted as wrong', () => {
  const matrix = new ConfusionMatrix(['cat', 'dog']);
  matrix.add([2, 1, Number.NaN, Number.NaN, 7, Number.NaN, 0, 1], [0, 0, 1, 1]);
  assert.equal([matrix.counts, matrix.undecided], [[[1, 0], [0, 1]], [1, 1]]); // biome-ignore format: a matrix
  assert.equal([matrix.total, matrix.correct, matrix.accuracy], [4, 2, 0.5]);
  assert.match(String(matrix), /called dog +undecided +recall\ncat +1 +0 +1 +50.0 %\ndog +0 +1 +1 +50.0 %\n/);
  assert.is(argmaxRow([9, 9, 1, Number.NaN, 5], 2, 3), 1); // as torch.argmax
  assert.is(argmaxRow([9, 9, 1, 5, 5], 2, 3), 1); // the first of equals
});

test('what does not fit a confusion matrix is refused, and nothing is added', () => {
  const matrix = new ConfusionMatrix(['cat', 'dog']);
  const refuses = (scores: number[], labels: number[], type: new (m: string) => Error, message: RegExp) =>
    assert.throws(
      () => matrix.add(scores, labels),
      (e: unknown) => e instanceof type && message.test(e.message),
    );
  refuses([1, 2, 3], [0, 1], ShapeError, /^ConfusionMatrix: 3 scores for 2 labels of 2 classes, expected 4$/);
  for (const label of [2, -1, 0.5, Number.NaN])
    refuses([1, 2, 3, 4], [0, label], DataError, /^ConfusionMatrix: a label is/);
  assert.is(matrix.total, 0);
  assert.throws(() => softmaxRows([1, 2, 3], 2), /^softmaxRows: 3 logits are not rows of 2 classes/);
});

test('a confusion matrix of no names is refused', () => {
  for (const classes of [3, [], undefined] as never[])
    assert.throws(() => new ConfusionMatrix(classes), /^ConfusionMatrix: takes a list of the classes' names, got /);
});

test('softmax of huge scores', () => {
  assertClose(softmaxRows([1000, 1000, -1000, 0], 2), [0.5, 0.5, 0, 1]);
});

test('times for people', () => {
  assert.equal([3, 75, 4000, Number.NaN].map(showSeconds), ['3s', '1m15s', '1h06m', '?']);
});

test('the progress line fits its width', () => {
  const state = {
    label: 'epoch 1/7',
    done: 31,
    total: 100,
    rate: 71.3,
    unit: 'images',
    remaining: 80,
    detail: 'loss 0.512',
  };
  assert.match(progressLine(state, 100), /^epoch 1\/7 ━+╌+ +31 % · 71 images\/s · 1m20s left · loss 0.512$/);
  for (const columns of [20, 40, 60, 100]) assert.ok(progressLine(state, columns).length <= columns);
});

test('the rate looks at the last seconds only', () => {
  let now = 0;
  const meter = new RateMeter(10, () => now);
  meter.mark(0);
  now = 100;
  meter.mark(10);
  now = 105;
  meter.mark(60);
  assert.is(meter.perSecond, 10);
});

test.run();
