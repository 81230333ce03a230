// What may be cut by outputs; test/mpi trains with it.
import * as assert from 'uvu/assert';
import { checkCuttable } from '../../src/distributed/model-parallel.js';
import { checkShardable } from '../../src/distributed/shards.js';
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

test.run();
