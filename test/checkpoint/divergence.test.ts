// When losses have exploded: their mean over about ten, against the first.
import * as assert from 'uvu/assert';
import { type LossTrend, lossExploded } from '../../src/checkpoint/divergence.js';
import { suite } from '../support/suite.js';

const test = suite('checkpoint/divergence');

const fresh = (): LossTrend => ({ count: 0, start: 0, recent: 0 });

const follow = (losses: readonly number[], factor = 10, trend = fresh()) =>
  losses.map((loss) => lossExploded(trend, loss, factor));

test('the first ten losses count alike, later ones take a tenth each', () => {
  const trend = fresh();
  const losses = Array.from({ length: 14 }, (_, i) => 1 + ((i * 7) % 5));
  let recent = 0;
  for (const [i, loss] of losses.entries()) {
    lossExploded(trend, loss, 10);
    recent = i < 10 ? losses.slice(0, i + 1).reduce((a, b) => a + b) / (i + 1) : 0.9 * recent + 0.1 * loss;
    assert.ok(Math.abs(trend.recent - recent) < 1e-12, `after ${i + 1}`);
  }
  assert.equal([trend.count, trend.start], [14, losses[0]]);
});

test('one large loss is no explosion, a row of them is', () => {
  const calm = new Array(20).fill(2);
  assert.ok(follow([...calm, 150]).every((exploded) => !exploded)); // 2 + 148 / 10 = 16.8, below 20
  const rising = follow([...calm, 150, 150, 150]);
  assert.is(rising.indexOf(true), 21); // 16.8 + 133.2 / 10 = 30.1
});

test('a first loss below 1 counts as 1', () => {
  assert.equal(follow([0.001, 4, 4]), [false, false, false]);
  assert.equal(follow([0.001, 40]), [false, true]);
  assert.equal(follow([3, 40], 10), [false, false]); // 21.5, below 30
});

test('it goes on from where it stood', () => {
  const losses = [1, 2, 3, 4, 5, 6];
  const whole = fresh();
  follow(losses, 10, whole);
  const parted = fresh();
  follow(losses.slice(0, 3), 10, parted);
  const saved = JSON.parse(JSON.stringify(parted)) as LossTrend;
  follow(losses.slice(3), 10, saved);
  assert.equal(saved, whole);
});

test.run();
