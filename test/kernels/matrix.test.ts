// Products and convolutions of halves by the GPU's matrix units against float64 sums of the same halves: awkward sizes and values, all layouts,
// every tile, both spellings of WGSL's matrices. `npm run test:mesa26 -- matrix` has an adapter with them on any machine.
import * as assert from 'uvu/assert';
import { activeRecorder } from '../../src/device/current.js';
import { inFirstSpelling, MATRICES } from '../../src/device/matrices.js';
import { specialize } from '../../src/device/pipeline.js';
import { fromHalves, toHalves } from '../../src/half.js';
import { empty, scope, type Tensor, tensor } from '../../src/index.js';
import { type ConvSize, conv2dForward, conv2dGradInput, conv2dGradWeight } from '../../src/kernels/conv2d.js';
import { type GemmSize, gemm } from '../../src/kernels/gemm.js';
import { matrixTilings } from '../../src/kernels/matrix-tile.js';
import { tilingName } from '../../src/kernels/product.js';
import { gemm_matrix } from '../../src/kernels/sources.gen.js';
import { choosingTilings, forceVariant } from '../../src/kernels/tile.js';
import { convCases, convReference, convSize } from '../support/convolutions.js';
import { useDevice, withBindingLimit } from '../support/device.js';
import { gemmReference, orientations } from '../support/gemms.js';
import { seeded } from '../support/random.js';
import { Skip, suite } from '../support/suite.js';
import { allowance, assertClose, largest } from '../support/tolerance.js';
import { useVariant } from '../support/variants.js';

const test = suite('kernels/matrix');
test.before(useDevice);
test.before(() => {
  useVariant('matrix');
  if (matrixTilings({ rows: 1, columns: 1, depth: 1, elementBytes: 2 }).length === 0)
    throw new Skip('the device multiplies no matrices of halves');
});
test.after(() => forceVariant(null));

type Float = 'f16' | 'f32';

/** Numbers as halves hold them. */
const halves = (count: number, seed: number, scale = 1) => fromHalves(toHalves(seeded(count, seed, scale)));
const half = (values: Float32Array) => tensor(values, { dtype: 'f16' });

/** What sums of `terms` products may be off by, and what rounding them to their type adds. */
function allowed(expected: Float64Array, terms: number, dtype: Float): Float64Array {
  const sums = allowance(largest(expected), terms);
  return expected.map((value) => sums + (dtype === 'f16' ? Math.abs(value) * 2 ** -11 + 2 ** -25 : 0));
}

async function compare(y: Tensor, expected: Float64Array, terms: number, what: string): Promise<void> {
  const limits = allowed(expected, terms, y.dtype as Float);
  assertClose((await y.data()) as Float32Array, expected, { allowed: limits, what: `${what} in ${y.dtype}` });
}

interface Extras {
  what: string;
  /** Of C and the bias. */
  dtype?: Float;
  bias?: boolean;
}

async function checkGemm(size: GemmSize, { what, dtype = 'f32', bias = false }: Extras): Promise<void> {
  using _ = scope();
  const { m, n, k, batch = 1, aBatch = m * k, bBatch = k * n } = size;
  const a = halves(Math.max(aBatch * batch, m * k), 1);
  const b = halves(Math.max(bBatch * batch, k * n), 2);
  const c = halves(batch * m * n, 3);
  const v = halves(n, 4);
  const y = tensor(c, { dtype });
  gemm(half(a).buffer, half(b).buffer, y.buffer, size, bias ? tensor(v, { dtype }).buffer : null);
  await compare(y, gemmReference(a, b, size, bias ? v : undefined, size.accumulate ? c : undefined), k, what);
}

async function checkConv(s: ConvSize, what: string): Promise<void> {
  using _ = scope();
  const area = s.kernelHeight * s.kernelWidth;
  const plane = s.outHeight * s.outWidth;
  const [channels, rows] = [s.inChannels / s.groups, s.outChannels / s.groups];
  const x = halves(s.batch * s.inChannels * s.inHeight * s.inWidth, 1);
  const weight = halves(s.outChannels * channels * area, 2);
  const bias = halves(s.outChannels, 3);
  const dy = halves(s.batch * s.outChannels * plane, 4);
  const expected = convReference(s, { x, weight, bias, dy });
  const gpu = { x: half(x).buffer, weight: half(weight).buffer, bias: half(bias).buffer, dy: half(dy).buffer };
  const [y, dx, dweight] = [dy, x, weight].map(({ length }) => empty([length], 'f16'));
  conv2dForward(gpu.x, gpu.weight, gpu.bias, y.buffer, s);
  conv2dGradInput(gpu.dy, gpu.weight, dx.buffer, s);
  conv2dGradWeight(gpu.x, gpu.dy, dweight.buffer, s);
  await compare(y, expected.y, channels * area, `${what}: y`);
  await compare(dx, expected.dx, rows * area, `${what}: dx`);
  await compare(dweight, expected.dweight, s.batch * plane, `${what}: dweight`);
}

