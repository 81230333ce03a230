// Loaders of data that are no pictures: arrays in memory, examples by number, sources that are read in sequence.
import * as assert from 'uvu/assert';
import {
  type BatchDraw,
  collate,
  DataLoader,
  drawnStandIns,
  type ExampleDraw,
  type ImageBatch,
  type Mixed,
  mixup,
  randomSplit,
  scalar,
  subset,
  TensorDataset,
} from '../../src/data/index.js';
import { DataError, UsageError } from '../../src/errors.js';
import type { HostTensor } from '../../src/tensor/dtype.js';
import { suite } from '../support/suite.js';

const test = suite('data/any-data');

const BATCH = 4;
const SIZES = [1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH, 3 * BATCH + 2];
const SEED = 5;

/** Numbers with noise of their own in each epoch. */
const noisy = (length: number) => ({
  length,
  async get(i: number, { epoch, random }: ExampleDraw) {
    if (i % 2) await null;
    return { x: Float32Array.of(i, epoch, random.unit()), at: scalar(i, 'i32') };
  },
});

async function* counting(length: number, epoch: number) {
  for (let i = 0; i < length; i++) yield { x: Float32Array.of(i, epoch), at: scalar(i, 'i32') };
}

const table = (length: number) =>
  new TensorDataset({
    x: { data: Float32Array.from({ length: 6 * length }, (_, i) => i), shape: [length, 2, 3] },
    at: Int32Array.from({ length }, (_, i) => i),
  });

const KINDS = {
  table: (length: number, options: object) =>
    new DataLoader(table(length), { batchSize: BATCH, shuffle: true, seed: SEED, ...options }),
  get: (length: number, options: object) =>
    new DataLoader(noisy(length), { batchSize: BATCH, shuffle: true, seed: SEED, ...options }),
  iterable: (length: number, options: object) =>
    new DataLoader({ length, epoch: (n: number) => counting(length, n) }, { batchSize: BATCH, seed: SEED, ...options }),
};

async function all<B>(loader: { epoch(n: number, from?: object): AsyncIterable<B> }, epoch = 0, from = {}) {
  const batches: B[] = [];
  for await (const batch of loader.epoch(epoch, from)) batches.push(batch);
  return batches;
}

const refused = (call: () => unknown, type: typeof DataError | typeof UsageError, message: RegExp) =>
  assert.throws(call, (error: Error) => error instanceof type && message.test(error.message));

const failure = async (work: () => Promise<unknown>): Promise<Error> => {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  return new Error('none');
};

for (const [kind, make] of Object.entries(KINDS)) {
  test(`${kind}: every example once an epoch, in batches, at awkward sizes`, async () => {
    for (const length of SIZES) {
      const loader = make(length, {});
      const batches = await all(loader, 1);
      const sizes = batches.map(({ at }) => at.data.length);
      const rest = length % BATCH;
      assert.equal(sizes, [...Array(Math.floor(length / BATCH)).fill(BATCH), ...(rest ? [rest] : [])]);
      assert.equal([loader.length, loader.batches], [length, sizes.length]);
      const seen = batches.flatMap(({ at }) => [...at.data]);
      assert.equal([...seen].sort((a, b) => a - b), [...Array(length).keys()]); // biome-ignore format: one line
      if (length < BATCH) {
        const none = new RegExp(`^DataLoader: dropLast leaves nothing of ${length} examples, .* a batch of 4$`);
        refused(() => make(length, { dropLast: true }), DataError, none);
        continue;
      }
      const full = make(length, { dropLast: true });
      assert.equal(await all(full, 1), batches.slice(0, Math.floor(length / BATCH)));
      assert.is(full.length, length - rest);
    }
    if (kind !== 'table') refused(() => make(0, {}), DataError, /^DataLoader: the data set is empty$/);
  });

  test(`${kind}: the same whatever is prepared ahead, and resumed in the middle`, async () => {
    const length = 3 * BATCH + 2;
    const whole = await all(make(length, {}), 2);
    for (const prefetch of [1, 2, 9]) assert.equal(await all(make(length, { prefetch }), 2), whole);
    for (const startBatch of [1, 3, 4, 7])
      assert.equal(await all(make(length, {}), 2, { startBatch }), whole.slice(startBatch));
    assert.is.not(JSON.stringify(await all(make(length, {}), 3)), JSON.stringify(whole));
  });

  test(`${kind}: a batch transform draws from seed, epoch and batch alone`, async () => {
    const length = 3 * BATCH + 2;
    const draws = async (options: object, epoch: number, from = {}) => {
      const batchTransform = ({ at }: { at: HostTensor }, { epoch, batch, random }: BatchDraw) => ({
        ...{ at, epoch, batch, drawn: random.unit() },
      });
      const loader = make(length, { batchTransform, ...options }) as unknown as DataLoader<never, never, ReturnType<typeof batchTransform>>; // biome-ignore format: one line
      return (await all(loader, epoch, from)).map(({ epoch, batch, drawn }) => [epoch, batch, drawn]);
    };
    const whole = await draws({}, 2);
    assert.equal(whole.map(([epoch, batch]) => [epoch, batch]), [[2, 0], [2, 1], [2, 2], [2, 3]]); // biome-ignore format: one line
    assert.equal(await draws({ prefetch: 1 }, 2, { startBatch: 2 }), whole.slice(2));
    const drawn = [whole, await draws({}, 3), await draws({ seed: 6 }, 2)].flatMap((list) => list.map((row) => row[2]));
    assert.is(new Set(drawn).size, 12);
  });
}

