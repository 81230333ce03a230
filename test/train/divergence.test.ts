// When losses have exploded: their mean over about ten, against the first.
import * as assert from 'uvu/assert';
import { LossWatch } from '../../src/train/divergence.js';
import { suite } from '../support/suite.js';

const test = suite('train/divergence');

const follow = (losses: readonly number[], factor = 10, watch = new LossWatch()) =>
  losses.map((loss) => watch.exploded(loss, factor));

test('the first ten losses count alike, later ones take a tenth each', () => {
  const watch = new LossWatch();
  const losses = Array.from({ length: 14 }, (_, i) => 1 + ((i * 7) % 5));
  let recent = 0;
  for (const [i, loss] of losses.entries()) {
    watch.exploded(loss, 10);
    recent = i < 10 ? losses.slice(0, i + 1).reduce((a, b) => a + b) / (i + 1) : 0.9 * recent + 0.1 * loss;
    assert.ok(Math.abs(watch.recent - recent) < 1e-12, `after ${i + 1}`);
  }
  assert.equal([watch.count, watch.start], [14, losses[0]]);
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
  const whole = new LossWatch();
  follow(losses, 10, whole);
  const first = new LossWatch();
  follow(losses.slice(0, 3), 10, first);
  const { count, start, recent } = first.state();
  const second = new LossWatch(count, start, recent);
  follow(losses.slice(3), 10, second);
  assert.equal(second.state(), whole.state());
});

test.run();
