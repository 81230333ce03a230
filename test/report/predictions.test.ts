import * as assert from 'uvu/assert';
import { encodePng, histogramOf, notablePredictions, predictionParts, rocCurve } from '../../src/report/index.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('report/predictions');

test('the area below a curve is how often a positive beats a negative, ties counting half', () => {
  for (const [seed, levels] of [
    [1, 1000],
    [2, 5],
    [3, 1],
  ] as const) {
    const scores = Array.from(seeded(60, seed), (v) => Math.round(v * levels) / levels);
    const positive = Array.from(seeded(60, seed + 9), (v, i) => Number(v + scores[i] > 0));
    let [wins, pairs] = [0, 0];
    scores.forEach((a, i) => {
      scores.forEach((b, j) => {
        if (!positive[i] || positive[j]) return;
        pairs++;
        wins += a > b ? 1 : a === b ? 0.5 : 0;
      });
    });
    const { area, points } = rocCurve('x', scores, positive);
    assert.ok(Math.abs(area - wins / pairs) < 1e-12, `${area} for ${wins / pairs}`);
    assert.equal(
      [points[0], points.at(-1)],
      [
        [0, 0],
        [1, 1],
      ],
    );
    assert.ok(points.every(([x, y], i) => i === 0 || (x >= points[i - 1][0] && y >= points[i - 1][1])));
  }
});

test('a curve needs both kinds; NaN and other lengths are refused', () => {
  assert.equal(rocCurve('x', [1, 2], [1, 1]), { name: 'x', points: [], area: Number.NaN });
  assert.throws(() => rocCurve('x', [1, Number.NaN], [0, 1]), /^.*rocCurve: score 1 of 'x' is NaN/);
  assert.throws(() => rocCurve('x', [1], [0, 1]), /rocCurve: 1 scores for 2 examples/);
  const many = rocCurve(
    'x',
    seeded(50_000, 1),
    Array.from(seeded(50_000, 2), (v) => v > 0),
  );
  assert.ok(many.points.length <= 1000 && Math.abs(many.area - 0.5) < 0.02);
});

const predictions = {
  classes: ['cat', 'dog', 'fox'],
  // sure and right; sure and wrong; torn; less sure and right; NaN
  probabilities: [0.9, 0.05, 0.05, 0.1, 0.85, 0.05, 0.41, 0.4, 0.19, 0.2, 0.1, 0.7, NaN, NaN, NaN],
  labels: [0, 2, 1, 2, 0],
  names: ['a', 'b', 'c', 'd', 'e'],
};

test('the notable are the surest that are right and wrong, and the most torn', () => {
  assert.equal(notablePredictions(predictions, { count: 2 }), { best: [0, 3], worst: [1, 2], uncertain: [2, 3] });
});

test('answers become a matrix, curves and galleries', () => {
  const picture = encodePng(1, 1, new Uint8Array(4));
  const parts = predictionParts(
    predictions,
    new Map([
      [0, picture],
      [1, picture],
    ]),
  );
  assert.equal(parts.confusion.counts, [
    [1, 0, 0],
    [1, 0, 0],
    [0, 1, 1],
  ]);
  assert.equal(parts.confusion.undecided, [1, 0, 0]);
  assert.equal(
    parts.roc.map(({ name }) => name),
    ['cat', 'dog', 'fox'],
  );
  assert.equal(
    parts.galleries.map(({ title, pictures }) => [title, pictures.map((p) => [p.caption, p.note, p.verdict])]),
    [
      ['Right, and surest', [['cat 90.0 %', 'a', 'right']]],
      ['Wrong, and surest', [['dog 85.0 %', 'is fox · b', 'wrong']]],
      [
        'Most uncertain',
        [
          ['dog 85.0 %', 'is fox · b', 'wrong'],
          ['cat 90.0 %', 'a', 'right'],
        ],
      ],
    ],
  );
  assert.equal(predictionParts(predictions).galleries, []);
});

test('predictions that do not fit together are refused', () => {
  assert.throws(
    () => predictionParts({ ...predictions, labels: [0] }),
    /notablePredictions: 15 probabilities for 1 labels of 3 classes, expected 3/,
  );
  assert.throws(
    () => notablePredictions({ ...predictions, labels: [0, 1, 2, 3, 0] }),
    /notablePredictions: label 3 is 3, the classes are 0 to 2/,
  );
  assert.throws(() => notablePredictions({ ...predictions, names: ['a'] }), /1 names for 5 labels/);
});

test('a histogram counts every finite value once', () => {
  const values = [...seeded(1000, 4), NaN, Infinity];
  const h = histogramOf(values, 13);
  assert.is(
    h.counts.reduce((a, b) => a + b),
    1000,
  );
  assert.is(h.notFinite, 2);
  assert.equal(
    [h.edges.length, h.min, h.max],
    [14, Math.min(...values.slice(0, 1000)), Math.max(...values.slice(0, 1000))],
  );
  const inBin = (b: number) => values.filter((v) => v >= h.edges[b] && v < h.edges[b + 1]).length;
  for (const b of [0, 5, 11]) assert.ok(Math.abs(h.counts[b] - inBin(b)) <= 1, `bin ${b}`);
  const same = histogramOf([3, 3, 3]);
  assert.is(
    same.counts.reduce((a, b) => a + b),
    3,
  );
  assert.equal([same.min, same.max, same.mean, same.std], [3, 3, 3, 0]);
  assert.is(
    histogramOf([]).counts.reduce((a, b) => a + b),
    0,
  );
  assert.throws(() => histogramOf([1], 0), /histogramOf: bins is a whole number above 0, got 0/);
});

test.run();
