// What may be cut by outputs; test/mpi trains with it.
import * as assert from 'uvu/assert';
import { type Meeting, requireSameWay } from '../../src/distributed/meeting.js';
import { checkCuttable, ModelParallel } from '../../src/distributed/model-parallel.js';
import type { Mpi } from '../../src/distributed/mpi.js';
import { checkShardable } from '../../src/distributed/shards.js';
import { openSideway, type Sideway } from '../../src/distributed/sideway.js';
import type { World } from '../../src/distributed/world.js';
import { LARS, Linear, Sequential, SGD } from '../../src/index.js';
import type { TrainerParts } from '../../src/train/fit.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('layers/model-parallel');
test.before(useDevice);

const refuses = (body: () => void, message: string) =>
  assert.throws(body, (error: Error) => error.message.includes(message));

test('layers that cannot be cut are named, with the reason', () => {
  const [first, last] = [new Linear(8, 6), new Linear(6, 4, { bias: false })];
  const model = new Sequential({ first, last });
  const parts = { model, optimizer: new SGD(model.parameters(), { lr: 0.1 }) } as unknown as TrainerParts;
  checkCuttable([first, last], parts, 2);
  checkCuttable([], parts, 5);
  refuses(() => checkCuttable([model as never], parts, 2), 'distribute: modelParallel[0]: is a Linear, got');
  refuses(
    () => checkCuttable([first, new Linear(2, 2)], parts, 2),
    "modelParallel[1]: is not a layer of the trainer's",
  );
  refuses(() => checkCuttable([first, first], parts, 2), "modelParallel[1]: 'first' is named twice");
  refuses(
    () => checkCuttable([first, last], parts, 3),
    "modelParallel[1]: the 4 outputs of 'last' cannot be shared out equally among 3 processes",
  );
  const twin = new Linear(8, 6);
  Object.assign(twin, { weight: first.weight });
  const tied = new Sequential({ first, twin });
  const both = { ...parts, model: tied, optimizer: new SGD(tied.parameters(), { lr: 0.1 }) };
  refuses(() => checkCuttable([first, twin], both, 2), "modelParallel[1]: 'twin' shares a parameter with 'first'");
  last.weight.requiresGrad = false;
  refuses(() => checkCuttable([last], parts, 2), "modelParallel[0]: 'last' is not trained; leave it out");
  const others = { ...parts, optimizer: new SGD([first.weight], { lr: 0.1 }) };
  refuses(() => checkCuttable([first], others, 2), "modelParallel[0]: 'first' is not trained");
});

test('updates that look at whole parameters are refused, and the option is named', () => {
  const model = new Linear(4, 4);
  const parts = { model, optimizer: new SGD(model.parameters(), { lr: 0.1 }) } as unknown as TrainerParts;
  for (const option of ['modelParallel', 'shardOptimizer']) {
    checkShardable(option, parts);
    refuses(() => checkShardable(option, { ...parts, clipGradNorm: 1 }), `distribute: ${option}: clipGradNorm needs`);
    refuses(() => checkShardable(option, { ...parts, precision: 'f16' }), `or without ${option}`);
    const lars = new LARS(model.parameters(), { lr: 0.1 });
    refuses(() => checkShardable(option, { ...parts, optimizer: lars }), `${option}: LARS needs norms of whole`);
  }
});

test('a parameter that is cut is used by its layer alone', () => {
  const [first, last] = [new Linear(8, 6), new Linear(6, 4)];
  const dense = new ModelParallel({ size: 2 } as World, [first, last], {} as Sideway);
  dense.requireOwn([]);
  dense.requireOwn([new Linear(8, 6).weight]);
  refuses(() => dense.requireOwn([first.weight]), 'modelParallel[0]: its weight or bias is used beside its forward');
  refuses(() => dense.requireOwn([last.bias!]), 'modelParallel[1]: its weight or bias is used beside its forward');
});

test('a batch that goes another way than the first one is refused, and not one of another size', () => {
  const forward = { dense: 0, call: 0, way: 'forward', rows: 4, input: true } as const;
  const backward = { ...forward, way: 'backward' } as const;
  const first: Meeting[] = [forward, backward];
  requireSameWay(
    [
      { ...forward, rows: 7 },
      { ...backward, rows: 7 },
    ],
    first,
  );
  const others: Meeting[][] = [[], [forward], [forward, { norm: 3 }], [{ ...forward, dense: 1 }, backward]];
  for (const other of others)
    refuses(() => requireSameWay(other, first), 'modelParallel: a batch goes through other layers than the first');
});

test('numbers are shared out by whole counts on any number of processes', async () => {
  for (const size of [2, 3, 48, 49, 98, 103]) {
    const into: number[] = [];
    const started = (_own: Float32Array, part: Float32Array) => void into.push(part.length);
    const mpi = { size, duplicate: () => ({ communicator: () => 0 }), reduceScatter: started, allGather: started };
    const run = async (_op: string, _data: unknown, start: () => unknown) => void start();
    const way = await openSideway(mpi as unknown as Mpi, run);
    await way.sums(Promise.resolve(new Float32Array(7 * size))); // 49 * (1 / 49) is less than 1
    await way.sums(Promise.resolve(new Float32Array(size)));
    await way.gather(Promise.resolve(new Float32Array(5)));
    assert.equal(into, [7, 1, 5 * size]);
  }
});

test.run();
