// What an exchange of gradients costs here, by size: readback from the device, all-reduce in f32 and as halves, write-back. Under mpirun; the first
// process prints a table. `mpirun -np 2 node build/bench/distributed.js`.
import { gather, scatter } from '../src/distributed/buckets.js';
import { initDistributed } from '../src/distributed/index.js';
import { reducing } from '../src/distributed/transport.js';
import { init, sync, zeros } from '../src/index.js';

const MEGABYTES = [0.1, 1, 4, 16, 64];
const TIMES = 5;

const world = await initDistributed();
await init();
/** The median of the slowest process' milliseconds. */
async function time(work: () => Promise<unknown>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i <= TIMES; i++) {
    await world.barrier();
    const from = performance.now();
    await work();
    const [slowest] = await world.allReduce(Float64Array.of(performance.now() - from), { op: 'max' });
    if (i > 0) all.push(slowest);
  }
  return all.sort((a, b) => a - b)[TIMES >> 1];
}
const [f32, f16] = [reducing(world, 'f32', false), reducing(world, 'f16', false)];
const rows: string[] = [];
for (const megabytes of MEGABYTES) {
  const size = (Math.round((megabytes * 1e6) / 4 / world.size) + 1) * world.size;
  const t = zeros([size]);
  const values = new Float32Array(size);
  const readback = await time(() => gather([t.buffer], [t], [0], size));
  const whole = await time(() => f32(values));
  const halves = await time(() => f16(values));
  const writeBack = await time(async () => {
    scatter(values, [t.buffer], [t], [0]);
    await sync();
  });
  rows.push(
    [megabytes, readback, whole, halves, writeBack].map((n, i) => (i === 0 ? String(n) : n.toFixed(1))).join(' | '),
  );
  t.dispose();
}
if (world.isFirst) {
  console.log(`${world.size} processes, ${world.library}`);
  console.log('| MB | readback, ms | all-reduce, f32 | as halves | write-back |\n| --- | --- | --- | --- | --- |');
  for (const row of rows) console.log(`| ${row} |`);
}
