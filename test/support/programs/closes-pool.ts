// A program whose pool is closed while an answer is on its way, for test/node/worker-pool.test.ts.
import { WorkerPool } from '../../../src/node/worker-pool.js';

const flag = new SharedArrayBuffer(4);
const pool = new WorkerPool<string, string>(new URL('../../node/fragile-worker.js', import.meta.url), 1, {
  workerData: flag,
});
await pool.run('first');
pool.run('tell').catch(() => {}); // answered or closed
Atomics.wait(new Int32Array(flag), 0, 0);
await pool.close();
console.log('closed');