test('what get draws depends on seed, epoch and example alone, in any order and any batch', async () => {
  const draws = async (epoch: number, options: object) => {
    const loader = new DataLoader(noisy(10), { batchSize: BATCH, seed: SEED, ...options });
    const drawn: number[] = [];
    for (const { x } of await all(loader, epoch))
      for (let row = 0; row < x.shape[0]; row++) drawn[x.data[3 * row]] = x.data[3 * row + 2];
    return drawn;
  };
  const first = await draws(0, {});
  assert.equal(await draws(0, { shuffle: true, batchSize: 3 }), first);
  const two = await draws(0, { sampler: () => [7, 2, 7] });
  assert.equal([two[2], two[7]], [first[2], first[7]]);
  assert.is(new Set([...first, ...(await draws(1, {})), ...(await draws(0, { seed: 6 }))]).size, 30);
});

test('a table of no rows is empty', () => {
  const nothing = new TensorDataset({ x: { data: new Float32Array(0), shape: [0, 3] }, y: new Int32Array(0) });
  assert.is(nothing.length, 0);
  refused(() => new DataLoader(nothing, { batchSize: 2 }), DataError, /^DataLoader: the data set is empty$/);
});

test('rows of a table: shapes and types as PyTorch’s TensorDataset and default_collate have them', async () => {
  const [batch] = await all(new DataLoader(table(3), { batchSize: 2 }));
  assert.equal(batch.x, { data: Float32Array.from({ length: 12 }, (_, i) => i), shape: [2, 2, 3] });
  assert.equal(batch.at, { data: Int32Array.of(0, 1), shape: [2] });
  const { x, at } = table(3).get(2);
  assert.equal([x, at], [{ data: Float32Array.of(12, 13, 14, 15, 16, 17), shape: [2, 3] }, scalar(2, 'i32')]);
  refused(() => table(3).get(3), UsageError, /^get: there is no example 3 among 3$/);
});

test('a table that is none is refused by name', () => {
  const made = (arrays: unknown) => () => new TensorDataset(arrays as never);
  refused(made({ x: new Float32Array(3), y: new Float32Array(4) }), DataError, /^TensorDataset: x has 3 examples, y has 4$/); // biome-ignore format: one line
  refused(made({ x: { data: new Float32Array(3), shape: [2, 2] } }), DataError, /^TensorDataset: x has 3 values, which do not fill \[2, 2\]$/); // biome-ignore format: one line
  refused(made({ x: { data: new Float32Array(1), shape: [] } }), DataError, /do not fill \[\]/);
  refused(made({ x: [1, 2] }), DataError, /^TensorDataset: x is a typed array, or \{ data, shape \} of one, got \[1, 2\]$/); // biome-ignore format: one line
  refused(made({}), DataError, /there is no array in it/);
  refused(made(undefined), UsageError, /takes arrays by name, such as \{ x, y \}, got undefined/);
});

