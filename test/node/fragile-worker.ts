// A thread for worker-pool.test.ts that can be told to die, hang, or fail.
import { existsSync, writeFileSync } from 'node:fs';
import { threadId, workerData } from 'node:worker_threads';
import { serve } from '../../src/node/worker-service.js';

serve((task: string) => {
  if (task === 'tell') {
    const flag = new Int32Array(workerData as SharedArrayBuffer);
    setImmediate(() => {
      Atomics.store(flag, 0, 1); // the answer is on its way
      Atomics.notify(flag, 0);
    });
  }
  if (task === 'die') process.exit(3);
  if (task.startsWith('die once ') && !existsSync(task.slice(9))) {
    writeFileSync(task.slice(9), '');
    process.exit(3);
  }
  if (task === 'crash')
    setTimeout(() => {
      throw new Error('crashed');
    });
  if (task === 'hang') {
    new BroadcastChannel('fragile-worker').postMessage('hangs');
    for (;;);
  }
  if (task === 'fail') throw new Error('no such thing');
  return task === 'crash' ? new Promise(() => {}) : `${task} by ${threadId}`;
});
