// The kernels whose lanes share a row, a plane or a batch, against those with a thread for each: lengths around the lanes'
// number, more rows than a grid is wide, special values in any lane's reach, and sums against float64.
import * as assert from 'uvu/assert';
import { read, release, scratch, upload } from '../../src/device/commands.js';
import type { GpuBuffer } from '../../src/device/pool.js';
import * as w from '../../src/index.js';
import { channelSum } from '../../src/kernels/channel-sum.js';
import { lanesFor, shareSums } from '../../src/kernels/lanes.js';
import { pad2d } from '../../src/kernels/pad2d.js';
import { sumSlices } from '../../src/kernels/sum-slices.js';
import { forceVariant, type Variant } from '../../src/kernels/tile.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('kernels/lanes');
test.before(useDevice);
test.after(() => forceVariant(null));

/** Rows have 64 to 256 lanes. */
const LENGTHS = [2, 63, 64, 65, 257, 1031];

/** Numbers of `rows` rows, no row and no column nearly constant: there a batch norm's gradient is but rounding. */
function numbers(rows: number, length: number): Float32Array {
  return seeded(rows * length, rows + length).map((v, i) => v / 4 + ((Math.floor(i / length) + (i % length)) % 3));
}

/** What an op gives for x (rows, length), and its gradient. */
type Op = (x: w.Tensor) => w.Tensor;

const targets = (rows: number, classes: number) =>
  w.tensor(
    Int32Array.from({ length: rows }, (_, i) => (i % 3 === 2 ? -1 : (i * 7919) % classes)),
    { dtype: 'i32' },
  );
const each = { reduction: 'none', ignoreIndex: -1 } as const;
/** A weight for each class, 0 to 1.5. */
const uneven = (x: w.Tensor) => w.tensor(Float32Array.from({ length: x.shape[1] }, (_, c) => (c % 4) / 2));
const plane = (x: w.Tensor) => w.reshape(x, [...x.shape, 1]);
const OPS: Record<string, Op> = {
  sum: (x) => w.sum(x, 1),
  mean: (x) => w.mean(x, 1),
  'sum of columns': (x) => w.sum(x, 0),
  amax: (x) => w.amax(x, 1),
  amin: (x) => w.amin(x, 1),
  'amax of columns': (x) => w.amax(x, 0),
  softmax: (x) => w.softmax(x, 1),
  logSoftmax: (x) => w.logSoftmax(x, 1),
  crossEntropy: (x) => w.crossEntropy(x, targets(x.shape[0], x.shape[1]), each),
  'crossEntropy, smoothed': (x) => w.crossEntropy(x, targets(x.shape[0], x.shape[1]), { ...each, labelSmoothing: 0.1 }),
  'crossEntropy, weighted': (x) => w.crossEntropy(x, targets(x.shape[0], x.shape[1]), { ...each, weight: uneven(x) }),
  'crossEntropy, weighted and smoothed': (x) =>
    w.crossEntropy(x, targets(x.shape[0], x.shape[1]), { ...each, labelSmoothing: 0.1, weight: uneven(x) }),
  'batchNorm of planes': (x) => normalized(plane(w.unsqueeze(x, 0))),
  'batchNorm of a batch': (x) => normalized(x),
};

function normalized(x: w.Tensor): w.Tensor {
  const channels = [x.shape[1]];
  return w.batchNorm(x, w.zeros(channels), w.ones(channels), w.ones(channels), w.zeros(channels), { training: true });
}

/** y and dx with a variant. */
async function results(variant: Variant, op: Op, values: Float32Array, shape: number[]): Promise<Float32Array[]> {
  forceVariant(variant);
  const step = w.scope();
  const x = w.tensor(values, { shape, requiresGrad: true });
  const y = op(x);
  y.backward(w.tensor(seeded(y.size, 3), { shape: y.shape }));
  const read = [y.data(), x.grad!.data()];
  step.close();
  const data = (await Promise.all(read)) as Float32Array[];
  x.grad!.dispose();
  return data;
}

async function compare(name: string, op: Op, values: Float32Array, shape: number[]): Promise<void> {
  const actual = await results('shared', op, values, shape); // first: what the other leaves in a reused buffer would hide what is not written
  const expected = await results('plain', op, values, shape);
  const terms = Math.max(64, shape[1]);
  for (const i of [0, 1]) {
    const scale = expected[i].map((v) => (Number.isFinite(v) ? Math.max(Math.abs(v), 0.2) : 0));
    assertClose(actual[i], expected[i], { what: `${name} of ${shape}, ${i === 0 ? 'y' : 'dx'}`, terms, scale });
  }
}

