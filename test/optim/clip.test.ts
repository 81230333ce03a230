import * as assert from 'uvu/assert';
import { hasHalf } from '../../src/autograd/autocast.js';
import {
  activity,
  clipGradNorm,
  clipGradValue,
  GradScaler,
  memory,
  parameter,
  SGD,
  scope,
  type Tensor,
  tensor,
} from '../../src/index.js';
import { fill } from '../../src/kernels/elementwise.js';
import { averageGradients } from '../../src/optim/gradients.js';
import { alias } from '../../src/tensor/tensor.js';
import { NO_HALF, useDevice, withBindingLimit } from '../support/device.js';
import { seeded } from '../support/random.js';
import { Skip, suite } from '../support/suite.js';
import { assertClose } from '../support/tolerance.js';

const test = suite('optim/clip');
test.before(useDevice);

function params(): ReturnType<typeof parameter>[] {
  const [a, b, frozen] = [parameter(tensor([0, 0])), parameter(tensor([0])), parameter(tensor([0]))];
  a.grad = tensor([3, 0]);
  b.grad = tensor([-4]);
  return [a, b, frozen];
}

test('a joint norm above the limit is scaled down, one below is left', async () => {
  const [a, b, frozen] = params();
  assertClose(await clipGradNorm([a, b, frozen], 1).data(), [5]);
  assertClose(await a.grad!.data(), [0.6, 0]);
  assertClose(await b.grad!.data(), [-0.8]);
  assertClose(await clipGradNorm([a, b], 10).data(), [1]);
  assertClose(await b.grad!.data(), [-0.8]);
  assert.is(frozen.grad, null);
});

test('single elements are kept within a limit', async () => {
  const [a, b] = params();
  clipGradValue([a, b], 2);
  assert.equal([...(await a.grad!.data()), ...(await b.grad!.data())], [2, 0, -2]);
});

test('groups have settings of their own; a parameter given twice is refused', async () => {
  const [a, b] = params();
  const optimizer = new SGD([{ params: [a] }, { params: [b], lr: 0.5 }], { lr: 0.1 });
  optimizer.step();
  assertClose(await a.data(), [-0.3, 0]);
  assertClose(await b.data(), [2]);
  assert.throws(() => new SGD([a, a], { lr: 1 }), /SGD: a parameter is given twice/);
  assert.throws(() => new SGD([], { lr: 1 }), /SGD: no parameters to optimize/);
});

/** Around a vec4, a memory's step, a slice of the sum, and what is joined. */
const SIZES = [1, 0, 3, 4, 5, 63, 64, 65, 127, 128, 129, 4095, 4096, 4097, 8191, 12289, 65536, 65537, 200_003, 2];

const many = (sizes = SIZES) => sizes.map((size) => parameter(tensor(new Float32Array(size))));

function giveGradients(params: readonly Tensor[], seed: number, factor = 1): Float32Array[] {
  return params.map((p, i) => {
    const values = seeded(p.size, 100 * seed + i + 1).map((v) => v * factor);
    p.grad = tensor(values);
    return values;
  });
}

const normOf = (all: readonly ArrayLike<number>[]) =>
  Math.sqrt(all.reduce((sum, values) => sum + Array.from(values).reduce((own, v) => own + v * v, 0), 0));

const gradientsOf = (params: readonly Tensor[]) => Promise.all(params.map(({ grad }) => grad!.data()));

function release(params: readonly Tensor[], ...others: { dispose(): void }[]): void {
  for (const t of [...params, ...params.flatMap(({ grad }) => grad ?? []), ...others]) t.dispose();
}

test('norms and gradients of many sizes are those of float64, in windows as well', async () => {
  for (const limit of [undefined, 65536]) {
    for (const factor of [1, 1e-12, 1e12]) {
      const params = many();
      const values = giveGradients(params, 1, factor);
      const norm = normOf(values);
      const clipped = () => clipGradNorm(params, norm / 3);
      const found = await (await (limit ? withBindingLimit(limit, clipped) : clipped())).item();
      assertClose([found], [norm], { terms: 1 });
      const expected = values.map((own) => own.map((v) => v * (norm / 3 / (norm + 1e-6))));
      for (const [i, own] of (await gradientsOf(params)).entries())
        assertClose(own, expected[i], { what: `gradient ${i}` });
      release(params);
    }
  }
});