/** Matrices are of 8 or 16, the smallest tiles of 16 or 32, a step along k of 32 or 64. */
const sizes = [
  [1, 1, 1],
  [16, 16, 64],
  [15, 31, 7],
  [17, 33, 63],
  [33, 17, 65],
  [31, 20, 0],
  [24, 40, 40],
  [13, 11, 1021],
  [72, 68, 24],
] as const;

for (const [name, orientation] of orientations) {
  test(`${name}: sizes around matrices, tiles and steps, with and without bias, accumulating, of both types`, async () => {
    for (const [m, n, k] of sizes) {
      const [size, what] = [{ m, n, k, ...orientation }, `${m}x${n}x${k}`];
      await checkGemm(size, { what });
      const more = m % 2 === 0; // each is a kernel more to compile
      if (more)
        await checkGemm({ ...size, accumulate: true }, { what: `${what} accumulating`, dtype: 'f16', bias: true });
    }
  });

  if (name === 'NN' || name === 'TT') continue; // both operands both ways in the others
  test(`${name}: every tile`, async () => {
    for (const tile of matrixTilings({ rows: 1, columns: 1, depth: 1, elementBytes: 2 })) {
      const name = tilingName(tile);
      const choose = () => checkGemm({ m: 131, n: 72, k: 200, ...orientation }, { what: name, dtype: 'f16' });
      await choosingTilings((_, all) => all.find((one) => tilingName(one) === name)!, choose);
    }
  });

  test(`${name}: operands above the binding limit are cut along m, n and k`, async () => {
    await withBindingLimit(2048, async () => {
      await checkGemm({ m: 33, n: 31, k: 200, ...orientation, accumulate: true }, { bias: true, what: 'deep' });
    });
  });
}

test('batches, with a shared operand on either side', async () => {
  const size = { m: 5, n: 9, k: 7, batch: 6 };
  await checkGemm(size, { what: 'apart' });
  await checkGemm({ ...size, m: 8, n: 16, k: 24 }, { what: 'aligned', dtype: 'f16', bias: true });
  await checkGemm({ ...size, aBatch: 0 }, { what: 'a shared' });
  await checkGemm({ ...size, bBatch: 0, transB: true }, { what: 'b shared' });
  await checkGemm({ ...size, transA: true, aBatch: 0, accumulate: true }, { what: 'a shared, transposed', bias: true });
});

test('a long sum is cut into slices, and gives the same bits each time', async () => {
  using _ = scope();
  const [m, n, k] = [16, 24, 4096];
  const product = { rows: m, columns: n, depth: k, splits: true, elementBytes: 2 } as const;
  assert.ok(matrixTilings(product)[0].slices > 1, 'slices');
  const [a, b] = [halves(m * k, 1), halves(k * n, 2)];
  const runs: Float32Array[] = [];
  for (let i = 0; i < 2; i++) {
    const y = empty([m, n], 'f16');
    gemm(half(a).buffer, half(b).buffer, y.buffer, { m, n, k });
    await compare(y, gemmReference(a, b, { m, n, k }), k, 'sliced');
    runs.push((await y.data()) as Float32Array);
  }
  assert.equal(runs[1], runs[0]);
});

test('NaN and infinity reach the sums that they are part of, and no others', async () => {
  using _ = scope();
  const [m, n, k] = [35, 38, 21];
  const [a, b] = [halves(m * k, 1), halves(k * n, 2)];
  a[3 * k + k - 1] = Number.NaN; // the last along k
  a[(m - 1) * k] = Number.POSITIVE_INFINITY; // the first, in the last row
  b[(k - 1) * n + n - 1] = Number.NEGATIVE_INFINITY; // the last of all
  b.fill(0, (k - 2) * n, (k - 2) * n + 5);
  a[7 * k + k - 2] = Number.POSITIVE_INFINITY; // times 0
  const y = empty([m, n]);
  gemm(half(a).buffer, half(b).buffer, y.buffer, { m, n, k });
  const kind = (v: number) => (Number.isFinite(v) ? 'finite' : String(v));
  assert.equal(Array.from(await y.data(), kind), Array.from(gemmReference(a, b, { m, n, k }), kind));
});

