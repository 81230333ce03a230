// Samplers against PyTorch's: which examples come, how often, in whose share.
import * as assert from 'uvu/assert';
import { DataLoader, DistributedSampler, TensorDataset, WeightedRandomSampler } from '../../src/data/index.js';
import { DataError, UsageError } from '../../src/errors.js';
import { suite } from '../support/suite.js';
import { SHARES } from './pytorch.js';

const test = suite('data/samplers');

const refused = (call: () => unknown, type: typeof DataError | typeof UsageError, message: RegExp) =>
  assert.throws(call, (error: Error) => error instanceof type && message.test(error.message));

test('shares of processes are PyTorch’s, padded or cut off', () => {
  for (const [length, worldSize, dropLast, shares] of SHARES) {
    for (const [rank, share] of shares.entries()) {
      const sampler = new DistributedSampler({ rank, worldSize, dropLast, shuffle: false });
      assert.equal([...sampler.indices(0, length)], share, `${rank} of ${worldSize}, ${length} examples, ${dropLast}`);
    }
  }
});

test('the order of an epoch is one, however many processes share it, and a loader’s own for the same seed', () => {
  const rows = new TensorDataset({ x: new Float32Array(24) });
  for (const epoch of [0, 3]) {
    const whole = [...new DataLoader(rows, { batchSize: 4, shuffle: true, seed: 9 }).order(epoch)];
    for (const worldSize of [1, 2, 3, 4, 24]) {
      const shares = Array.from({ length: worldSize }, (_, rank) => [
        ...new DistributedSampler({ rank, worldSize, seed: 9 }).indices(epoch, 24),
      ]);
      assert.equal(whole.map((_, i) => shares[i % worldSize][Math.floor(i / worldSize)]), whole); // biome-ignore format: one line
      assert.equal(shares.flat().sort((a, b) => a - b), [...Array(24).keys()], 'disjoint and complete'); // biome-ignore format: one line
    }
  }
  const order = (seed: number, epoch: number) =>
    [...new DistributedSampler({ rank: 0, worldSize: 1, seed }).indices(epoch, 24)].join();
  assert.is(new Set([order(9, 0), order(9, 1), order(8, 0)]).size, 3);
});

test('weights decide how often an example is drawn', () => {
  const weights = [1, 0, 3, 6, 0.5];
  const total = 10.5;
  const count = 50_000;
  const counts = weights.map(() => 0);
  const sampler = new WeightedRandomSampler(weights, { count, seed: 3 });
  const drawn = sampler.indices(0, 5);
  assert.is(drawn.length, count);
  for (const i of drawn) counts[i]++;
  for (const [i, weight] of weights.entries()) {
    const share = weight / total;
    const deviation = Math.sqrt(count * share * (1 - share));
    assert.ok(Math.abs(counts[i] - count * share) <= 4 * deviation, `${i}: ${counts[i]}, expected ${count * share}`);
  }
  assert.equal(sampler.indices(0, 5), drawn);
  assert.is.not(sampler.indices(1, 5).join(), drawn.join());
});

test('without replacement each comes once, the heavier earlier: the first as with it, the second from what is left', () => {
  const weights = [1, 2, 0, 5];
  const runs = 20_000;
  const firsts = [0, 0, 0, 0];
  let secondAfterLast = 0;
  for (let epoch = 0; epoch < runs; epoch++) {
    const drawn = new WeightedRandomSampler(weights, { count: 3, replacement: false }).indices(epoch, 4);
    assert.equal([...drawn].sort(), [0, 1, 3]);
    firsts[drawn[0]]++;
    if (drawn[0] === 3 && drawn[1] === 1) secondAfterLast++;
  }
  const near = (found: number, share: number) =>
    assert.ok(Math.abs(found - runs * share) < 4 * Math.sqrt(runs * share * (1 - share)), `${found / runs}, ${share}`);
  for (const i of [0, 1, 3]) near(firsts[i], weights[i] / 8);
  near(secondAfterLast, (5 / 8) * (2 / 3));
});