test('a norm is the same to the bit wherever the gradients lie', async () => {
  const params = many([...SIZES.slice(0, 14), 70_000, 1000]);
  const groups = [{ params: params.filter((_, i) => i % 2 === 0) }, { params: params.filter((_, i) => i % 2 === 1) }];
  const rule = new SGD(groups, { lr: 0.1 });
  const scaler = new GradScaler({ initScale: 1 });
  const bitsOf = (values: Float32Array) => [...new Uint32Array(values.slice().buffer)];
  const clipped = async (seed: number, before: () => void = () => {}) => {
    giveGradients(params, seed);
    before();
    const norm = clipGradNorm(params, 1);
    const all = [await norm.data(), ...(await gradientsOf(params))];
    norm.dispose();
    return all.map(bitsOf);
  };
  const expected: number[][][] = [];
  for (let seed = 0; seed < 12; seed++) expected.push(await clipped(seed));
  rule.step(); // joins the parameters of each group, and from then on their gradients
  for (const [seed, bits] of expected.entries()) assert.equal(await clipped(seed), bits);
  assert.equal(await clipped(1, () => scaler.unscale(rule)), expected[1]);
  assert.equal(await clipped(2, () => clipGradValue(params, 10)), expected[2]);
  release(params, rule, scaler);
});

test('what lies between joined gradients is in no norm', async () => {
  const params = many([5, 63, 1000]);
  giveGradients(params, 1);
  clipGradValue(params, 1);
  const { root } = params[0].grad!.buffer;
  assert.ok(params.every(({ grad }) => grad!.buffer.root === root));
  fill(root, root.bytes / 4, Number.NaN, 'f32');
  const values = params.map((p, i) => seeded(p.size, i + 7));
  for (const [i, { grad }] of params.entries()) grad!.set(values[i]);
  assertClose([await clipGradNorm(params, Number.POSITIVE_INFINITY).item()], [normOf(values)], { terms: 1 });
  assert.equal(await gradientsOf(params), values);
  release(params);
});

test('a million equal numbers: the norm is right to the last bits', async () => {
  const params = many([1_000_003, 60_000]);
  for (const p of params) p.grad = tensor(new Float32Array(p.size).fill(0.1));
  const norm = Math.fround(0.1) * Math.sqrt(1_060_003);
  const found = await clipGradNorm(params, 1).item();
  assert.ok(Math.abs(found - norm) <= norm * 2 ** -22, `${found} for ${norm}`);
  release(params);
});

test('NaN, infinities and overflows anywhere, among small gradients and large ones', async () => {
  for (const [place, at] of [
    [2, 2],
    [13, 4096],
    [17, 65536],
  ]) {
    for (const [value, norm, others, own] of [
      [Number.NaN, Number.NaN, Number.NaN, Number.NaN],
      [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0, Number.NaN],
      [1e20, Number.POSITIVE_INFINITY, 0, 0], // as before: its square overflows
    ]) {
      const params = many();
      const values = giveGradients(params, 1);
      values[place][at] = value;
      params[place].grad!.set(values[place]);
      assert.equal(await clipGradNorm(params, 1).item(), norm);
      const found = await gradientsOf(params);
      assert.equal(found[place][at], own);
      found[place][at] = others;
      assert.ok(
        found.every((list) => list.every((v) => Object.is(Math.abs(v), others))),
        `${value} in gradient ${place}`,
      );
      release(params);
    }
  }
});

test('no gradient at all, empty ones, and none among others', async () => {
  const [none, empty, some] = many([3, 0, 2]);
  assert.is(await clipGradNorm([], 1).item(), 0);
  assert.is(await clipGradNorm([none], 1).item(), 0);
  empty.grad = tensor(new Float32Array(0));
  assert.is(await clipGradNorm([none, empty], 1).item(), 0);
  clipGradValue([none, empty], 1);
  averageGradients([none, empty], 2);
  some.grad = tensor([3, 4]);
  assert.is(await clipGradNorm([none, empty, some], 10).item(), 5);
  assert.equal([...(await some.grad.data())], [3, 4]);
  assert.is(none.grad, null);
  release([none, empty, some]);
});

