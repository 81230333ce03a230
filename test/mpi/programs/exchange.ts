// Exchanges gradients as halves, and compares everyone's sums, bit for bit, with what the definition gives: each process' numbers rounded to
// halves, added up in f32 in the order of the ranks, the sum rounded again. 1 process without a launcher, or as many as MPI starts.
import assert from 'node:assert/strict';
import { bucketsOf, Exchange, type Span, writeGradients } from '../../../src/distributed/buckets.js';
import { initDistributed } from '../../../src/distributed/index.js';
import { transportOf } from '../../../src/distributed/transport.js';
import { fromHalves, toHalves } from '../../../src/half.js';
import { init, parameter, tensor, zeros } from '../../../src/index.js';
import { seeded } from '../../support/random.js';

const world = await initDistributed({ timeout: 60 });
await init();
const { rank, size } = world;
const SIZES = [1, 15, 7, 257, 8, 1021, 3];

/** Some that are rounded, small and large beside each other, subnormal, above 65504 once rounded or added up, and no numbers. */
const AWKWARD = [2049, 1e-7, 6e-8, -5e-8, 2 ** -25, 60000, -60000, 65519, 65520, 1e30, Infinity, -Infinity, NaN, -0];

/** A process' gradient of a parameter; null where it has none. */
function gradientOf(of: number, place: number): Float32Array | null {
  if (place === 3 && of === size - 1) return null;
  if (place === 6) return null; // nobody's, a bucket of its own
  const values = seeded(SIZES[place], 100 * of + place, 10);
  if (place === 1) values.set(AWKWARD); // the same in all
  if (place === 5) values.set(AWKWARD, of); // meeting others
  return values;
}

/** What all have of a parameter, in f32. */
function sumOf(place: number): Float32Array {
  const each = Array.from({ length: size }, (_, of) =>
    fromHalves(toHalves(gradientOf(of, place) ?? new Float32Array(SIZES[place]))),
  );
  return each.slice(1).reduce((sums, values) => sums.map((sum, i) => sum + values[i]), each[0]);
}

/** Bits, of a NaN always the same. */
const bitsOf = (values: Float32Array) =>
  Array.from(new Uint32Array(values.slice().buffer), (bits, i) => (Number.isNaN(values[i]) ? Number.NaN : bits));

const params = SIZES.map((length) => parameter(zeros([length])));
const buckets = bucketsOf(params, 1100, size);
assert.deepEqual(buckets.map((bucket) => bucket.params.length), [4, 2, 1]); // biome-ignore format: one line
for (const { length } of buckets) assert.equal(length % (4 * size), 0);

for (const part of [false, true]) {
  for (const [place, p] of params.entries()) {
    const own = gradientOf(rank, place);
    p.grad = own && tensor(own);
  }
  const spans: Span[] = [];
  const exchange = new Exchange(buckets, transportOf(world, 'f16', part), spans);
  for (const p of [...params].reverse()) exchange.ready(p);
  const sums = await exchange.finish();
  for (const [i, bucket] of buckets.entries()) {
    const wanted = new Float32Array(bucket.length); // zeros at the end
    for (const [k, p] of bucket.params.entries()) wanted.set(sumOf(params.indexOf(p)), bucket.starts[k]);
    if (part) {
      const each = bucket.length / size;
      assert.ok(sums[i] instanceof Float32Array);
      assert.deepEqual(bitsOf(sums[i]), bitsOf(wanted.slice(rank * each, (rank + 1) * each)));
      continue;
    }
    writeGradients(bucket, sums[i]);
    for (const [k, p] of bucket.params.entries()) {
      const rounded = fromHalves(toHalves(wanted.slice(bucket.starts[k], bucket.starts[k] + p.size)));
      assert.deepEqual(bitsOf(await p.grad!.data()), bitsOf(rounded));
    }
  }
  assert.equal(spans.filter(({ what }) => what === 'reduction').length, (part ? 1 : 2) * buckets.length); // sums, and all that is gathered
}
const all = sumOf(5);
assert.ok(all.some(Number.isNaN) && all.includes(Number.POSITIVE_INFINITY));
await world.barrier();
if (world.isFirst) console.log(`the bits of the definition on ${size} ranks`);
