// Batches of a data set of one's own in worker threads: the same as on this one.
import * as assert from 'uvu/assert';
import { collate, DataLoader, mixup, WeightedRandomSampler } from '../../src/data/index.js';
import { DataError, UsageError } from '../../src/errors.js';
import { DatasetWorkers } from '../../src/node/dataset-workers.js';
import * as broken from '../support/broken-dataset.js';
import * as ownCollate from '../support/own-collate.js';
import * as spirals from '../support/spirals.js';
import { suite } from '../support/suite.js';

const test = suite('node/dataset-workers');

const moduleUrl = (name: string) => new URL(`../support/${name}.js`, import.meta.url);

/** The batches of an epoch, as text. */
async function epochOf(workers: number | null, options: object = {}, startBatch = 0): Promise<string[]> {
  const assembler = workers === null ? undefined : new DatasetWorkers(spirals, moduleUrl('spirals'), workers);
  const mix = mixup({ inputs: 'point', labels: 'label', classes: 2 });
  const loader = new DataLoader(spirals.dataset, {
    ...{ batchSize: 5, shuffle: true, seed: 3, assembler, batchTransform: mix },
    ...options,
  });
  const batches: string[] = [];
  for await (const batch of loader.epoch(2, { startBatch })) batches.push(JSON.stringify(batch));
  await assembler?.close();
  return batches;
}

test('no assembler, 0, 1 and 4 workers give the same bits, and so does an epoch resumed in its middle', async () => {
  const expected = await epochOf(null);
  assert.equal([expected.length, new Set(expected).size], [5, 5]);
  for (const workers of [0, 1, 4]) assert.equal(await epochOf(workers), expected);
  for (const workers of [null, 0, 4]) assert.equal(await epochOf(workers, {}, 3), expected.slice(3));
  assert.equal(await epochOf(4, { prefetch: 1 }), expected);
  assert.equal(await epochOf(2, {}, 5), []);
  const sampled = { shuffle: undefined, sampler: new WeightedRandomSampler(Array(23).fill(1), { seed: 1 }) };
  assert.equal(await epochOf(3, sampled), await epochOf(null, sampled));
  assert.is.not((await epochOf(null, { seed: 4 })).join(), expected.join());
});

test('a collate of the module makes the batches, and what it keeps stays whole', async () => {
  for (const workers of [0, 2]) {
    const assembler = new DatasetWorkers(ownCollate, moduleUrl('own-collate'), workers);
    const loader = new DataLoader(ownCollate.dataset, { batchSize: 2, assembler });
    for (const _ of [0, 1]) {
      const seen: number[] = [];
      for await (const { first } of loader.epoch(0)) seen.push(...first);
      assert.equal(seen, [0, 1, 2, 3, 4, 5, 6, 7]);
    }
    await assembler.close();
  }
});

test('an error of get says what it said; a data set that differs in a worker is refused', async () => {
  const failing = async (module: typeof broken | (typeof broken)['shorter'], workers: number): Promise<Error> => {
    const assembler = new DatasetWorkers(module, moduleUrl('broken-dataset'), workers);
    const loader = new DataLoader(module.dataset, { batchSize: 2, assembler });
    const run = async () => {
      for await (const _ of loader.epoch(0));
    };
    const error = await run().then(() => new Error('none'), (reason) => reason); // biome-ignore format: one line
    await assembler.close();
    return error;
  };
  for (const workers of [0, 2]) assert.is((await failing(broken, workers)).message, 'no such row');
  const error = await failing(broken.shorter, 1);
  assert.instance(error, DataError);
  assert.match(error.message, /^DatasetWorkers: the data set of file:.*broken-dataset.js has 8 examples in a worker and 9 outside$/); // biome-ignore format: one line
});

test('a Buffer is bytes, as in any Uint8Array', () => {
  const { data, shape } = collate([Buffer.from([1, 2]), Buffer.from([3, 4])]);
  assert.is(Object.prototype.toString.call(data), '[object Uint8Array]');
  assert.is(data.constructor, Uint8Array);
  assert.equal([[...data], shape], [[1, 2, 3, 4], [2, 2]]); // biome-ignore format: one line
});

test('what is no module, no place or no number of threads is refused; so is a loader of another data set', async () => {
  const refused = (call: () => unknown, message: RegExp) =>
    assert.throws(call, (error: Error) => error instanceof UsageError && message.test(error.message));
  const url = moduleUrl('spirals');
  refused(() => new DatasetWorkers({} as never, url, 1), /the module exports no dataset \{ length, get\(i\) \}, got an Object/); // biome-ignore format: one line
  refused(() => new DatasetWorkers(spirals, './spirals.js' as never, 1), /file is the module's URL/);
  refused(() => new DatasetWorkers(spirals, url, 1.5), /1.5 is not a number of threads/);
  const assembler = new DatasetWorkers(spirals, url, 1);
  const other = { ...spirals.dataset };
  refused(() => new DataLoader(other, { batchSize: 2, assembler }), /the assembler is of another data set than the loader/); // biome-ignore format: one line
  await assembler.close();
});

test.run();
