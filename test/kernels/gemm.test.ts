// GEMM against float64 sums: all variants, all orientations, sizes around the tiles, and what is cut into windows.
import * as assert from 'uvu/assert';
import { bindingLimit } from '../../src/device/windows.js';
import { empty, scope, tensor } from '../../src/index.js';
import { type GemmSize, gemm } from '../../src/kernels/gemm.js';
import { choosingTilings, forceVariant, type Variant } from '../../src/kernels/tile.js';
import { useDevice, withBindingLimit } from '../support/device.js';
import { gemmReference, orientations } from '../support/gemms.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';
import { useVariant, variants } from '../support/variants.js';

const test = suite('kernels/gemm');
test.before(useDevice);
test.after(() => forceVariant(null));

interface Extras {
  bias?: boolean;
  what: string;
}

/** Runs one product on seeded numbers and compares it. */
async function check(size: GemmSize, { bias = false, what }: Extras): Promise<void> {
  using _ = scope();
  const { m, n, k, batch = 1, aBatch = m * k, bBatch = k * n } = size;
  const a = seeded(Math.max(aBatch * batch, m * k), 1);
  const b = seeded(Math.max(bBatch * batch, k * n), 2);
  const c = seeded(batch * m * n, 3);
  const v = seeded(n, 4);
  const y = tensor(c);
  gemm(tensor(a).buffer, tensor(b).buffer, y.buffer, size, bias ? tensor(v).buffer : null);
  const expected = gemmReference(a, b, size, bias ? v : undefined, size.accumulate ? c : undefined);
  assertClose((await y.data()) as Float32Array, expected, { terms: k, what });
}

const sizes = [
  [1, 1, 1],
  [7, 63, 5],
  [8, 64, 16],
  [9, 65, 17],
  [15, 127, 31],
  [17, 129, 3],
  [1, 257, 37],
  [131, 1, 29],
  [13, 11, 1021],
  [31, 36, 8],
  [33, 132, 20],
  [65, 260, 12],
] as const;

/** 'shared' compiles a kernel for each alignment, which takes a software adapter more than a second: one size of each. */
const sizesFor = (variant: Variant) => (variant === 'shared' ? [sizes[0], sizes[8], sizes[9], sizes[10]] : sizes);

for (const variant of variants) {
  for (const [name, orientation] of orientations) {
    test(`${variant} ${name}: around the tile's edges, with and without bias, accumulating`, async () => {
      useVariant(variant);
      for (const [m, n, k] of sizesFor(variant)) {
        const size = { m, n, k, ...orientation };
        if (variant !== 'shared' || n === 36) await check(size, { what: `${m}x${n}x${k}` });
        await check({ ...size, accumulate: true }, { bias: true, what: `${m}x${n}x${k} accumulating` });
      }
    });

    if (variant === 'shared' && name !== 'NN') continue; // cutting is the launcher's, whatever the variant
    test(`${variant} ${name}: operands above the binding limit are cut along m, n and k`, async () => {
      useVariant(variant);
      await withBindingLimit(2304, async () => {
        if (variant !== 'shared') {
          await check({ m: 3, n: 400, k: 70, ...orientation }, { bias: true, what: 'wide' });
          await check({ m: 300, n: 5, k: 90, ...orientation }, { bias: true, what: 'tall' });
        }
        await check({ m: 33, n: 31, k: 200, ...orientation, accumulate: true }, { bias: true, what: 'deep' });
      });
    });
  }

  test(`${variant}: batches, with a shared operand on either side, in windows too`, async () => {
    useVariant(variant);
    const size = { m: 5, n: 9, k: 7, batch: 6 };
    for (const limit of variant === 'shared' ? [bindingLimit()] : [bindingLimit(), 1024]) {
      await withBindingLimit(limit, async () => {
        await check(size, { what: 'apart' });
        await check({ ...size, m: 17, n: 18, k: 19 }, { bias: true, what: 'one product above the limit' });
        await check({ ...size, aBatch: 0 }, { what: 'a shared' });
        await check({ ...size, bBatch: 0, transB: true }, { what: 'b shared' });
        await check(
          { ...size, transA: true, aBatch: 0, accumulate: true },
          { bias: true, what: 'a shared, transposed' },
        );
      });
    }
  });

  test(`${variant}: NaN and infinity reach the sums that they are part of, and no others`, async () => {
    useVariant(variant);
    using _ = scope();
    const [m, n, k] = [35, 38, 21];
    const a = seeded(m * k, 1);
    const b = seeded(k * n, 2);
    a[3 * k + k - 1] = Number.NaN; // the last along k
    a[(m - 1) * k] = Number.POSITIVE_INFINITY; // the first, in the last row
    b[(k - 1) * n + n - 1] = Number.NEGATIVE_INFINITY; // the last of all
    b.fill(0, (k - 2) * n, (k - 2) * n + 5);
    a[7 * k + k - 2] = Number.POSITIVE_INFINITY; // times 0
    const y = empty([m, n]);
    gemm(tensor(a).buffer, tensor(b).buffer, y.buffer, { m, n, k });
    const kind = (v: number) => (Number.isFinite(v) ? 'finite' : String(v));
    assert.equal(Array.from(await y.data(), kind), Array.from(gemmReference(a, b, { m, n, k }), kind));
  });

  test(`${variant}: more than 65,535 groups`, async () => {
    useVariant(variant);
    using _ = scope();
    const [m, n] = variant === 'plain' ? [2051, 2053] : [1, 2_200_003];
    const a = seeded(m, 1);
    const b = seeded(n, 2);
    const y = empty([m, n]);
    const product = () => gemm(tensor(a).buffer, tensor(b).buffer, y.buffer, { m, n, k: 1 });
    if (variant === 'shared') choosingTilings((_, all) => all.find((t) => t.groups > 65_535)!, product);
    else product();
    const c = await y.data();
    let wrong = 0;
    for (let i = 0; i < c.length; i++) {
      if (c[i] !== Math.fround(a[Math.floor(i / n)] * b[i % n])) wrong++;
    }
    assert.is(wrong, 0);
  });
}