test('large and small halves: sums pass what a half holds, and results are infinite only where they are too large', async () => {
  using _ = scope();
  const [m, n, k] = [9, 8, 64];
  const a = fromHalves(toHalves(Array.from({ length: m * k }, (_, i) => (i < (m - 1) * k ? 65504 : 2 ** -24))));
  const b = fromHalves(
    toHalves(Array.from({ length: k * n }, (_, i) => (Math.floor(i / n) % 2 ? -1 : 1 + (i % n) / 64))),
  );
  const expected = gemmReference(a, b, { m, n, k });
  const y = empty([m, n], 'f32');
  gemm(half(a).buffer, half(b).buffer, y.buffer, { m, n, k });
  await compare(y, expected, k, 'in f32');
  const rounded = empty([m, n], 'f16');
  gemm(half(a).buffer, half(b).buffer, rounded.buffer, { m, n, k });
  assert.ok(
    expected.some((v) => v > 65520) && expected.some((v) => v <= 65504 && v > 60000),
    'both sides of the largest half',
  );
  await compare(rounded, fromFloats(expected), k, 'in halves');
});

/** What halves make of numbers: infinity of those that are too large. */
const fromFloats = (values: Float64Array) => Float64Array.from(fromHalves(toHalves(values)));

for (const [name, given] of Object.entries(convCases)) {
  test(`convolution, ${name}`, () => checkConv(convSize(given), name));
}

test('convolution: planes of four pixels, channels of eight and one more', async () => {
  const kernel = { kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1 };
  for (const inChannels of [8, 9]) {
    const size = { batch: 2, inChannels, inHeight: 8, inWidth: 6, outChannels: 17 - inChannels, ...kernel };
    await checkConv(convSize(size), `${inChannels} channels`);
  }
});

test('convolution: activations above the binding limit are walked image by image', async () => {
  const shape = { batch: 7, inChannels: 4, inHeight: 9, inWidth: 7, outChannels: 6, padTop: 1, padLeft: 1, groups: 2 };
  await withBindingLimit(8192, () =>
    checkConv(convSize({ ...shape, kernelHeight: 3, kernelWidth: 3 }), 'image by image'),
  );
});

test('convolution: the largest tile and the smallest', async () => {
  const s = convSize({
    batch: 3,
    inChannels: 16,
    inHeight: 9,
    inWidth: 9,
    outChannels: 40,
    kernelHeight: 3,
    kernelWidth: 3,
  });
  for (const at of [0, -1]) {
    await choosingTilings(
      (_, all) => [...all].sort((a, b) => a.groups - b.groups).at(at)!,
      () => checkConv(s, at === 0 ? 'largest' : 'smallest'),
    );
  }
});

test('browsers that know matrices by their first names get the same numbers', async () => {
  const { pipelines } = activeRecorder().host;
  const before = pipelines.firstSpelling;
  pipelines.firstSpelling = true;
  try {
    for (const size of [{ transA: true }, { transB: true }]) {
      await checkGemm({ m: 20, n: 24, k: 72, ...size }, { what: JSON.stringify(size), dtype: 'f16', bias: true });
    }
  } finally {
    pipelines.firstSpelling = before;
  }
});

test('the first spelling has the order of a matrix behind its place', () => {
  const now = `let a = subgroupMatrixLoad<subgroup_matrix_left<f16, K, M>, row_major>(&tile[i], f(i, 0u), A_LINE);
    b[i] = subgroupMatrixLoad<subgroup_matrix_right<f16, N, K>, col_major>(&tile, at + min(i, j), 8u);
    subgroupMatrixStore<row_major>(&tile, 0u, sum[i * 2u], N);
    sum = subgroupMatrixMultiplyAccumulate(a, b[i], sum);`;
  const first = `let a = subgroupMatrixLoad<subgroup_matrix_left<f16, K, M>>(&tile[i], f(i, 0u), false, A_LINE);
    b[i] = subgroupMatrixLoad<subgroup_matrix_right<f16, N, K>>(&tile, at + min(i, j), true, 8u);
    subgroupMatrixStore(&tile, 0u, sum[i * 2u], false, N);
    sum = subgroupMatrixMultiplyAccumulate(a, b[i], sum);`;
  assert.is(inFirstSpelling(now), first);
});

test('with matrices of f32, as on Apple’s GPUs, the same kernel is valid WGSL', async () => {
  const { device } = activeRecorder().host;
  assert.ok(device.features.has(MATRICES));
  const numbers = { Part: 'f32', PARTS: 4, part: 'bitcast<vec4f>(chunk)[i]' };
  for (const code of [gemm_matrix.code, inFirstSpelling(specialize(gemm_matrix, numbers))]) {
    const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
    const errors = messages.filter(({ type }) => type === 'error').map(({ message }) => message);
    assert.equal(errors, []);
  }
});

test.run();
