// Tensors of halves at the edges: what they hold, casts, sums that f16 could not add up, sizes, windows.
import * as assert from 'uvu/assert';
import { toHalf, toHalves } from '../../src/half.js';
import * as w from '../../src/index.js';
import { readSafetensors, writeSafetensors } from '../../src/io/index.js';
import { useHalf, withBindingLimit } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('ops/half');
test.before(useHalf);

const f16 = (values: number[], requiresGrad = false) => w.tensor(values, { dtype: 'f16', requiresGrad });
const INF = Number.POSITIVE_INFINITY;
/** Zeros of both signs, subnormal numbers, the smallest normal one, the largest, and what is none. */
const EDGES = [0, -0, 2 ** -24, -(2 ** -24), 1023 * 2 ** -24, 2 ** -14, 1, 2048, 65504, -65504, INF, -INF, Number.NaN];

test('every kind of half goes there and back, to the bit', async () => {
  using _ = w.scope();
  const x = f16(EDGES);
  assert.equal([...(await x.halves())], EDGES.map(toHalf));
  assert.equal([...(await x.data())], EDGES);
  for (const y of [
    w.add(x, 0),
    w.mul(x, 1),
    w.reshape(x, [13, 1]),
    w.slice(x, [0, 13]),
    w.cast(w.cast(x, 'f32'), 'f16'),
  ]) {
    const wanted = y.label === 'add' ? EDGES.map((v) => v + 0) : EDGES;
    assert.equal([...(await y.data())], wanted, y.label);
  }
});

test('a copy of a NaN is its bits', async () => {
  using _ = w.scope();
  const bits = [...(await w.concat([f16([Number.NaN]), f16([1])]).halves())];
  assert.ok((bits[0] & 0x7fff) > 0x7c00);
});

test('casts between all dtypes that are offered', async () => {
  using _ = w.scope();
  const read = (t: w.Tensor, dtype: w.DType) => w.cast(t, dtype).data();
  const large = w.tensor([65519, 65520, -65520, 1e-8, 2 ** -25, 2049, 2051, -0.3]);
  assert.equal([...(await read(large, 'f16'))], [65504, INF, -INF, 0, 0, 2048, 2052, -0.300048828125]);
  assert.equal([...(await read(f16([1.75, -1.75, 65504, 0]), 'i32'))], [1, -1, 65504, 0]);
  for (const t of [f16([INF, -INF]), w.tensor([INF, -INF])])
    assert.equal([...(await read(t, 'i32'))], [2 ** 31 - 128, -(2 ** 31)], t.dtype); // the last f32 of i32's range
  assert.equal([...(await read(w.tensor([2049, -3, 70_000], { dtype: 'i32' }), 'f16'))], [2048, -3, INF]);
  assert.equal([...(await read(w.tensor([0, 7, 255], { dtype: 'u8' }), 'f16'))], [0, 7, 255]);
});

test('the gradient of a cast has the dtype of what was cast', async () => {
  using _ = w.scope();
  const [single, half] = [w.tensor([1, 2], { requiresGrad: true }), f16([1, 2], true)];
  w.cast(single, 'f16').backward(f16([0.5, 3]));
  w.cast(half, 'f32').backward(w.tensor([1 / 3, 1e6]));
  assert.is(single.grad!.dtype, 'f32');
  assert.equal([...(await single.grad!.data())], [0.5, 3]);
  assert.is(half.grad!.dtype, 'f16');
  assert.equal([...(await half.grad!.data())], [0.333251953125, INF]);
});

test('results beyond f16 are infinite, and those below its smallest are 0', async () => {
  using _ = w.scope();
  const values = async (t: w.Tensor) => [...(await t.data())];
  assert.equal(await values(w.square(f16([256, 255, -300]))), [INF, 65024, INF]);
  assert.equal(await values(w.mul(f16([65504, -65504]), 2)), [INF, -INF]);
  assert.equal(await values(w.mul(f16([2 ** -24, 2 ** -14]), 0.25)), [0, 2 ** -16]);
  assert.equal(await values(w.exp(f16([11, 12]))), [59872, INF]);
});

