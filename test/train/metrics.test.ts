import * as assert from 'uvu/assert';
import { ConfusionMatrix, Mean, progressLine, RateMeter, showSeconds, softmaxRows } from '../../src/train/index.js';
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

test('softmax of huge scores', () => {
  assertClose(softmaxRows([1000, 1000, -1000, 0], 2), [0.5, 0.5, 0, 1]);
});

test('a weighted mean', () => {
  const mean = new Mean();
  assert.ok(Number.isNaN(mean.value));
  mean.add(1, 3);
  mean.add(5, 1);
  assert.is(mean.value, 2);
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