test('gradients of one memory count, and are clipped, each, whoever has joined their parameters: PyTorch', async () => {
  for (const [size, joins] of [
    [2, false],
    [2, true],
    [70_000, false],
  ] as const) {
    const params = many([size, 1, size, 1]);
    const [a, b, c, d] = params;
    const groups = [{ params: [a, b] }, { params: [c, d] }];
    const rule = new SGD(groups, { lr: 0.1 });
    if (joins) giveGradients(params, 1);
    rule.step();
    const threes = new Float32Array(size).fill(3);
    a.grad = tensor(threes);
    b.grad = tensor([4]);
    c.grad = alias(a.grad, a.grad.shape);
    d.grad = tensor([5]);
    const norm = Math.sqrt(18 * size + 16 + 25);
    const factor = 1 / (norm + 1e-6);
    assertClose([await clipGradNorm(params, 1).item()], [norm]);
    assertClose(
      await a.grad.data(),
      threes.map((v) => v * factor * factor),
    );
    assertClose([...(await b.grad.data()), ...(await d.grad.data())], [4 * factor, 5 * factor]);
    averageGradients([b, b], 2);
    assertClose(await b.grad.data(), [factor]);
    release(params, rule);
  }
});

test('gradients in f16: sums in f32, beside others', async () => {
  if (!hasHalf()) throw new Skip(NO_HALF);
  const half = (values: number[]) => tensor(values, { dtype: 'f16', requiresGrad: true });
  const params = [half([0, 0, 0, 0, 0]), parameter(tensor([0])), half([0])];
  const values = [[300, 400, 0, 0, 1200], [60_000], [2 ** -14]]; // squares of the first are beyond f16
  for (const [i, p] of params.entries()) p.grad = tensor(values[i], { dtype: p.dtype });
  const norm = normOf(values);
  const found = clipGradNorm(params, 100);
  assert.is(found.dtype, 'f32');
  assertClose([await found.item()], [norm]);
  for (const [i, own] of (await gradientsOf(params)).entries()) {
    const expected = values[i].map((v) => (v * 100) / norm);
    assertClose(own, expected, { dtype: i === 1 ? 'f32' : 'f16' });
  }
  clipGradValue(params, 0.25);
  assert.equal([...(await params[0].grad!.data())], [0.25, 0.25, 0, 0, 0.25]);
  release(params);
});

test('few launches, and the optimizer joins nothing again; memory stays what it was', async () => {
  const params = many(Array.from({ length: 30 }, (_, i) => 100 + i));
  const groups = [
    { params: params.filter((_, i) => i % 3 > 0) },
    { params: params.filter((_, i) => i % 3 === 0), lr: 1 },
  ];
  const rule = new SGD(groups, { lr: 0.1, momentum: 0.9 });
  const launches = (body: () => void) => {
    const before = activity().dispatches;
    body();
    return activity().dispatches - before;
  };
  const live: number[] = [];
  for (let step = 0; step < 4; step++) {
    using _ = scope();
    giveGradients(params, step);
    const average = launches(() => averageGradients(params, 2));
    const norm = launches(() => clipGradNorm(params, 1));
    const rest = [launches(() => clipGradValue(params, 1)), launches(() => rule.step())];
    rule.zeroGrad();
    live.push(memory().liveBytes);
    if (step === 0) continue; // the optimizer has joined nothing before
    assert.is(average, Math.ceil(20 / 7) + Math.ceil(10 / 7) + 2); // seven gradients a launch join them, then one a group changes all
    assert.ok(norm <= 7, `${norm}`); // squares, a sum of sums or two, a root; and one a group that scales
    assert.equal(rest, [2, 2]);
  }
  assert.equal(live.slice(2), [live[1], live[1]]);
  release(params, rule);
});

test.run();