test('a fingerprint tells values, shapes and names apart', () => {
  const of = (arrays: object) => new TensorDataset(arrays as never).fingerprint;
  const x = Float32Array.of(1, 2, 3, 4);
  const sums = [{ x }, { y: x }, { x: Float32Array.of(1, 2, 3, 5) }, { x: { data: x, shape: [2, 2] } }, { x, y: x }];
  assert.is(new Set(sums.map(of)).size, 5);
  assert.is(of({ x }), of({ x: x.slice() }));
  const loader = new DataLoader(new TensorDataset({ x }), { batchSize: 2, shuffle: true, seed: 4 });
  assert.equal(loader.orderedBy, { fingerprint: of({ x }), batchSize: 2, dropLast: false, shuffle: true, seed: 4 });
  assert.equal(new DataLoader(noisy(3), { batchSize: 2 }).orderedBy, { batchSize: 2, dropLast: false, shuffle: false });
});

test('a source that gives fewer or more examples than it promised is an error that says how many', async () => {
  const reading = (length: number, given: number, options: object = {}) =>
    failure(() => all(new DataLoader({ length, epoch: (n: number) => counting(given, n) }, { batchSize: BATCH, ...options }), 7)); // biome-ignore format: one line
  for (const given of [0, 1, BATCH, 9]) {
    const error = await reading(10, given);
    assert.instance(error, DataError);
    assert.is(error.message, `DataLoader: the source gave ${given} examples in epoch 7, its length promises 10`);
  }
  for (const options of [{}, { dropLast: true }, { prefetch: 1 }]) {
    for (const given of [11, 12, 40, Number.POSITIVE_INFINITY]) {
      const { message } = await reading(10, given, options);
      assert.is(message, 'DataLoader: the source gave more than the 10 examples that its length promises, in epoch 7');
    }
  }
  assert.match(
    (await reading(10, 9, { dropLast: true })).message,
    /gave 9 examples in epoch 7, its length promises 10/,
  );
  const resumed = new DataLoader({ length: 10, epoch: (n: number) => counting(3, n) }, { batchSize: BATCH });
  assert.match((await failure(() => all(resumed, 0, { startBatch: 1 }))).message, /gave 3 examples/);
  const short = { length: 6, get: (i: number) => [1, 2, 3][i] };
  const missing = await failure(() => all(new DataLoader(short, { batchSize: 2 })));
  assert.is(missing.message, "get(3) gave nothing; the data set's length promises 6 examples");
});

test('what can be iterated: itself each time, or once, which is said', async () => {
  const list = { length: 3, [Symbol.iterator]: () => [1, 2, 3][Symbol.iterator]() };
  const loader = new DataLoader(list, { batchSize: 2 });
  for (const epoch of [0, 1]) assert.equal((await all(loader, epoch)).map(({ data }) => [...data]), [[1, 2], [3]]); // biome-ignore format: one line
  const once = new DataLoader(Object.assign(counting(5, 0), { length: 5 }), { batchSize: 2 });
  await all(once, 0);
  assert.match(
    (await failure(() => all(once, 1))).message,
    /^DataLoader: the source gave 0 examples in epoch 1, its length promises 5 \(a generator can be read once: give the source an epoch\(number\) that makes a new one\)$/,
  );
});

test('a source is closed when an epoch is left, and when it fails', async () => {
  const closed: number[] = [];
  const source = {
    length: 8,
    async *epoch(n: number) {
      try {
        yield* n < 2 ? counting(8, n) : counting(3, n);
      } finally {
        closed.push(n);
      }
    },
  };
  const loader = new DataLoader(source, { batchSize: 2 });
  for await (const _ of loader.epoch(0)) break;
  assert.equal(closed, [0]);
  await all(loader, 1);
  await failure(() => all(loader, 2));
  assert.equal(closed, [0, 1, 2]);
});

test('a list is a data set of its items', async () => {
  const rows = ['a', 'b', 'c', 'd', 'e'];
  const loader = new DataLoader(rows, { batchSize: 2, shuffle: true });
  assert.equal((await all(loader)).flat().sort(), rows);
  assert.equal(await all(new DataLoader(rows, { batchSize: 3 })), [['a', 'b', 'c'], ['d', 'e']]); // biome-ignore format: one line
});

