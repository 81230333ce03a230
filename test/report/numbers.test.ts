import * as assert from 'uvu/assert';
import {
  linearTicks,
  logTicks,
  metricTitle,
  showDuration,
  showMetric,
  showNumber,
  showTicks,
} from '../../src/report/numbers.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('report/numbers');

test('numbers have three digits that count', () => {
  const cases: [number, string][] = [
    [0, '0'],
    [-0, '0'],
    [0.39012, '0.390'],
    [-0.39012, '−0.390'],
    [0.9996, '1.000'],
    [12.345, '12.3'],
    [999.96, '1,000'],
    [1234, '1,234'],
    [1234567.8, '1,234,568'],
    [0.001234, '0.001'],
    [1e-5, '10⁻⁵'],
    [-2.5e-7, '−2.5×10⁻⁷'],
    [6.02e23, '6.02×10²³'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '−∞'],
  ];
  assert.equal(
    cases.map(([value]) => showNumber(value)),
    cases.map(([, text]) => text),
  );
  assert.is(showMetric('val_accuracy', 0.823), '82.3 %');
  assert.is(showMetric('val_accuracy', -1e-6), '0.0 %');
  assert.is(showMetric('mean_iou', 0.5), '50.0 %');
  assert.equal(['val_roc_auc', 'mean_iou', 'top5_accuracy', 'r2'].map(metricTitle), [
    'ROC AUC',
    'mean IoU',
    'top5 accuracy',
    'R2',
  ]);
  assert.is(showMetric('topKAccuracy', 0.823), '82.3 %');
  assert.is(showMetric('faucet', 0.823), '0.823');
});

test('durations', () => {
  const cases: [number, string][] = [
    [0.25, '0.3 s'],
    [8, '8 s'],
    [59.6, '1 min 0 s'],
    [364, '6 min 4 s'],
    [7500, '2 h 5 min'],
    [Number.NaN, '–'],
  ];
  assert.equal(
    cases.map(([value]) => showDuration(value)),
    cases.map(([, text]) => text),
  );
});

test('ticks are round, inside, evenly apart, and two to seven', () => {
  const [a, b] = [seeded(400, 1), seeded(400, 2)];
  for (let i = 0; i < a.length; i++) {
    const size = 10 ** Math.round(8 * seeded(1, i)[0]);
    const [low, high] = [Math.min(a[i], b[i]) * size, Math.max(a[i], b[i]) * size];
    const ticks = linearTicks(low, high);
    const step = ticks[1] - ticks[0];
    assert.ok(ticks.length >= 2 && ticks.length <= 7, `${low} to ${high}: ${ticks}`);
    const slack = (high - low) * 1e-6;
    assert.ok(ticks[0] >= low - slack && ticks.at(-1)! <= high + slack, `${low} to ${high}: ${ticks}`);
    const mantissa = Number((step / 10 ** Math.floor(Math.log10(step * 1.0001))).toPrecision(6));
    assert.ok([1, 2, 5].includes(mantissa), `${low} to ${high}: steps of ${step}`);
  }
  assert.equal(linearTicks(3, 3), [3]);
  assert.equal(linearTicks(1, 11), [2, 4, 6, 8, 10]);
  assert.equal(linearTicks(0, 0.3), [0, 0.1, 0.2, 0.3]);
});

test('a logarithmic axis has powers of ten, or 1, 2, 5 where it is short', () => {
  assert.equal(logTicks(1e-5, 0.02), [1e-5, 1e-4, 1e-3, 0.01]);
  assert.equal(logTicks(0.3, 6), [0.5, 1, 2, 5]);
  assert.ok(logTicks(1e-30, 1e30).length <= 13);
});

test('an axis has one number of decimals', () => {
  assert.equal(showTicks([0, 0.05, 0.1]), ['0.00', '0.05', '0.10']);
  assert.equal(showTicks([0, 500, 1000]), ['0', '500', '1,000']);
  assert.equal(showTicks([-0.5, 0, 0.5]), ['−0.5', '0.0', '0.5']);
  assert.equal(showTicks([-5000, 0, 10_000]), ['−5k', '0', '10k']);
  assert.equal(showTicks([0, 500_000, 1e6]), ['0', '0.5M', '1M']);
  assert.equal(showTicks([1e-5, 1e-4]), ['10⁻⁵', '10⁻⁴']);
});

test.run();
