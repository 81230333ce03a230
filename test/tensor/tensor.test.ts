import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import { backward, noGrad, record } from '../../src/autograd/tape.js';
import { memory } from '../../src/device/runtime.js';
import { UsageError } from '../../src/errors.js';
import type { DType, HostArray } from '../../src/tensor/dtype.js';
import { parameter } from '../../src/tensor/parameter.js';
import { keep, scope } from '../../src/tensor/scope.js';
import { manualSeed, setRngState } from '../../src/tensor/seed.js';
import { broadcastShapes, normalizeDims, stridesOf } from '../../src/tensor/shape.js';
import { alias, empty, type Tensor, tensor } from '../../src/tensor/tensor.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('tensor');
test.before(useDevice);

test('values go to the GPU and come back', async () => {
  using _ = scope();
  const nested = [
    [1, 2, 3],
    [4, 5, 6],
  ];
  const t = tensor(nested);
  assert.equal(t.shape, [2, 3]);
  assert.equal(await t.toArray(), nested);
});

test('typed arrays keep their dtype; u8 is packed and unpacked', async () => {
  const i = tensor(Int32Array.of(-1, 2, 3));
  const b = tensor(Uint8Array.of(1, 2, 3, 255, 7), { shape: [5, 1] });
  assert.equal([i.dtype, b.dtype], ['i32', 'u8']);
  assert.equal(await i.data(), Int32Array.of(-1, 2, 3));
  assert.equal(await b.data(), Uint8Array.of(1, 2, 3, 255, 7));
  i.dispose();
  b.dispose();
});

test('other typed arrays become what PyTorch would make of them, or are refused', async () => {
  using _ = scope();
  const cases: [HostArray, DType, number[]][] = [
    [Int8Array.of(-1), 'i32', [-1]],
    [Int16Array.of(-300, 300), 'i32', [-300, 300]],
    [Uint16Array.of(65_535), 'i32', [65_535]],
    [Uint32Array.of(70_000), 'i32', [70_000]],
    [BigInt64Array.of(-5n, 2n ** 31n - 1n), 'i32', [-5, 2 ** 31 - 1]],
    [BigUint64Array.of(7n), 'i32', [7]],
    [Float64Array.of(0.1, -0, Number.NaN), 'f32', [Math.fround(0.1), -0, Number.NaN]],
    [Uint8ClampedArray.of(300), 'u8', [255]],
  ];
  for (const [array, dtype, values] of cases) {
    const t = tensor(array);
    assert.is(t.dtype, dtype);
    assert.equal([...(await t.data())], values);
    const into = empty([values.length], dtype);
    into.set(array);
    assert.equal([...(await into.data())], values);
  }
  assert.throws(() => tensor(Uint32Array.of(1, 2 ** 31)), /^tensor: i32 cannot hold 2147483648 \(element 1\)/);
  assert.throws(() => tensor(BigInt64Array.of(2n ** 40n)), /^tensor: i32 cannot hold 1099511627776/);
  assert.throws(
    () => tensor(new DataView(new ArrayBuffer(4)) as never),
    /^tensor: takes arrays of numbers, got a DataView/,
  );
});

test('what a dtype cannot hold is refused; fractions are cut off, as in PyTorch', async () => {
  using _ = scope();
  assert.equal([...(await tensor([1.7, -1.7], { dtype: 'i32' }).data())], [1, -1]);
  assert.equal([...(await tensor([[3], [255.5]], { dtype: 'u8' }).data())], [3, 255]);
  assert.throws(() => tensor([256], { dtype: 'u8' }), /^tensor: u8 cannot hold 256 \(element 0\)/);
  assert.throws(() => tensor([0, -1], { dtype: 'u8' }), /^tensor: u8 cannot hold -1 \(element 1\)/);
  assert.throws(() => tensor([Number.NaN], { dtype: 'i32' }), /^tensor: i32 cannot hold NaN/);
  assert.throws(() => empty([1], 'i32').set([2 ** 31]), /^set: i32 cannot hold 2147483648/);
  assert.throws(() => empty([1], 'u8').set(Float32Array.of(1e9)), /^set: u8 cannot hold/);
});

test('what is no number is refused, wherever it stands', () => {
  const circle: unknown[] = [];
  circle.push(circle);
  const cases: [unknown, RegExp][] = [
    [['1'], /^tensor: values are numbers, or lists of them, got '1'$/],
    [[true], /got true/],
    [[1, undefined], /got undefined/],
    [new Array(3), /got undefined/],
    [[[1], [null]], /got null/],
    ['12', /got '12'/],
    [undefined, /got undefined/],
    [{ length: 2 }, /got an Object/],
    [[1n], /got 1n$/],
    [[[1, 2], 3], /ragged/],
    [[1, [2]], /ragged/],
    [circle, /does one hold itself/],
  ];
  for (const [values, message] of cases) assert.throws(() => tensor(values as never), message);
  assert.throws(() => empty([2]).set(['1', 2] as never), /^set: values are numbers, or lists of them, got '1'/);
  assert.throws(() => empty([2]).set(7 as never), /^set: values are numbers/);
  assert.throws(() => tensor([1], { dtype: 'f64' as never }), /^tensor: dtype is f32, f16, i32 or u8, got 'f64'/);
  assert.throws(() => tensor([1], { requires_grad: true } as never), /did you mean 'requiresGrad'/);
  assert.throws(() => empty([1], 'f64' as never), /dtype is f32, f16, i32 or u8, got 'f64'/);
  assert.throws(() => parameter([1] as never), /^parameter: takes a tensor, got \[1\]/);
  assert.throws(() => parameter(tensor(Int32Array.of(1))), /^parameter: only f32 can be trained/);
});