test('parts of a data set: every example in one of them, the same for the same seed', async () => {
  const whole = table(10);
  const [rest, part] = randomSplit(whole, 0.3, 1);
  assert.equal([rest.length, part.length], [7, 3]);
  const places = async (dataset: typeof rest) =>
    (await all(new DataLoader(dataset, { batchSize: 100 }))).flatMap(({ at }) => [...at.data]);
  const [first, second] = [await places(rest), await places(part)];
  assert.equal([...first, ...second].sort((a, b) => a - b), [...Array(10).keys()]); // biome-ignore format: one line
  assert.equal(await places(randomSplit(whole, 0.3, 1)[1]), second);
  assert.is.not((await places(randomSplit(whole, 0.3, 3)[1])).join(), second.join());
  assert.is(new Set([rest.fingerprint, part.fingerprint, whole.fingerprint]).size, 3);
  assert.equal(randomSplit(table(3), 0, 1).map(({ length }) => length), [3, 0]); // biome-ignore format: one line
  assert.equal(await places(subset(whole, [9, 0, 9])), [9, 0, 9]);
  assert.is(subset(noisy(4), [0]).fingerprint, undefined);
  refused(() => subset(whole, [10]), UsageError, /^subset: there is no example 10 among 10$/);
  refused(() => randomSplit(whole, 1, 1), UsageError, /^randomSplit: fraction is a number from 0 to below 1, got 1$/);
});

test('examples that do not make one batch are refused by name', async () => {
  const says = (...examples: unknown[]) => {
    try {
      collate(examples);
    } catch (error) {
      assert.instance(error, DataError);
      return (error as Error).message;
    }
    return 'accepted';
  };
  const x = (...shape: number[]) => ({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape });
  assert.is(
    says({ x: x(3) }, { x: x(3) }, { x: x(4) }),
    'collate: x is Float32Array [3] in the first example of a batch and Float32Array [4] in the 3rd; a batch takes examples of ' +
      'one kind (pad them, or give a `collate` of your own)',
  );
  assert.match(says({ x: x(2, 3) }, { x: x(3, 2) }), /Float32Array \[2, 3\] .* Float32Array \[3, 2\] in the 2nd/);
  assert.match(says(new Float32Array(2), new Int32Array(2)), /an example is Float32Array \[2\] .* Int32Array \[2\]/);
  assert.match(says({ y: 1 }, { y: '1' }), /y is 1 in the first .* and '1' in the 2nd/);
  assert.match(says({ y: 1 }, {}), /an example is \{ y \} .* and \{ {2}\} in the 2nd|an example is \{ y \}/);
  assert.match(says({ y: 1 }, { z: 1 }), /y is 1 in the first .* and undefined in the 2nd/);
  assert.match(says({ a: { b: 1 } }, { a: { b: null } }), /a\.b is 1 in the first .* and null in the 2nd/);
  assert.match(says({ y: [1, 2] }), /^collate: y is \[1, 2\]; numbers, texts, typed arrays/);
  assert.match(says({ y: true }), /^collate: y is true;/);
  assert.match(says(), /^collate: takes a list of examples, one or more, got \[\]$/);
  assert.match(says({ x: { data: new Float32Array(3), shape: [2] } }), /x has 3 values, which do not fill \[2\]/);
});

test('what batches are made of', () => {
  const examples = [0, 1].map((i) => ({
    ...{
      number: i / 2,
      name: `n${i}`,
      bytes: Uint8Array.of(i, 2),
      wide: Float64Array.of(i),
      big: BigInt64Array.of(3n),
    },
    ...{ inner: { label: scalar(i, 'i32') } },
  }));
  const batch = collate(examples);
  assert.equal(batch.number, { data: Float32Array.of(0, 0.5), shape: [2] });
  assert.equal(batch.name, ['n0', 'n1']);
  assert.equal(batch.bytes, { data: Uint8Array.of(0, 2, 1, 2), shape: [2, 2] });
  assert.equal(batch.wide, { data: Float64Array.of(0, 1), shape: [2, 1] });
  assert.equal(batch.big, { data: BigInt64Array.of(3n, 3n), shape: [2, 1] });
  assert.equal(batch.inner.label, { data: Int32Array.of(0, 1), shape: [2] });
});