for (const [name, op] of Object.entries(OPS)) {
  test(`${name}: rows around the lanes' number`, async () => {
    for (const length of LENGTHS) {
      await compare(name, op, numbers(3, length), [3, length]);
    }
  });

  test(`${name}: special values, in the first lane's reach, the last one's and between`, async () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    const special = [nan, infinity, -infinity, -0, 3e38, 1e-30];
    const [places, length] = [[0, 63, 64, 128], 129];
    const shape = [special.length * places.length, length];
    const values = numbers(shape[0], length);
    special.forEach((value, s) => {
      places.forEach((place, i) => {
        values[(s * places.length + i) * length + place] = value;
      });
    });
    await compare(name, op, values, shape);
  });
}

for (const name of ['sum', 'amax', 'softmax', 'crossEntropy', 'batchNorm of planes']) {
  test(`${name}: more rows than a grid is wide`, async () => {
    const shape = [65_539, 3];
    await compare(name, OPS[name], numbers(shape[0], shape[1]), shape);
  });
}

test('max pooling: several rows of blocks a workgroup', async () => {
  for (const [height, width, kernelSize, stride] of [
    [13, 13, 3, 2],
    [5, 1, 1, 1],
    [55, 55, 3, 2],
    [7, 131, 2, 1],
    [6, 300, 5, 3],
  ]) {
    const shape = [1, 3, height, width];
    const pooled: Op = (x) => w.maxPool2d(x, { kernelSize, stride });
    const values = seeded(3 * height * width, width);
    const [, shared] = await results('shared', pooled, values, shape);
    const [, plain] = await results('plain', pooled, values, shape);
    assertClose(shared, plain, { what: `${shape}`, terms: 9 });
  }
});

test('argmax and argmin: the first of equals and the first NaN, wherever they lie', async () => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  for (const length of [1, 2, 64, 65, 257, 1031]) {
    const rows = Array.from({ length: 40 }, (_, row) =>
      Array.from(numbers(1, length), (v) => Math.round(v * (row + 1))),
    );
    for (const [row, values] of rows.entries()) {
      const [a, b] = [(row * 67) % length, (row * 31 + 64) % length];
      if (row % 4 === 1) values[a] = values[b] = nan;
      if (row % 4 === 2) values[a] = values[b] = row % 8 === 2 ? infinity : -infinity;
    }
    const expected = (better: (a: number, b: number) => boolean) =>
      rows.map((row) => {
        const places = row.map((_, i) => i);
        const notANumber = row.findIndex(Number.isNaN);
        return notANumber >= 0 ? notANumber : places.reduce((best, i) => (better(row[i], row[best]) ? i : best));
      });
    forceVariant('shared');
    using _ = w.scope();
    const x = w.tensor(rows.flat(), { shape: [rows.length, length] });
    assert.equal(
      [...(await w.argmax(x, 1).data())],
      expected((a, b) => a > b),
      `argmax of ${length}`,
    );
    assert.equal(
      [...(await w.argmin(x, 1).data())],
      expected((a, b) => a < b),
      `argmin of ${length}`,
    );
  }
});

test('a sum keeps what rounding takes: against float64', async () => {
  forceVariant('shared');
  for (const length of [1, ...LENGTHS, 4099, 100_000]) {
    const values = seeded(length, length).map((v, i) => v + (i % 2 === 0 ? 4096 : -4096));
    const sum = values.reduce((a: number, b) => a + b, 0);
    using _ = w.scope();
    const actual = await w.sum(w.tensor(values)).item();
    const allowed = 1.2e-7 * Math.abs(sum) + 1e-6;
    assert.ok(Math.abs(actual - sum) <= allowed, `${length} numbers: ${actual}, expected ${sum}`);
    assert.is(await w.mean(w.full([length], 0.1)).item(), Math.fround(0.1), `the mean of ${length} equal numbers`);
  }
});

/** What `launch` leaves in a buffer of `count` numbers. */
async function left(
  values: Float32Array,
  count: number,
  launch: (x: GpuBuffer, y: GpuBuffer) => void,
): Promise<Float32Array> {
  const [x, y] = [scratch(values.length, 'x'), scratch(count, 'y')];
  upload(x, values);
  launch(x, y);
  const data = await read(y, count * 4);
  [x, y].forEach(release);
  return new Float32Array(data);
}

