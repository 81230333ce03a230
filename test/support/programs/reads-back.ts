// A program that says how its adapter seems to it, for the test of reads.ts.
import { activity, flush, init, matmul, sync, tensor } from '../../../src/index.js';
import { poll } from '../../../src/node/pacer.js';

const SIZE = 512;

await init();
const x = tensor(new Float32Array(SIZE * SIZE).fill(1), { shape: [SIZE, SIZE] });
const [value] = await matmul(x, x).data(); // by now everything is compiled
const start = performance.now();
await x.data();
console.log(`${value}; read again in ${Math.round(performance.now() - start)} ms`);

await sync();
matmul(x, x);
flush();
poll();
await new Promise(setImmediate);
console.log(`${activity().inFlight} submits in flight after one poll`);
