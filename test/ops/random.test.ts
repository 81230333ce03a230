// Philox against its published vectors, and what is drawn from it.
import * as assert from 'uvu/assert';
import { read, release, scratch, upload } from '../../src/device/commands.js';
import { dropout, manualSeed, normal, scope, sum, tensor, uniform } from '../../src/index.js';
import { dropout as dropoutKernel, randomNormal, randomUniform } from '../../src/kernels/random.js';
import { useDevice, withBindingLimit } from '../support/device.js';
import { philox } from '../support/philox.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('ops/random');
test.before(useDevice);

test('the host’s Philox4x32-10 gives the published answers', () => {
  const hex = (words: number[]) => words.map((w) => w.toString(16).padStart(8, '0')).join(' ');
  assert.is(hex(philox([0, 0, 0, 0], [0, 0])), '6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  const ones = 0xffffffff;
  assert.is(hex(philox([ones, ones, ones, ones], [ones, ones])), '408f276d 41c83b0e a20bc7c6 6d5451fd');
  const pi = philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]);
  assert.is(hex(pi), 'd16cfe09 94fdcceb 5001e420 24126ea1');
});

/** The words that element i of a stream comes from. */
const words = (count: number, seed: number, stream: number) =>
  Array.from({ length: Math.ceil(count / 4) }, (_, block) => philox([block, 0, 0, 0], [seed, stream])).flat();

test('uniform numbers are the words’ upper 24 bits', async () => {
  for (const count of [1, 3, 4, 255, 1027]) {
    const y = scratch(count, 'y');
    randomUniform(y, count, { seed: 7, stream: 3 }, 0, 1);
    const expected = words(count, 7, 3)
      .slice(0, count)
      .map((w) => (w >>> 8) / 2 ** 24);
    assert.equal([...new Float32Array(await read(y, count * 4))], expected);
    release(y);
  }
});

test('numbers do not depend on how they are walked in windows', async () => {
  const draw = async () => {
    const y = scratch(5000, 'y');
    randomUniform(y, 5000, { seed: 1, stream: 2 }, -1, 1);
    const values = [...new Float32Array(await read(y, 20_000))];
    release(y);
    return values;
  };
  const whole = await draw();
  assert.equal(await withBindingLimit(4096, draw), whole);
});

test('normal numbers are Box and Muller’s of the words, on every adapter', async () => {
  for (const count of [1, 5, 4099]) {
    const y = scratch(count, 'y');
    randomNormal(y, count, { seed: 7, stream: 3 }, 2, 0.5);
    const unit = words(count, 7, 3).map((w) => ((w >>> 8) + 0.5) / 2 ** 24);
    const expected = Array.from({ length: count }, (_, i) => {
      const block = i - (i % 4);
      const radius = Math.sqrt(-2 * Math.log(unit[block + (i % 2)]));
      const angle = 2 * Math.PI * unit[block + 2 + (i % 2)];
      return 2 + 0.5 * radius * (i % 4 < 2 ? Math.cos(angle) : Math.sin(angle));
    });
    assertClose(new Float32Array(await read(y, count * 4)), expected, { what: `${count}` });
    release(y);
  }
});

test('dropout keeps an element where its word is at or above the threshold', async () => {
  const count = 1001;
  const [x, y] = [scratch(count, 'x'), scratch(count, 'y')];
  upload(x, new Float32Array(count).fill(3));
  dropoutKernel(x, y, count, 0.25, { seed: 9, stream: 4 });
  const expected = words(count, 9, 4)
    .slice(0, count)
    .map((w) => (w >= 2 ** 30 ? 4 : 0));
  assert.equal([...new Float32Array(await read(y, count * 4))], expected);
  [x, y].forEach(release);
});

test('dropout’s gradient passes where its output did; another call has another mask', async () => {
  manualSeed(5);
  using _ = scope();
  const x = tensor(new Float32Array(4096).fill(1), { requiresGrad: true });
  const y = dropout(x, 0.5);
  sum(y).backward();
  const [first, gradient, second] = await Promise.all([y.data(), x.grad!.data(), dropout(x, 0.5).data()]);
  assert.equal(gradient, first);
  assert.not.equal(second, first);
  const kept = first.filter((v) => v !== 0).length;
  assert.ok(Math.abs(kept - 2048) < 200, `${kept} of 4096 kept`);
});

test('dropout passes through in evaluation and at 0, and refuses what is no probability', async () => {
  using _ = scope();
  const x = tensor([1, 2, 3]);
  assert.equal(await dropout(x, 0.9, { training: false }).data(), await x.data());
  assert.equal(await dropout(x, 0).data(), await x.data());
  for (const p of [-0.1, 1.1, Number.NaN])
    assert.throws(() => dropout(x, p), /dropout: p is a probability, from 0 to 1/);
});

test('moments of uniform and normal numbers; the same seed gives the same', async () => {
  const moments = (values: ArrayLike<number>) => {
    let [mean, square] = [0, 0];
    for (let i = 0; i < values.length; i++) {
      mean += values[i] / values.length;
      square += values[i] ** 2 / values.length;
    }
    return [mean, Math.sqrt(square - mean * mean)];
  };
  using _ = scope();
  manualSeed(11);
  const u = await uniform([100_000], -1, 3).data();
  const n = await normal([100_000], 2, 0.5).data();
  manualSeed(11);
  assert.equal(await uniform([100_000], -1, 3).data(), u);
  const near = { scale: 1e4 }; // sampling error, not rounding
  assertClose(moments(u), [1, 4 / Math.sqrt(12)], near);
  assertClose(moments(n), [2, 0.5], near);
  assert.ok(n.every((v) => Number.isFinite(v)));
});

test.run();
