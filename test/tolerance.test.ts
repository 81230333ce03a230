// That a comparison notices what it is to notice, and refuses to be one that cannot.
import * as assert from 'uvu/assert';
import { suite } from './support/suite.js';
import { allowance, assertClose, channelScale, LARGEST } from './support/tolerance.js';

const test = suite('tolerance');

const says = (message: RegExp, ...args: Parameters<typeof assertClose>) =>
  assert.throws(() => assertClose(...args), message);

test('NaN, infinities and their signs are told apart', () => {
  const all = [Number.NaN, Infinity, -Infinity, 1, 0];
  assertClose(all, all);
  for (const [i, value] of all.entries()) {
    for (const other of all) {
      if (Object.is(value, other)) continue;
      says(/^values: element \d of 5 is/, all.with(i, other), all);
    }
  }
  says(/is 3.40.*, expected Infinity/, [LARGEST], [Infinity], { blind: 'one value' });
});

test('an error is held against the magnitude given for its own element', () => {
  const expected = [1, 1e-3];
  assertClose([1, 1.0009e-3], expected, { scale: 1 });
  says(/element 1 of 2 is 0.0010009/, [1, 1.0009e-3], expected, { scale: expected });
  assert.equal([...channelScale([1, -2, 30, 4, 5, 6], [1, 3, 2], 1)], [2, 2, 30, 30, 6, 6]);
  assert.equal([...channelScale([1, -2, 30, 4, 5, Number.NaN], [3, 2], 1)], [30, 4, 30, 4, 30, 4]);
});

test('a comparison that zeros would pass is refused, unless it says why', () => {
  const expected = [1e-9, -1e-9, 1];
  says(/nothing is tested, 2 of 3 values are no larger/, expected, expected);
  says(/nothing is tested, 1 of 1 values/, [1e-9], [1e-9], { scale: 1 });
  assertClose(expected, expected, { blind: 'a test of this' });
  assertClose(expected, expected, { scale: expected.map(Math.abs) });
  assertClose([0, 0], [0, 0]);
  assert.equal(assertClose([1, 1e-9], [1, 1e-9]), { values: 2, blind: 1 });
});

test('what is allowed grows with the root of the terms, from the smallest f32 on', () => {
  assert.ok(allowance(0) > 0 && allowance(0) < 2.4e-38);
  assert.is(allowance(1, 100), 10 * allowance(1));
});

test.run();
