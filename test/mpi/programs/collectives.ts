// Every collective against what it should give, at awkward lengths, for each kind of numbers.
import assert from 'node:assert/strict';
import { initDistributed, type Numbers } from '../../../src/distributed/index.js';
import { init, tensor } from '../../../src/index.js';

// 1 process without a launcher, or as many as the first argument says.
const world = await initDistributed({ timeout: 60 });
const { rank, size } = world;
assert.equal(size, Number(process.argv[2]));
assert.equal(await initDistributed(), world);
assert.equal(world.localSize, size);
assert.equal(world.localRank, rank);
if (size > 1) assert.match(process.env.LP_NUM_THREADS!, /^\d+$/);

/** Element i of a rank's numbers: small and whole, so that sums are exact in any order. */
const element = (of: number, i: number) => ((of + 1) * (i + 3)) % 17;
const ranks = Array.from({ length: size }, (_, r) => r);
const COMBINE = {
  sum: (all: number[]) => all.reduce((a, b) => a + b),
  max: (all: number[]) => Math.max(...all),
  min: (all: number[]) => Math.min(...all),
};

for (const Kind of [Float32Array, Float64Array, Int32Array]) {
  for (const length of [0, 1, 70_001]) {
    const own = () => new Kind(length * size).map((_, i) => element(rank, i));
    for (const op of length === 1 ? (['sum', 'max', 'min'] as const) : (['sum'] as const)) {
      const combined = new Kind(length * size).map((_, i) => COMBINE[op](ranks.map((r) => element(r, i))));
      assert.deepEqual(await world.allReduce(own(), { op }), combined);
      assert.deepEqual(await world.reduceScatter(own(), { op }), combined.slice(rank * length, (rank + 1) * length));
    }
  }
}
for (const Kind of [Float32Array, Float64Array, Int32Array, Uint8Array]) {
  for (const length of [0, 3, 70_001]) {
    const of = (r: number) => new Kind(length).map((_, i) => element(r, i)) as Numbers;
    assert.deepEqual(
      [...(await world.allGather(of(rank)))],
      ranks.flatMap((r) => [...of(r)]),
    );
    for (const root of [0, size - 1]) assert.deepEqual(await world.broadcast(of(rank), root), of(root));
    const sent = new Kind(length * size).map((_, i) => element(rank, i)) as Numbers;
    const came = ranks.flatMap((r) => Array.from({ length }, (_, i) => new Kind([element(r, rank * length + i)])[0]));
    assert.deepEqual([...(await world.allToAll(sent))], came);
  }
}
assert.deepEqual(await world.each({ rank, text: 'x'.repeat(10 * rank) }), ranks.map((r) => ({ rank: r, text: 'x'.repeat(10 * r) }))); // biome-ignore format: one line

// Several at once, and the event loop goes on meanwhile.
let ticks = 0;
const timer = setInterval(() => ticks++, 1);
const many = ranks.concat(ranks).map((_, i) => world.allReduce(new Float32Array(2 ** 20).fill(i)));
for (const [i, sums] of (await Promise.all(many)).entries()) assert.ok(sums.every((sum) => sum === i * size));
clearInterval(timer);
if (size > 1) assert.ok(ticks > 0, 'no timer ran during the reductions');

await init();
const x = tensor([rank, 1, 2 * rank]);
assert.equal(await world.allReduce(x), x);
const sumOfRanks = (size * (size - 1)) / 2;
assert.deepEqual(await x.data(), Float32Array.of(sumOfRanks, size, 2 * sumOfRanks));
await world.broadcast(x.detach(), size - 1);
assert.deepEqual(await world.allGather(tensor(Int32Array.of(rank))), Int32Array.from(ranks));

await assert.rejects(world.allReduce(new Uint8Array(2)), /allReduce: bytes are not combined; make them i32 or f32/);
await assert.rejects(world.allReduce([1] as never), /allReduce: takes a tensor, or a Float32Array.*, got \[1\]/);
await assert.rejects(
  world.broadcast(new Float32Array(1), size),
  new RegExp(`root is a rank, 0 to ${size - 1}, got ${size}`),
);
if (size > 1)
  await assert.rejects(world.allToAll(new Float32Array(size + 1)), /cannot be cut into \d equal parts; pad them/);
await world.barrier();
if (world.isFirst) console.log(`right on ${size} ranks: ${world.library}`);