test('callbacks, seeds and tensors that are none are refused by name', () => {
  const wrong = (value: unknown) => value as never;
  assert.throws(() => scope(wrong(1)), /^scope: takes a function, got 1$/);
  assert.throws(() => noGrad(wrong(undefined)), /^noGrad: takes a function, got undefined$/);
  assert.throws(() => keep(wrong([1])), /^keep: takes a tensor, got \[1\]$/);
  assert.throws(() => backward(wrong(3)), /^backward: takes a tensor, got 3$/);
  assert.throws(
    () => record('f', wrong(3), [], () => []),
    /^record: takes a result and a list of inputs, all tensors; got 3/,
  );
  assert.throws(() => record('f', tensor([1]), wrong([1]), () => []), /^record: takes a result and a list/);
  assert.throws(() => record('f', tensor([1]), [], wrong(null)), /^record: grad is a function of dy, got null/);
  assert.throws(() => manualSeed(wrong('7')), /^manualSeed: the seed is a whole number, got '7'/);
  assert.throws(() => setRngState(wrong({ seed: 1 })), /^setRngState: the stream is a whole number, got undefined/);
  assert.throws(() => empty(wrong('x')), /^empty: 'x' is not a shape/);
  assert.throws(() => empty([2 ** 40, 2 ** 40]), /^empty: needs a buffer of/);
});

test('data with their shape are a tensor', async () => {
  const host = { data: Int32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] };
  const x = tensor(host);
  assert.equal([x.shape, x.dtype, await x.toArray()], [[2, 3], 'i32', [[1, 2, 3], [4, 5, 6]]]); // biome-ignore format: a matrix
  assert.equal(tensor(host, { dtype: 'f32', shape: [6] }).shape, [6]);
  assert.throws(() => tensor({ ...host, shape: [7] }), /^tensor: 6 values do not fill \[7\]/);
  assert.throws(
    () => tensor({ ...host, shape: 6 as never }),
    /^tensor: values are numbers, or lists of them, got an Object$/,
  );
});

test('lists of typed arrays are rows', async () => {
  using _ = scope();
  const t = tensor([Float32Array.of(1, 2), Float64Array.of(3, 4)]);
  assert.equal(await t.toArray(), [
    [1, 2],
    [3, 4],
  ]);
});

test('copy() takes over values on the GPU, of any dtype', async () => {
  using _ = scope();
  for (const values of [Float32Array.of(1, -0, 2 ** -20), Int32Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)]) {
    const to = empty([3], tensor(values).dtype);
    to.copy(tensor(values));
    assert.equal(await to.data(), values);
    to.copy(to);
    assert.equal(await to.data(), values);
  }
  empty([0, 2]).copy(empty([0, 2]));
  assert.throws(() => empty([2]).copy(empty([3])), /^copy: \[3\] does not fit \[2\]/);
  assert.throws(() => empty([2]).copy(empty([2], 'i32')), /^copy: i32 does not fit f32/);
  assert.throws(() => empty([2]).copy([1, 2] as never), /^copy: takes a tensor, got \[1, 2\]/);
});

test('scalars, and item() on anything else', async () => {
  using _ = scope();
  assert.is(await tensor(2.5).item(), 2.5);
  const refused = await tensor([1, 2])
    .item()
    .catch((e: Error) => e);
  assert.match((refused as Error).message, /item: needs one element, this is \[2\]/);
});

test('ragged lists and wrong shapes are refused', () => {
  assert.throws(() => tensor([[1, 2], [3]]), /tensor: the nested lists are ragged \(expected \[2, 2\]\)/);
  assert.throws(() => tensor(new Float32Array(5), { shape: [2, 3] }), /5 values do not fill \[2, 3\] \(6 elements\)/);
  assert.throws(() => empty([2, -1]), /\[2, -1\] is not a shape/);
});

test('a scope disposes of what was made inside; keep moves one scope out', () => {
  const before = memory().liveBuffers;
  let kept: Tensor;
  {
    using _outer = scope();
    {
      using _inner = scope();
      tensor([1]);
      kept = keep(tensor([2]));
    }
    assert.not(kept.disposed);
    assert.is(memory().liveBuffers, before + 1);
  }
  assert.ok(kept.disposed);
  assert.throws(() => kept.buffer, /used after it was disposed of/);
  assert.is(memory().liveBuffers, before);
});