test('sums of channels and of slices, against float64', async () => {
  forceVariant('shared');
  const at = (n: number, stride: number, offset: number) => Array.from({ length: n }, (_, i) => i * stride + offset);
  for (const [batch, channels, plane] of [
    [1, 1, 1],
    [3, 5, 63],
    [2, 7, 169],
    [65, 9, 4099],
    [300, 17, 2],
  ]) {
    const values = seeded(batch * channels * plane, plane);
    const size = { batch, channels, plane };
    const sums = await left(values, channels, (x, y) => channelSum(x, y, size));
    const expected = at(channels, 1, 0).map((c) =>
      at(batch, channels, c).reduce((sum, n) => at(plane, 1, n * plane).reduce((s, i) => s + values[i], sum), 0),
    );
    assertClose(sums, expected, {
      what: `channels of ${batch}, ${channels}, ${plane}`,
      terms: Math.sqrt(values.length),
    });
    const [count, slices] = [channels * plane, batch];
    const added = await left(values, count, (x, y) => sumSlices(x, y, { count, slices }));
    const each = at(count, 1, 0).map((i) => at(slices, count, i).reduce((s, j) => s + values[j], 0));
    assertClose(added, each, { what: `${slices} slices of ${count}`, terms: 16 });
  }
});

test('planes in larger and smaller ones, with zeros around and between', async () => {
  for (const [planes, height, width, offset, step, toHeight, toWidth] of [
    [1, 1, 1, 0, 1, 1, 1],
    [3, 13, 13, 1, 1, 15, 15],
    [2, 27, 31, 2, 1, 31, 33],
    [5, 9, 7, 3, 2, 23, 20],
    [2, 11, 6, -2, 3, 19, 11],
    [70, 5, 130, -1, 1, 3, 128],
  ]) {
    const values = seeded(planes * height * width, width).map((v) => v + 3); // never zero
    const count = planes * toHeight * toWidth;
    const expected = Float32Array.from({ length: count }, (_, t) => {
      const [plane, i, j] = [Math.floor(t / toWidth / toHeight), Math.floor(t / toWidth) % toHeight, t % toWidth];
      const [row, column] = [(i - offset) / step, (j - offset) / step];
      const pixel = (at: number, side: number) => Number.isInteger(at) && at >= 0 && at < side;
      return pixel(row, height) && pixel(column, width) ? values[(plane * height + row) * width + column] : 0;
    });
    const size = { planes, from: { height, width }, to: { height: toHeight, width: toWidth } };
    const at = { offsetY: offset, offsetX: offset, stepY: step, stepX: step };
    for (const variant of ['plain', 'shared'] as const) {
      forceVariant(variant);
      const y = await left(values, count, (x, to) => pad2d(x, to, { ...size, ...at }));
      assert.equal(y, expected, `${variant}: ${planes} x ${height} x ${width} at ${offset}, steps of ${step}`);
    }
  }
});

test('a sum longer than 4096 goes through slices, of rows and of columns', async () => {
  forceVariant('shared');
  for (const [rows, length] of [
    [1, 20_011],
    [2, 9000],
    [9000, 2],
  ]) {
    using _ = w.scope();
    const values = seeded(rows * length, length);
    const x = w.tensor(values, { shape: [rows, length] });
    const dim = rows > length ? 0 : 1;
    const expected = Array.from({ length: Math.min(rows, length) }, (_, k) =>
      values.filter((_, i) => (dim === 1 ? Math.floor(i / length) : i % length) === k),
    );
    const sums = expected.map((row) => row.reduce((a, b) => a + b, 0));
    assertClose(await w.sum(x, dim).data(), sums, { what: `sum of ${rows} x ${length}`, scale: Math.sqrt(20_000) });
    const largest = expected.map((row) => Math.max(...row));
    assert.equal([...(await w.amax(x, dim).data())], largest);
  }
});

test('the rule: lanes on GPUs, for long rows; columns share when they are few', () => {
  forceVariant('plain');
  assert.equal([lanesFor(4096), shareSums(96, 128, 96)], [0, null]);
  forceVariant('shared');
  assert.equal([1, 169, 512, 513, 1000, 3025, 1e6].map(lanesFor), [64, 64, 64, 128, 128, 256, 256]);
  assert.equal(shareSums(12_288, 3025, 1), { LANES: 128, COLUMNS: 2, ALONG: 'true' });
  assert.equal(shareSums(49_152, 169, 1), { LANES: 32, COLUMNS: 8, ALONG: 'true' });
  assert.equal(shareSums(128, 1000, 1), { LANES: 256, COLUMNS: 1, ALONG: 'true' });
  assert.equal(shareSums(96, 128, 96), { LANES: 32, COLUMNS: 8, ALONG: 'false' });
  forceVariant(null);
  if (w.deviceInfo().software) assert.is(lanesFor(1e6), 0);
  else assert.equal([63, 64].map(lanesFor), [0, 64]);
});

test.run();