test('what samplers refuse', () => {
  const distributed = (options: object) => () => new DistributedSampler(options as never);
  refused(distributed({ rank: 2, worldSize: 2 }), UsageError, /^DistributedSampler: rank is 0 to 1 of 2 processes, got 2$/); // biome-ignore format: one line
  refused(distributed({ rank: 0 }), UsageError, /worldSize is missing/);
  refused(distributed({ rank: 0, num_replicas: 2 }), UsageError, /there is no option 'num_replicas'/);
  const weighted =
    (weights: number[], options = {}) =>
    () =>
      new WeightedRandomSampler(weights, options);
  refused(weighted([1, -1]), UsageError, /^WeightedRandomSampler: a weight is a finite number, 0 or more, got -1$/);
  refused(weighted([1, Number.NaN]), UsageError, /got NaN/);
  refused(weighted([0, 0]), UsageError, /no weight is above 0/);
  refused(weighted([]), UsageError, /no weight is above 0/);
  refused(weighted([1, 0, 1], { count: 3, replacement: false }), UsageError, /3 examples cannot be drawn, 2 have a weight above 0/); // biome-ignore format: one line
  refused(() => new WeightedRandomSampler([1, 2]).indices(0, 3), DataError, /^WeightedRandomSampler: 2 weights for 3 examples$/); // biome-ignore format: one line
});

test('a loader takes a sampler, or a function, and looks at what it gives', async () => {
  const rows = new TensorDataset({ x: Float32Array.from({ length: 10 }, (_, i) => i) });
  const epochs = async (sampler: object, options = {}) => {
    const loader = new DataLoader(rows, { batchSize: 4, sampler: sampler as never, ...options });
    const seen: number[] = [];
    for await (const { x } of loader.epoch(1)) seen.push(...x.data);
    assert.is(seen.length, loader.length);
    return seen;
  };
  assert.equal(await epochs((epoch: number) => [9, 9, epoch]), [9, 9, 1]);
  assert.equal(await epochs((_: number, length: number) => Array(length).keys(), { dropLast: true }), [...Array(8).keys()]); // biome-ignore format: one line
  const share = new DistributedSampler({ rank: 1, worldSize: 3 });
  assert.equal(await epochs(share), [...share.indices(1, 10)]);
  const given =
    (sampler: unknown, options = {}) =>
    () =>
      new DataLoader(rows, { batchSize: 4, sampler: sampler as never, ...options });
  refused(
    given(() => [0, 10]),
    DataError,
    /^DataLoader: the sampler gives 10, the examples are 0 to 9$/,
  );
  refused(
    given(() => [0.5]),
    DataError,
    /the sampler gives 0.5/,
  );
  refused(
    given(() => []),
    DataError,
    /the sampler gives none of 10 examples/,
  );
  refused(
    given(() => 3),
    UsageError,
    /a sampler gives a list of numbers, got 3/,
  );
  refused(given([1, 2]), UsageError, /sampler is a sampler, such as a WeightedRandomSampler/);
  refused(
    given(() => [1], { shuffle: true }),
    UsageError,
    /the sampler decides the order: leave shuffle out/,
  );
  const growing = new DataLoader(rows, { batchSize: 4, sampler: (epoch) => Array(3 + epoch).keys() });
  assert.equal([...growing.order(0)], [0, 1, 2]);
  refused(() => growing.order(2), DataError, /gives 5 examples in epoch 2; 3 are needed, as many as in epoch 0/);
});

test('what orders a loader tells samplers apart', () => {
  const rows = new TensorDataset({ x: new Float32Array(20) });
  const of = (sampler: DistributedSampler | WeightedRandomSampler) =>
    JSON.stringify(new DataLoader(rows, { batchSize: 4, sampler }).orderedBy);
  const all = [
    of(new DistributedSampler({ rank: 0, worldSize: 2 })),
    of(new DistributedSampler({ rank: 1, worldSize: 2 })),
    of(new DistributedSampler({ rank: 0, worldSize: 4 })),
    of(new DistributedSampler({ rank: 0, worldSize: 2, seed: 1 })),
    of(new WeightedRandomSampler(Array(20).fill(1))),
  ];
  assert.is(new Set(all).size, 5);
  assert.is(of(new DistributedSampler({ rank: 0, worldSize: 2 })), all[0]);
});

test.run();