test('the callback form keeps its result', async () => {
  const t = scope(() => {
    tensor([1]);
    return tensor([5]);
  });
  assert.is(await t.item(), 5);
  t.dispose();
});

test('the callback form leaves a result alone that belongs further out', () => {
  const outer = scope();
  const x = tensor([1, 2]);
  const same = scope(() => scope(() => x));
  assert.is(same, x);
  assert.is(x.scope, outer);
  outer.close();
  assert.ok(x.disposed);
});

test('what a scope’s callback gives is kept with all tensors in it', () => {
  const before = memory().liveBuffers;
  const [list, map, object] = scope(() => {
    const t = () => tensor([1]);
    t();
    return [
      [t(), [t()]],
      new Map([['a', { b: t() }]]),
      new (class {
        readonly set = new Set([t()]);
        readonly numbers = new Float32Array(3);
      })(),
    ] as const;
  });
  const kept = [list[0], (list[1] as readonly Tensor[])[0], map.get('a')!.b, [...object.set][0]] as Tensor[];
  assert.is(memory().liveBuffers - before, 4);
  assert.ok(kept.every((t) => !t.disposed));
  for (const t of kept) t.dispose();
});

test('scopes closed out of order are refused', () => {
  const outer = scope();
  const inner = scope();
  assert.throws(() => outer.close(), /closed out of order/);
  inner.close();
  outer.close();
});

test('a scope that is open during an await, with others at work: an error, and no scope stays open', async () => {
  const before = memory().liveBuffers;
  const closed: Tensor[] = [];
  const careless = async (turns: number) => {
    using _ = scope();
    closed.push(tensor([1]));
    for (let i = 0; i < turns; i++) await Promise.resolve();
    closed.push(tensor([2]));
  };
  const [first, second] = await Promise.allSettled([careless(1), careless(5)]);
  assert.is(first.status, 'rejected');
  assert.instance((first as PromiseRejectedResult).reason, UsageError);
  assert.match((first as PromiseRejectedResult).reason.message, /closed out of order; .* do not await inside one/);
  assert.is(second.status, 'fulfilled');
  assert.ok(closed.length === 4 && closed.every((t) => t.disposed));
  const outside = tensor([3]);
  assert.is(outside.scope, null);
  outside.dispose();
  assert.is(memory().liveBuffers, before);
});

test('an async function is no callback for a scope', () => {
  let ran = false;
  const body = async () => {
    ran = true;
  };
  assert.throws(() => scope(body), /scope: the callback is an async function.*await what they return outside/);
  assert.not(ran);
});

test('parameters live outside scopes; aliases share memory', async () => {
  const before = memory().liveBuffers;
  let p: Tensor;
  {
    using _ = scope();
    p = parameter(tensor([1, 2]));
  }
  assert.ok(p.requiresGrad && !p.disposed);
  const again = alias(p, [2, 1]);
  p.dispose();
  const other = tensor([3, 4]); // memory that is free is handed out again
  assert.equal(await again.toArray(), [[1], [2]]);
  again.dispose();
  other.dispose();
  assert.is(memory().liveBuffers, before);
});

test('printed, it says what it is', () => {
  const x = tensor([[1, 2]]);
  assert.is(String(x), 'Tensor [1, 2] f32 (tensor)');
  assert.is(inspect({ x }), '{ x: Tensor [1, 2] f32 (tensor) }');
  const y = empty([3], 'i32', 'labels');
  y.dispose();
  assert.is(`${y}`, 'Tensor [3] i32 (labels, disposed of)');
});

test('operators and JSON, which would give NaN, false and the insides of the pool, are errors', () => {
  using _ = scope();
  const x: unknown = tensor([1]);
  const wrong: (() => unknown)[] = [
    () => (x as number) * 2,
    () => (x as number) < 3,
    () => -(x as number),
    () => Math.max(1, x as number),
    () => Float32Array.of(x as number),
  ];
  for (const use of wrong)
    assert.throws(use, /^Tensor \[1\] f32 \(tensor\): a tensor is no number; .* await x\.item\(\)$/);
  assert.throws(() => JSON.stringify({ weights: [x] }), /JSON has no tensors; await x\.toArray\(\) first/);
  assert.is(`the result: ${x}`, 'the result: Tensor [1] f32 (tensor)');
});

test('shapes: strides, broadcasting, dimensions', () => {
  assert.equal(stridesOf([2, 3, 4]), [12, 4, 1]);
  assert.equal(broadcastShapes('add', [4, 1], [6]), [4, 6]);
  assert.equal(broadcastShapes('add', [], [2, 0]), [2, 0]);
  assert.throws(() => broadcastShapes('add', [2], [3]), /add: \[2\] and \[3\] do not broadcast \(2 against 3\)/);
  assert.equal(normalizeDims('sum', [-1, 0], 3), [0, 2]);
  assert.throws(() => normalizeDims('sum', [1, -2], 3), /dim 1 is named twice/);
  assert.throws(() => normalizeDims('sum', 3, 3), /dim 3 is out of range for a tensor with 3 dimensions/);
});

test.run();
