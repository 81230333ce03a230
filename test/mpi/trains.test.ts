// Several processes train as one does that accumulates: the same losses, weights, figures and random numbers.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { readCheckpoint } from '../../src/train/index.js';
import { runJob, withEach } from '../support/mpi.js';
import { built } from '../support/program.js';
import { suite } from '../support/suite.js';
import { difference, type Trained, trainAlone, trainTogether } from '../support/trained.js';
import { SMALL_RUN, startTrainer } from '../support/trainer-program.js';

const TOLERANCE = 1e-5;
const test = suite('mpi/trains');
/** Enough for 20 updates and more. */
const TWENTY: Record<number, string[]> = { 2: ['--epochs', '3'], 4: ['--epochs', '5'] };
const alone = new Map<number, Trained>();
let folder = '';

test.before(async () => {
  folder = mkdtempSync(`${tmpdir()}/wgrad-mpi-`);
  for (const ranks of [2, 4]) alone.set(ranks, await trainAlone('--accumulate', String(ranks), ...TWENTY[ranks]));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

function assertSame(one: Trained, other: Trained): void {
  const apart = difference(one, other);
  assert.ok(Math.max(...Object.values(apart)) <= TOLERANCE, JSON.stringify(apart));
}

/** Without the losses of batches, which are others. */
const without = (trained: Trained): Trained => ({
  ...trained,
  all: trained.all.map((one) => ({ ...one, losses: [] })),
});

for (const ranks of [2, 4]) {
  withEach(
    test,
    `${ranks} processes are one that accumulates ${ranks} batches, and again to the bit`,
    async (launcher) => {
      const one = alone.get(ranks)!;
      const together = await trainTogether(launcher, ranks, ...TWENTY[ranks]);
      assertSame(one, together);
      assert.equal(together.all[0].rng, one.all[0].rng);
      const again = await trainTogether(launcher, ranks, ...TWENTY[ranks]);
      assert.equal(again.all, together.all);
    },
  );
}

withEach(
  test,
  'an epoch that does not come out even, and accumulation without a reduction between',
  async (launcher) => {
    const uneven = ['--examples', '70', '--epochs', '2']; // 18 batches, the last of 2; 5 updates of up to 4
    const one = await trainAlone(...uneven, '--accumulate', '4');
    assertSame(one, await trainTogether(launcher, 2, ...uneven, '--accumulate', '2'));
    assertSame(one, await trainTogether(launcher, 4, ...uneven));
  },
);

withEach(
  test,
  'gradients are reduced while the backward pass goes on, and what is waited for is counted',
  async (launcher) => {
    let overlapped = false;
    // A backward pass of milliseconds may be over before a busy machine has read anything: not every time.
    for (let attempt = 0; attempt < 6 && !overlapped; attempt++) {
      const { spans, seconds } = await trainTogether(launcher, 2, '--steps', '3', '--bucket', '100');
      const reductions = spans.filter(({ what }) => what === 'reduction');
      const backward = spans.find(({ what }) => what === 'backward')!;
      assert.ok(reductions.length >= 3, JSON.stringify(spans));
      assert.ok(seconds.waited >= 0 && seconds.waited < seconds.steps);
      overlapped = reductions[0].from < backward.to;
    }
    assert.ok(overlapped, 'no reduction began before the backward pass had ended');
  },
);

withEach(test, 'a run goes on with another number of processes, in the middle of an epoch', async (launcher) => {
  const whole = await trainAlone('--accumulate', '4', '--epochs', '2', '--norm');
  const file = `${folder}/${launcher.name}.safetensors`.replaceAll(' ', '');
  const short = ['--epochs', '2', '--norm', '--save', file];
  await trainTogether(launcher, 4, ...short, '--steps', '2');
  await trainTogether(launcher, 2, ...short, '--accumulate', '2', '--resume', file, '--steps', '3');
  const ended = await trainAlone('--epochs', '2', '--norm', '--accumulate', '4', '--resume', file);
  const { weights } = ended;
  for (const [name, values] of Object.entries(whole.weights)) {
    if (/running/.test(name)) continue; // each process has seen other batches: they are averaged
    const most = Math.max(...values.map((w, i) => Math.abs(w - weights[name][i])));
    assert.ok(most <= TOLERANCE, `${name}: ${most}`);
  }
});

withEach(test, 'a sharded optimizer ends with the same bits, and its checkpoint is the same', async (launcher) => {
  const adam = ['--optimizer', 'adamw', '--epochs', '2'];
  const plain = await trainTogether(launcher, 2, ...adam, '--halve'); // weights are set between two fits
  const sharded = await trainTogether(launcher, 2, ...adam, '--halve', '--shard');
  assert.equal(sharded.all, plain.all); // of two numbers the sum is the same in either order
  const file = `${folder}/${launcher.name}-shards.safetensors`.replaceAll(' ', '');
  await trainTogether(launcher, 4, ...adam, '--shard', '--save', file, '--steps', '3');
  const ended = await trainAlone(...adam, '--accumulate', '4', '--resume', file);
  const whole = await trainAlone(...adam, '--accumulate', '4');
  const apart = difference(whole, { ...ended, all: whole.all }).weights;
  assert.ok(apart <= 1e-4, String(apart)); // Adam divides by gradients' sizes, which may be near 0
});

withEach(test, 'dense layers that are cut by outputs train as whole ones, and again to the bit', async (launcher) => {
  const cut = await trainTogether(launcher, 2, ...TWENTY[2], '--cut');
  assertSame(alone.get(2)!, cut);
  assert.equal((await trainTogether(launcher, 2, ...TWENTY[2], '--cut')).all, cut.all);
  const uneven = ['--examples', '70', '--epochs', '2', '--halve']; // at an epoch's end some have a smaller batch, or none
  const one = await trainAlone(...uneven, '--accumulate', '4');
  assertSame(one, await trainTogether(launcher, 2, ...uneven, '--accumulate', '2', '--cut', '--shard'));
  const file = `${folder}/${launcher.name}-cut.safetensors`.replaceAll(' ', '');
  const adam = ['--optimizer', 'adamw', '--epochs', '2'];
  await trainTogether(launcher, 4, ...adam, '--cut', '--save', file, '--steps', '3');
  const ended = await trainAlone(...adam, '--accumulate', '4', '--resume', file);
  const whole = await trainAlone(...adam, '--accumulate', '4');
  const apart = difference(whole, { ...ended, all: whole.all }).weights;
  assert.ok(apart <= 1e-4, String(apart)); // as above
});

withEach(
  test,
  'averages and best weights of callbacks are the same in all processes, resumed too',
  async (launcher) => {
    const ways = ['--watch', '--epochs', '3'];
    const one = await trainAlone(...ways, '--accumulate', '2');
    assertSame(one, await trainTogether(launcher, 2, ...ways));
    const file = `${folder}/${launcher.name}-watched.safetensors`.replaceAll(' ', '');
    await trainTogether(launcher, 2, ...ways, '--save', file, '--steps', '13');
    const resumed = await trainTogether(launcher, 2, ...ways, '--resume', file); // the first process alone reads it
    assertSame(without(one), without(resumed));
  },
);

withEach(test, 'a layer that is cut may be computed again, and set at the end of an epoch', async (launcher) => {
  const ways = ['--again', '--shrink', '--epochs', '2', '--examples', '70'];
  const one = await trainAlone(...ways, '--accumulate', '2');
  const file = `${folder}/${launcher.name}-shrunk.safetensors`.replaceAll(' ', '');
  assertSame(one, await trainTogether(launcher, 2, ...ways, '--cut', '--save', file));
  const saved = readCheckpoint(readFileSync(file), file).tensors;
  for (const [name, values] of Object.entries(one.weights))
    for (const [i, w] of values.entries()) assert.ok(Math.abs(w - saved.get(name)!.data[i]) <= TOLERANCE, name);
});

/** 10 updates and more. At an epoch's end two of four processes have no batch. */
const NORMS = ['--norms', '--drop', '0', '--epochs', '2'];
const whole = new Map<number, Trained>();

withEach(test, 'synchronized batch normalization is that of one process with the whole batch', async (launcher) => {
  for (const ranks of [2, 4]) {
    const one = whole.get(ranks) ?? (await trainAlone(...NORMS, '--batch', String(4 * ranks)));
    whole.set(ranks, one);
    const cut = ranks === 4 ? ['--cut'] : []; // both meet in the middle of a pass
    const together = await trainTogether(launcher, ranks, ...NORMS, '--sync', '--bucket', '100', ...cut);
    const { weights, figures } = difference(without(one), without(together)); // running statistics are among the weights
    assert.ok(Math.max(weights, figures) <= TOLERANCE, JSON.stringify({ ranks, weights, figures }));
  }
});

/** Of weights, after 10 updates and more: halves have 11 bits, and gradients are rounded twice. */
const HALF_TOLERANCE = 2e-3;

withEach(test, 'gradients that travel as halves', async (launcher) => {
  const one = alone.get(2)!;
  const halves = await trainTogether(launcher, 2, ...TWENTY[2], '--transport', 'f16');
  const apart = difference(one, halves);
  assert.ok(
    apart.weights > 0 && apart.weights <= HALF_TOLERANCE && apart.losses <= HALF_TOLERANCE,
    JSON.stringify(apart),
  );
  const again = await trainTogether(launcher, 2, ...TWENTY[2], '--transport', 'f16');
  assert.equal(again.all, halves.all);
  const sharded = await trainTogether(launcher, 2, ...TWENTY[4], '--transport', 'f16', '--shard', '--accumulate', '2');
  const { weights, losses } = difference(alone.get(4)!, sharded);
  assert.ok(weights > 0 && weights <= HALF_TOLERANCE && losses <= HALF_TOLERANCE, JSON.stringify({ weights, losses }));
});

/** The weights that a run was saved with last, all in a row. */
function weightsIn(out: string): number[] {
  const { tensors } = readCheckpoint(readFileSync(`${out}/last.safetensors`), out);
  const named = [...tensors].filter(([name]) => name.startsWith('model.'));
  return named.flatMap(([, { data }]) => Array.from(data as Float32Array));
}

withEach(
  test,
  'the program of npm run dogcat: one process prints and saves, and one alone goes on',
  async (launcher) => {
    const out = `${folder}/${launcher.name}-dogcat`.replaceAll(' ', '');
    const program = [built('examples/dogcat.js'), ...SMALL_RUN, '--out', out, '--steps', '3'];
    const { code, output } = await runJob({ launcher, ranks: 2, program });
    assert.is(code, 0, output);
    const ways = ['--model-parallel', '--shard-optimizer', '--transport', 'f16', '--out', `${out}-parts`];
    const parts = await runJob({ launcher, ranks: 2, program: [...program, ...ways] });
    assert.is(parts.code, 0, parts.output);
    const [one, other] = [out, `${out}-parts`].map(weightsIn);
    const apart = Math.max(...one.map((w, i) => Math.abs(w - other[i])));
    assert.ok(apart > 0 && apart <= HALF_TOLERANCE, String(apart));
    assert.match(output, /2 processes, 2 of them on this machine, over .*: 16 pictures an update/);
    assert.is(output.match(/Stopped and saved at step 3/g)?.length, 1, output);
    const alone = await startTrainer(['--resume', out, '--steps', '4']).ended;
    assert.match(alone.output, /Going on at step 3[\s\S]*Stopped and saved at step 4/);
  },
);

test.run();