test('sums and products that f16 could not add up', async () => {
  using _ = w.scope();
  const ones = (shape: number[]) => w.full(shape, 1, { dtype: 'f16' });
  const item = (t: w.Tensor) => t.item();
  assert.is(await item(w.sum(ones([4096]))), 4096); // 2048 + 1 is 2048
  assert.is(await item(w.mean(w.full([4096], 100, { dtype: 'f16' }))), 100); // whose sum is beyond f16
  assert.equal([...(await w.mean(w.full([512, 2, 512], 100, { dtype: 'f16' }), [0, 2]).data())], [100, 100]);
  assert.is(await item(w.matmul(ones([1, 5000]), ones([5000, 1]))), 5000);
  assert.is(await item(w.linear(ones([1, 3000]), ones([1, 3000]), f16([1]))), 3000); // 3001 rounded to even
  assert.is(await item(w.conv2d(ones([1, 64, 8, 8]), ones([1, 64, 8, 8]))), 4096);
  const bias = f16([0], true);
  w.sum(w.conv2d(ones([4, 1, 32, 32]), ones([1, 1, 1, 1]), bias)).backward();
  assert.is(await bias.grad!.item(), 4096);
  assert.is(await item(w.mseLoss(w.full([4096], 100, { dtype: 'f16' }), f16(new Array(4096).fill(0)))), 10_000);
});

test('sums that are walked in windows stay f32 between them', async () => {
  await withBindingLimit(4096, async () => {
    using _ = w.scope();
    const ones = (shape: number[]) => w.full(shape, 1, { dtype: 'f16' });
    const weight = w.tensor(new Float32Array(3), { shape: [3, 1], dtype: 'f16', requiresGrad: true });
    const bias = w.tensor(new Float32Array(3), { dtype: 'f16', requiresGrad: true });
    const y = w.linear(w.full([3001, 1], 0.125, { dtype: 'f16' }), weight, bias);
    y.backward(ones([3001, 3]));
    assert.equal([...(await weight.grad!.data())], [375, 375, 375]); // 375.125
    assert.equal([...(await bias.grad!.data())], [3000, 3000, 3000]); // 3001, to even
  });
});

test('no elements, one, and odd counts', async () => {
  using _ = w.scope();
  for (const n of [0, 1, 2, 3, 5, 7, 255, 257]) {
    const x = w.tensor(
      Float32Array.from({ length: n }, (_, i) => i),
      { dtype: 'f16', requiresGrad: true },
    );
    const y = w.add(w.mul(x, 2), w.concat([x]));
    y.backward(w.onesLike(y));
    assert.equal(
      [...(await y.data())],
      Array.from({ length: n }, (_, i) => 3 * i),
      `${n}`,
    );
    assert.equal([...(await x.grad!.data())], new Array(n).fill(3), `${n}`);
    assert.is((await x.halves()).length, n);
    const copy = w.zerosLike(x);
    copy.copy(x);
    assert.equal([...(await copy.halves())], [...(await x.halves())]);
  }
});

test('halves() and set()', async () => {
  using _ = w.scope();
  const x = f16([1, 2, 3]);
  x.set([0.1, 70_000, -2]);
  assert.equal([...(await x.halves())], [...toHalves([0.1, 70_000, -2])]);
  await w
    .tensor([1])
    .halves()
    .then(
      () => assert.unreachable('halves() of f32 should throw'),
      (error) => {
        assert.instance(error, w.DtypeError);
        assert.is(error.message, 'halves: takes f16, this is f32; cast it');
      },
    );
});

test('F16 and BF16 of a safetensors file become tensors of f16', async () => {
  using _ = w.scope();
  const header = (dtype: string) => {
    const text = JSON.stringify({ w: { dtype, shape: [3], data_offsets: [0, 6] } });
    return text + ' '.repeat((8 - (text.length % 8)) % 8);
  };
  const file = (dtype: string, bits: number[]) => {
    const head = new TextEncoder().encode(header(dtype));
    const bytes = new Uint8Array(8 + head.length + 6);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(head.length), true);
    bytes.set(head, 8);
    bytes.set(new Uint8Array(Uint16Array.from(bits).buffer), 8 + head.length);
    return bytes;
  };
  const read = (bytes: Uint8Array) => w.tensor(readSafetensors(bytes).tensors.get('w')!, { dtype: 'f16' });
  assert.equal([...(await read(file('F16', [0x3c00, 0x0001, 0xfbff])).halves())], [0x3c00, 0x0001, 0xfbff]);
  assert.equal([...(await read(file('BF16', [0x3f80, 0xc000, 0x7f80])).data())], [1, -2, INF]);
  const x = f16([1, 2 ** -24, -65504]);
  const written = writeSafetensors([['w', { shape: [3], data: await x.data() }]], {}, { floats: 'f16' });
  assert.equal([...(await read(written).halves())], [...(await x.halves())]);
});

test.run();