test('a weight of more than 128 MiB, and its gradient, as in the first dense layer of AlexNet', async () => {
  forceVariant(null);
  using _ = scope();
  const [rows, out, features] = [2, 3700, 9216];
  const stripe = seeded(features, 1); // row o of the weight is the stripe times 1 + o % 3
  const weight = new Float32Array(out * features);
  for (let o = 0; o < out; o++)
    weight.set(
      o < 3 ? stripe.map((w) => w * (1 + o)) : weight.subarray((o % 3) * features, ((o % 3) + 1) * features),
      o * features,
    );
  const x = seeded(rows * features, 2);
  const dy = seeded(rows * out, 3);
  const dots = gemmReference(x, stripe, { m: rows, n: 1, k: features, transB: true });
  const w = tensor(weight);
  const xs = tensor(x);
  const dys = tensor(dy);
  const y = empty([rows, out]);
  gemm(xs.buffer, w.buffer, y.buffer, { m: rows, n: out, k: features, transB: true });
  const expected = Float64Array.from(
    { length: rows * out },
    (_, i) => dots[Math.floor(i / out)] * (1 + ((i % out) % 3)),
  );
  assertClose((await y.data()) as Float32Array, expected, { terms: features, what: 'y' });

  const dx = empty([rows, features]);
  gemm(dys.buffer, w.buffer, dx.buffer, { m: rows, n: features, k: out });
  const sums = [0, 1].map((r) => dy.subarray(r * out, (r + 1) * out).reduce((sum, d, o) => sum + d * (1 + (o % 3)), 0));
  const expectedDx = Float64Array.from(
    { length: rows * features },
    (_, i) => sums[Math.floor(i / features)] * stripe[i % features],
  );
  assertClose((await dx.data()) as Float32Array, expectedDx, { terms: out, what: 'dx', scale: Math.sqrt(out) });

  gemm(dys.buffer, xs.buffer, w.buffer, { m: out, n: features, k: rows, transA: true });
  const dw = await w.data();
  for (const o of [0, 1, 1000, 3639, 3640, out - 1]) {
    const row = dw.subarray(o * features, (o + 1) * features) as Float32Array;
    const expectedRow = Float64Array.from(row, (_, i) => dy[o] * x[i] + dy[out + o] * x[features + i]);
    assertClose(row, expectedRow, { terms: rows, what: `dweight row ${o}` });
  }
});

test.run();
