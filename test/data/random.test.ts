import * as assert from 'uvu/assert';
import { mixKey, Random, shuffled } from '../../src/data/random.js';
import { UsageError } from '../../src/errors.js';
import { suite } from '../support/suite.js';

const test = suite('random');

test('a key gives the same numbers again, another key others', () => {
  const draw = (key: number) =>
    Array.from(
      { length: 5 },
      (
        (random) => () =>
          random.word()
      )(new Random(key)),
    );
  assert.equal(draw(3), draw(3));
  assert.is(new Set([...draw(3), ...draw(4)]).size, 10);
});

test('keys of nearby parts differ', () => {
  const keys = new Set<number>();
  for (let seed = 0; seed < 20; seed++) {
    for (let epoch = 0; epoch < 20; epoch++) for (let i = 0; i < 100; i++) keys.add(mixKey(seed, epoch, i));
  }
  assert.ok(keys.size > 40_000 - 5, `${keys.size} different keys`); // chance alone makes 0.2 collisions
});

test('uniform and normal numbers have their mean and spread, also first draws of neighbouring keys', () => {
  const count = 20_000;
  const one = new Random(1);
  const draws = {
    unit: Array.from({ length: count }, () => one.unit()),
    first: Array.from({ length: count }, (_, i) => new Random(mixKey(9, 0, i)).unit()),
    normal: Array.from({ length: count }, () => one.normal()),
  };
  const expected = { unit: [0.5, 1 / 12], first: [0.5, 1 / 12], normal: [0, 1] };
  for (const [name, values] of Object.entries(draws)) {
    const mean = values.reduce((sum, v) => sum + v, 0) / count;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / count;
    const [wantedMean, wantedVariance] = expected[name as keyof typeof draws];
    assert.ok(Math.abs(mean - wantedMean) < 5 * Math.sqrt(wantedVariance / count), `${name}: mean ${mean}`);
    assert.ok(Math.abs(variance / wantedVariance - 1) < 0.06, `${name}: variance ${variance}`);
  }
});

test('whole numbers below n are evenly drawn', () => {
  const counts = new Array(29).fill(0);
  const random = new Random(5);
  for (let i = 0; i < 29_000; i++) counts[random.below(29)]++;
  assert.ok(Math.min(...counts) > 850 && Math.max(...counts) < 1150, counts.join(' '));
});

test('shuffling keeps every item, leaves the original, and lets each item come first', () => {
  const items = Array.from({ length: 10 }, (_, i) => i);
  const firsts = new Set<number>();
  for (let key = 0; key < 200; key++) {
    const mixed = shuffled(items, new Random(mixKey(key)));
    assert.equal(
      [...mixed].sort((a, b) => a - b),
      items,
    );
    firsts.add(mixed[0]);
  }
  assert.is(firsts.size, 10);
});

test('keys and counts that are no whole numbers are refused: they would all be one key', () => {
  const refused = (call: () => unknown) => assert.throws(call, (e: Error) => e instanceof UsageError);
  for (const wrong of [0.5, Number.NaN, Number.POSITIVE_INFINITY, '7', undefined] as number[]) {
    refused(() => new Random(wrong));
    refused(() => mixKey(1, wrong));
    refused(() => new Random(1).below(wrong));
  }
  refused(() => new Random(1).below(0));
  assert.is(mixKey(-1), mixKey(2 ** 32 - 1), 'the lowest 32 bits');
});

test.run();
