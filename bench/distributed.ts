// What an exchange of gradients costs here, by size and by what they travel as: f32, halves that the
// device makes and adds up, and, to compare, that JavaScript does.
// Under mpirun; the first process prints a table. `mpirun -np 2 node build/bench/distributed.js [MB ...]`.
import { loadavg } from 'node:os';
import { gather, scatter } from '../src/distributed/buckets.js';
import { initDistributed } from '../src/distributed/index.js';
import { type Sums, transportOf } from '../src/distributed/transport.js';
import { fromHalves, toHalves } from '../src/half.js';
import { full, init, sync, type Tensor } from '../src/index.js';
import { roundUp } from '../src/math.js';

const MEGABYTES = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [0.1, 1, 4, 16, 64];
const TIMES = 7;

const world = await initDistributed();
await init();
const [f32, f16] = [transportOf(world, 'f32', false), transportOf(world, 'f16', false)];

/** A way of gradients from the device to everyone's sums on it. */
interface Way {
  name: string;
  read(t: Tensor): Promise<ArrayBuffer>;
  sum(own: ArrayBuffer): Promise<Sums>;
  write(sums: Sums, t: Tensor): void;
}
const read = (t: Tensor, bytes: 2 | 4) => gather([t.buffer], [t], [0], t.size, bytes);
const write = (sums: Sums, t: Tensor) => scatter(sums, [t.buffer], [t], [0]);
const halvesOf = (bytes: Uint8Array) => new Uint16Array(bytes.buffer);
const bytesOf = (halves: Uint16Array) => new Uint8Array(halves.buffer);
/** The sum of all processes' parts. */
function sumOf(halves: Uint16Array): Uint16Array {
  const numbers = fromHalves(halves);
  const count = numbers.length / world.size;
  const sums = numbers.slice(0, count);
  for (let part = 1; part < world.size; part++) for (let i = 0; i < count; i++) sums[i] += numbers[part * count + i];
  return toHalves(sums);
}
const WAYS: Way[] = [
  { name: 'f32', read: (t) => read(t, 4), sum: f32.sum, write },
  { name: 'halves', read: (t) => read(t, 2), sum: async (own) => f16.gather!(await f16.sum(own)), write },
  {
    name: 'halves, by JavaScript',
    read: async (t) => toHalves(new Float32Array(await read(t, 4))).buffer,
    sum: async (own) =>
      halvesOf(await world.allGather(bytesOf(sumOf(halvesOf(await world.allToAll(new Uint8Array(own))))))),
    write: (sums, t) => write(fromHalves(sums), t),
  },
];

/** Milliseconds of each part, of the slowest process. The least of several are shown: a machine may have other work. */
async function once({ read, sum, write }: Way, t: Tensor): Promise<Float64Array> {
  await world.barrier();
  const from = performance.now();
  const own = await read(t);
  const there = performance.now();
  const sums = await sum(own);
  const summed = performance.now();
  write(sums, t);
  await sync();
  const end = performance.now();
  return world.allReduce(Float64Array.of(there - from, summed - there, end - summed, end - from), { op: 'max' });
}

if (world.isFirst) {
  console.log(`${world.size} processes, ${world.library}; load ${loadavg()[0].toFixed(1)}; milliseconds`);
  console.log('| MB | travel as | readback | sum | write-back | all |\n| --- | --- | --- | --- | --- | --- |');
}
for (const megabytes of MEGABYTES) {
  const t = full([roundUp(Math.round((megabytes * 1e6) / 4), 4 * world.size)], 2 ** -8);
  const all = WAYS.map((): Float64Array[] => []);
  for (let i = 0; i <= TIMES; i++)
    for (const [k, way] of WAYS.entries()) {
      const times = await once(way, t);
      if (i > 0) all[k].push(times);
    }
  for (const [k, { name }] of WAYS.entries()) {
    const parts = [0, 1, 2, 3].map((part) => Math.min(...all[k].map((times) => times[part])).toFixed(1));
    if (world.isFirst) console.log(`| ${[megabytes, name, ...parts].join(' | ')} |`);
  }
  t.dispose();
}