test('options that do not go together', () => {
  const source = { length: 4, epoch: (n: number) => counting(4, n) };
  const general = (dataset: object, options: object) => () => new DataLoader(dataset as never, { batchSize: 2, ...options } as never); // biome-ignore format: one line
  refused(general(source, { shuffle: true }), UsageError, /^DataLoader: shuffle needs a data set with get\(i\); an iterable source has an order/); // biome-ignore format: one line
  refused(general(source, { sampler: () => [0] }), UsageError, /^DataLoader: sampler needs a data set with get/);
  refused(general(noisy(4), { collate, assembler: { assemble: async () => 0 } }), UsageError, /the assembler makes whole batches/); // biome-ignore format: one line
  refused(general(noisy(4), { augment: 1 }), UsageError, /there is no option 'augment'/);
  refused(general({ ...noisy(4), length: 1.5 }, {}), UsageError, /the data set's length is a whole number, got 1.5/);
  refused(general({ get: () => 0 }, {}), UsageError, /the data set's length is a whole number, got undefined/);
  const pictures = drawnStandIns(4, 8);
  const augment = { crop: 4, place: 'center', colours: pictures.colours(), seed: 1 };
  refused(general(pictures, { augment, collate }), UsageError, /collate is for examples that get\(i\) gives/);
  refused(
    () => new DataLoader(source, { batchSize: 2 }).order(0),
    UsageError,
    /^order: an iterable source has an order/,
  );
});

/** Compiles where both types are one. */
const same = <A, B>(..._: [A] extends [B] ? ([B] extends [A] ? [] : [never]) : [never]) => {};
const batchesOf = <B>(_: { epoch(n: number): AsyncIterable<B> }): B => undefined as B;

type Floats = Float32Array<ArrayBuffer>;

test('batches are typed by what the data set gives', () => {
  const rows = new DataLoader(table(4), { batchSize: 2 });
  const batch = batchesOf(rows);
  same<typeof batch, { x: HostTensor<Floats>; at: HostTensor<Int32Array<ArrayBuffer>> }>();
  const own = batchesOf(new DataLoader(noisy(4), { batchSize: 2 }));
  same<typeof own, { x: HostTensor<Floats>; at: HostTensor<Int32Array> }>();
  const read = batchesOf(new DataLoader({ length: 4, epoch: (n: number) => counting(4, n) }, { batchSize: 2 }));
  same<typeof read, typeof own>();
  const collated = batchesOf(new DataLoader(noisy(4), { batchSize: 2, collate: (items) => items[0].x }));
  same<typeof collated, Floats>();
  const changed = batchesOf(new DataLoader(table(4), { batchSize: 2, batchTransform: ({ x }) => ({ y: x, n: 1 }) }));
  same<typeof changed, { y: HostTensor<Floats>; n: number }>();
  const mix = mixup({ inputs: 'x', labels: 'at', classes: 4 });
  const mixed = batchesOf(new DataLoader(table(4), { batchSize: 2, batchTransform: mix }));
  same<typeof mixed, Mixed<typeof batch, 'at'>>();
  same<(typeof mixed)['at'], HostTensor<Float32Array>>();
  const pictures = drawnStandIns(4, 8);
  const augment = { crop: 4, place: 'center', colours: pictures.colours(), seed: 1 } as const;
  const images = batchesOf(new DataLoader(pictures, { batchSize: 2, augment }));
  same<typeof images, ImageBatch>();
  const soft = batchesOf(new DataLoader(pictures, { batchSize: 2, augment, batchTransform: mixup() }));
  same<(typeof soft)['labels'], HostTensor<Float32Array>>();
  same<(typeof soft)['images'], HostTensor<Float32Array>>();
  const options = { batchSize: 2, augment, batchTransform: mixup() };
  const again = batchesOf(new DataLoader(pictures, options));
  same<(typeof again)['labels'], HostTensor<Float32Array>>();
  same<(typeof again)['images'], HostTensor<Float32Array>>();
  const named = batchesOf(new DataLoader(['a'], { batchSize: 1 }));
  same<typeof named, string[]>();
});

test.run();
