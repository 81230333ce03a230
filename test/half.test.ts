// Every half, and every rounding between two neighbours, against the definition of binary16.

import * as assert from 'uvu/assert';
import { fromHalf, fromHalves, toHalf, toHalves } from '../src/half.js';
import { suite } from './support/suite.js';

const test = suite('half');

test('every half comes back as its own bits', () => {
  for (let bits = 0; bits < 65536; bits++) {
    const nan = (bits & 0x7c00) === 0x7c00 && (bits & 1023) !== 0;
    if (nan) assert.ok(Number.isNaN(fromHalf(bits)) && Number.isNaN(fromHalf(toHalf(fromHalf(bits)))));
    else assert.is(toHalf(fromHalf(bits)), bits);
  }
});

test('a number between two halves goes to the nearer, of two as near to the even one', () => {
  for (let bits = 0; bits < 0x7bff; bits++) {
    const [low, high] = [fromHalf(bits), fromHalf(bits + 1)];
    const middle = (low + high) / 2;
    const near = (high - low) / 1024;
    assert.is(toHalf(middle), bits % 2 === 0 ? bits : bits + 1);
    assert.is(toHalf(middle - near), bits);
    assert.is(toHalf(middle + near), bits + 1);
    assert.is(toHalf(-middle - near), 0x8000 | (bits + 1));
  }
});

test('ends and special values', () => {
  const values = [65519.99, 65520, -65520, 1e30, Infinity, -Infinity, -0, 2 ** -25, 2 ** -25 * 1.001, 1e-45];
  const expected = [0x7bff, 0x7c00, 0xfc00, 0x7c00, 0x7c00, 0xfc00, 0x8000, 0, 1, 0];
  assert.equal([...toHalves(values)], expected);
  assert.ok(Number.isNaN(fromHalf(toHalf(Number.NaN))));
  assert.equal([...toHalves([1], 3)], [0x3c00, 0, 0]);
  assert.equal([...fromHalves([0x3c00, 0xc000, 0x8000])], [1, -2, -0]);
});

test.run();
