import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { DataError } from '../../src/errors.js';
import { WorkerPool } from '../../src/node/worker-pool.js';
import { handTimers } from '../support/hand-timers.js';
import { built, startProgram } from '../support/program.js';
import { suite } from '../support/suite.js';

const test = suite('worker-pool');
const script = new URL('./fragile-worker.js', import.meta.url);

async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('did not fail'),
    (reason) => reason,
  );
  assert.instance(error, DataError);
  return error.message;
}

test('tasks are shared out, and a failed task is only a failed task', async () => {
  const pool = new WorkerPool<string, string>(script, 2);
  const replies = await Promise.all(Array.from({ length: 12 }, (_, i) => pool.run(`task ${i}`)));
  for (const [i, reply] of replies.entries()) assert.match(reply, `task ${i} by`);
  assert.is(new Set(replies.map((reply) => reply.split(' by ')[1])).size, 2);
  assert.is(await failure(pool.run('fail')), 'no such thing');
  assert.match(await pool.run('next'), 'next by');
  await pool.close();
});

test('a thread that dies is replaced, its task reported, the others done', async () => {
  const pool = new WorkerPool<string, string>(script, 1);
  const [death, crash, after] = await Promise.all([
    failure(pool.run('die')),
    failure(pool.run('crash')),
    pool.run('after'),
  ]);
  assert.match(death, /died at its task/);
  assert.match(crash, /died at its task \(crashed\)/);
  assert.match(after, 'after by');
  await pool.close();
});

test('a task that hangs is given up; neither the start of a thread nor the time between tasks counts', async () => {
  const limitMs = 12_345;
  using clock = handTimers(limitMs);
  const pool = new WorkerPool<string, string>(script, 1, { limitMs });
  const hears = new BroadcastChannel('fragile-worker');
  const first = pool.run('first');
  clock.runOut(); // its thread has not begun
  assert.match(await first, 'first by');
  clock.runOut(); // it has nothing to do
  assert.match(await pool.run('second'), 'second by');
  const hangs = new Promise<void>((resolve) => {
    hears.onmessage = () => resolve();
  });
  const [hang, after] = [failure(pool.run('hang')), pool.run('after')];
  await hangs;
  clock.runOut();
  assert.match(await hang, /not done after 12.345 s/);
  assert.match(await after, 'after by');
  hears.close();
  await pool.close();
});

test('an answer that comes as its task is given up does no harm to the next', async () => {
  const limitMs = 12_345;
  using clock = handTimers(limitMs);
  const flag = new SharedArrayBuffer(4);
  const pool = new WorkerPool<string, string>(script, 1, { limitMs, workerData: flag });
  await pool.run('first');
  const late = failure(pool.run('tell'));
  Atomics.wait(new Int32Array(flag), 0, 0);
  clock.runOut();
  assert.match(await late, /not done after/);
  await new Promise(setImmediate); // the answer comes, from a thread that is ending
  assert.match(await pool.run('after'), 'after by');
  await pool.close();
});

test('a program that closes a pool as an answer comes goes on', async () => {
  const { code, output } = await startProgram([built('test/support/programs/closes-pool.js')]).ended;
  assert.is(code, 0, output);
  assert.is(output, 'closed\n');
});

test('a task is tried again as often as asked', async () => {
  const pool = new WorkerPool<string, string>(script, 1, { attempts: 3 });
  assert.match(await failure(pool.run('die')), /died/);
  assert.match(await pool.run('after'), 'after by');
  await pool.close();
});

test('a task whose thread died is done by the next one, once', async () => {
  const folder = mkdtempSync(`${tmpdir()}/wgrad-pool-`);
  const pool = new WorkerPool<string, string>(script, 2, { attempts: 2 });
  const tasks = Array.from({ length: 9 }, (_, i) => (i % 3 === 0 ? `die once ${folder}/${i}` : `task ${i}`));
  const replies = await Promise.all(tasks.map((task) => pool.run(task)));
  assert.equal(
    replies.map((reply) => reply.split(' by ')[0]),
    tasks,
  );
  await pool.close();
  rmSync(folder, { recursive: true });
});

test('closing settles every task', async () => {
  const pool = new WorkerPool<string, string>(script, 1);
  const tasks = [failure(pool.run('hang')), failure(pool.run('waiting'))];
  await pool.close();
  await Promise.all(tasks);
  assert.match(await failure(pool.run('late')), /closed/);
});

test.run();
