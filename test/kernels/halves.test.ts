// Halves made and read by the device are the host's, to the bit: at every half and between all neighbours, for what is none, at awkward counts.
import * as assert from 'uvu/assert';
import { read, release, scratch, upload } from '../../src/device/commands.js';
import { fromHalf, fromHalves, toHalves } from '../../src/half.js';
import { packHalves, sumHalves, unpackHalves, wordsOfHalves } from '../../src/kernels/halves.js';
import { useDevice, withBindingLimit } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('kernels/halves');
test.before(useDevice);

async function packed(values: Float32Array): Promise<Uint16Array> {
  const [x, y] = [scratch(values.length, 'x'), scratch(wordsOfHalves(values.length), 'y')];
  upload(x, values);
  packHalves(x, y, values.length);
  const bytes = await read(y, 2 * values.length);
  for (const buffer of [x, y]) release(buffer);
  return new Uint16Array(bytes);
}

/** An even number of halves. */
async function unpacked(halves: Uint16Array, count = halves.length): Promise<Float32Array> {
  const [x, y] = [scratch(wordsOfHalves(count), 'x'), scratch(count, 'y')];
  upload(x, halves);
  unpackHalves(x, y, count);
  const bytes = await read(y, 4 * count);
  for (const buffer of [x, y]) release(buffer);
  return new Float32Array(bytes);
}

const hex = (bits: number | undefined) => `0x${bits?.toString(16)}`;

function assertHalves(made: Uint16Array, values: Float32Array): void {
  const words = new Uint32Array(values.buffer, 0, values.length);
  const wanted = toHalves(values);
  assert.is(made.length, wanted.length);
  const wrong = wanted.findIndex((half, i) => made[i] !== half);
  assert.is(wrong, -1, `of ${hex(words[wrong])}: ${hex(made[wrong])}, not ${hex(wanted[wrong])}`);
}

/** Floats by their bits, so that no NaN is changed on the way. */
const withBits = (words: number[]) => new Float32Array(Uint32Array.from(words).buffer);

test('every half, the middle of every two, and the floats next to them', async () => {
  const low = Float32Array.from({ length: 0x7c00 }, (_, bits) => fromHalf(bits));
  const middle = low.map((v, bits) => (bits < 0x7bff ? (v + low[bits + 1]) / 2 : 65520));
  const words: number[] = [];
  for (const near of [low, middle]) {
    for (const word of new Uint32Array(near.buffer)) {
      for (const next of [word - 1, word, word + 1]) if (next >= 0) words.push(next, next + 2 ** 31);
    }
  }
  const values = withBits(words);
  assertHalves(await packed(values), values);
});

test('what is too small, too large, infinite or no number', async () => {
  const words = [
    ...[0, 1, 0x7fffff, 0x800000, 0x32ffffff, 0x33000000, 0x33000001, 0x387fffff], // to 2^-25, and to 2^-14
    ...[0x477fefff, 0x477ff000, 0x47800000, 0x7f7fffff, 0x7f800000], // around 65520, the largest, infinity
    ...[0x7f800001, 0x7fbfffff, 0x7fc00000, 0x7fffffff],
  ];
  const values = withBits(words.flatMap((word) => [word, word + 2 ** 31]));
  assertHalves(await packed(values), values);
  assert.equal([...(await packed(values)).slice(-10)], [0x7c00, 0xfc00, 0x7e00, 0xfe00, 0x7e00, 0xfe00, 0x7e00, 0xfe00, 0x7e00, 0xfe00]); // biome-ignore format: one line
});

test('every half is the number that it stands for', async () => {
  const halves = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const made = await unpacked(halves);
  const wanted = fromHalves(halves);
  const wrong = wanted.findIndex((value, i) => !Object.is(made[i], value)); // -0 is not 0, NaN is NaN
  assert.is(wrong, -1, `${hex(wrong)}: ${made[wrong]}, not ${wanted[wrong]}`);
});

test('no numbers, one, around a thread and a group, and in windows', async () => {
  const sizes = [0, 1, 2, 3, 4, 5, 7, 251, 255, 256, 257, 1021];
  for (const limit of [undefined, 1024, 4096]) {
    for (const size of limit ? [...sizes, 3001] : sizes) {
      const values = seeded(size, size + 1, 100);
      const bothWays = async () => {
        const halves = await packed(values);
        assertHalves(halves, values);
        const whole = new Uint16Array(2 * wordsOfHalves(size));
        whole.set(halves);
        assert.equal(await unpacked(whole, size), fromHalves(halves));
      };
      await (limit ? withBindingLimit(limit, bothWays) : bothWays());
    }
  }
});

test('parts are added up in f32, in their order', async () => {
  for (const limit of [undefined, 1024, 4096]) {
    for (const parts of [1, 2, 5]) {
      for (const count of [0, 4, 252, 260, 1024, 3004]) {
        const halves = toHalves(seeded(parts * count, count + 1, 60_000));
        if (count > 0) for (let part = 0; part < parts; part++) halves.set([0x8000, 0x7c00, 0xfbff, 1], part * count); // -0, infinity, -65504, the smallest
        const [x, y] = [scratch(wordsOfHalves(parts * count), 'x'), scratch(count, 'y')];
        upload(x, halves);
        const sum = () => sumHalves(x, y, count, parts);
        await (limit ? withBindingLimit(limit, sum) : sum());
        const sums = new Float32Array(await read(y, 4 * count));
        for (const buffer of [x, y]) release(buffer);
        const wanted = fromHalves(halves.subarray(0, count));
        for (let i = count; i < halves.length; i++) wanted[i % count] += fromHalf(halves[i]);
        assert.equal(sums, wanted, `${parts} parts of ${count}`);
        if (count > 0) assert.ok(Object.is(sums[0], -0));
      }
    }
  }
});

test.run();
