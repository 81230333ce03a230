// Batch normalization with the statistics of all processes, of which the others are made up here; test/mpi has real ones.
import * as assert from 'uvu/assert';
import type { Sideway } from '../../src/distributed/sideway.js';
import { joinMoments, SyncBatchNorm } from '../../src/distributed/sync-batch-norm.js';
import { BatchNorm2d, mul, Sequential, sum, type Tensor, tensor } from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('layers/sync-batch-norm');
test.before(useDevice);

const CHANNELS = 3;
const SHAPE = [4, CHANNELS, 5, 1];
const values = seeded(60, 4).map((v) => 3 * v + 10);
const upstream = seeded(60, 9);
const twice = (numbers: Float32Array) => Float32Array.of(...numbers, ...numbers);

/** A way on which messages of made-up processes come, too. */
function way(everyone: (own: Float32Array) => Float32Array[]): Sideway {
  const none = async () => Promise.reject(new Error('batch normalization gathers, and nothing else'));
  return { gather: async (own) => Float32Array.from(everyone(await own).flatMap((one) => [...one])), deal: none, sums: none }; // biome-ignore format: one line
}

/** What a pass of a layer gives, all as numbers. */
async function passOf(layer: BatchNorm2d, x: Float32Array, dy: Float32Array) {
  const shape = [x.length / 15, ...SHAPE.slice(1)];
  layer.weight.set([1, 2, 0.5]);
  const input: Tensor = tensor({ data: x, shape }, { requiresGrad: true });
  const y = layer.forward(input);
  sum(mul(y, tensor({ data: dy, shape }))).backward();
  const { weight, bias, runningMean, runningVar } = layer;
  const tensors = { y, dx: input.grad!, dweight: weight.grad!, dbias: bias.grad!, runningMean, runningVar };
  const entries = Object.entries(tensors).map(async ([name, t]) => [name, await t.data()] as const);
  return Object.fromEntries(await Promise.all(entries));
}

function assertNear(one: Float32Array, other: Float32Array, what: string): void {
  assert.is(one.length, other.length, what);
  for (const [i, n] of one.entries()) assert.ok(Math.abs(n - other[i]) <= 1e-5 * (1 + Math.abs(n)), `${what}: ${n}, ${other[i]}`); // biome-ignore format: one line
}

test('with another process that has the same batch it is one process with the batch twice', async () => {
  const whole = await passOf(new BatchNorm2d(CHANNELS), twice(values), twice(upstream));
  const layer = new BatchNorm2d(CHANNELS);
  new SyncBatchNorm(
    new Sequential(layer),
    way((own) => [own, own]),
  );
  const half = await passOf(layer, values, upstream);
  for (const name of ['y', 'dx']) assertNear(half[name], whole[name].slice(0, 60), name);
  for (const name of ['dweight', 'dbias']) assertNear(half[name].map((n) => 2 * n), whole[name], name); // biome-ignore format: one line
  for (const name of ['runningMean', 'runningVar']) assertNear(half[name], whole[name], name);
});

test('a process that has nothing counts for nothing, and evaluation asks nobody', async () => {
  const alone = await passOf(new BatchNorm2d(CHANNELS), values, upstream);
  const layer = new BatchNorm2d(CHANNELS);
  let asked = 0;
  new SyncBatchNorm(
    new Sequential(layer),
    way((own) => {
      asked++;
      return [new Float32Array(own.length), own];
    }),
  );
  const beside = await passOf(layer, values, upstream);
  for (const [name, numbers] of Object.entries(alone)) assertNear(beside[name], numbers, name);
  assert.is(asked, 2);
  layer.eval();
  await passOf(layer, values, upstream);
  assert.is(asked, 2);
});

test('moments of parts are those of the whole', () => {
  const all = [...seeded(50, 2)].map((v) => v + 1000);
  const of = (part: number[]) => {
    const mean = part.reduce((a, b) => a + b, 0) / part.length;
    return { count: part.length, mean, squares: part.reduce((a, b) => a + (b - mean) ** 2, 0) };
  };
  const joined = joinMoments([
    of(all.slice(0, 1)),
    of(all.slice(1, 20)),
    { count: 0, mean: 0, squares: 0 },
    of(all.slice(20)),
  ]);
  const whole = of(all);
  for (const name of ['count', 'mean', 'squares'] as const)
    assert.ok(Math.abs(joined[name] / whole[name] - 1) < 1e-9, name);
});

test('a lost process and a single value in all are told by the next read', async () => {
  const layer = new BatchNorm2d(CHANNELS);
  new SyncBatchNorm(
    new Sequential(layer),
    way(() => {
      throw new RangeError('rank 1 has died');
    }),
  );
  await rejects(layer.forward(tensor({ data: values, shape: SHAPE })).data(), /rank 1 has died/);
  new SyncBatchNorm(
    new Sequential(layer),
    way((own) => [own]),
  );
  const one = tensor({ data: values.slice(0, 3), shape: [1, 3, 1, 1] });
  await rejects(
    layer.forward(one).data(),
    /batchNorm: training needs more than one value a channel, and all processes have one/,
  );
});

async function rejects(read: Promise<unknown>, pattern: RegExp): Promise<void> {
  await read.then(
    () => assert.unreachable('the read should throw'),
    (error) => assert.match(error.message, pattern),
  );
}

test.run();
