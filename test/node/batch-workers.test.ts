import type { Worker } from 'node:worker_threads';
import * as assert from 'uvu/assert';
import type { AugmentOptions } from '../../src/data/augment.js';
import type { BatchJob } from '../../src/data/batches.js';
import { DataLoader, type DataLoaderOptions } from '../../src/data/loader.js';
import { cutmix, mixup } from '../../src/data/mix.js';
import { drawnStandIns } from '../../src/data/standins.js';
import {
  colorJitter,
  normalize,
  randAugment,
  randomErasing,
  randomHorizontalFlip,
  randomResizedCrop,
  toTensor,
} from '../../src/data/transforms/index.js';
import { UsageError } from '../../src/errors.js';
import { BatchWorkers } from '../../src/node/batch-workers.js';
import { startProgram } from '../support/program.js';
import { suite } from '../support/suite.js';

const test = suite('batch-workers');
const dataset = drawnStandIns(50, 24, 5).subset(Array.from({ length: 40 }, (_, i) => 49 - i));
const augment: AugmentOptions = {
  crop: 19,
  place: 'random',
  flip: true,
  colourShift: 0.1,
  colours: dataset.colours(),
  seed: 11,
};

async function epochOf(workers: number, options: Partial<DataLoaderOptions> = {}, startBatch = 0): Promise<string[]> {
  const assembler = new BatchWorkers(dataset, options.augment ?? augment, workers);
  const loader = new DataLoader(dataset, { batchSize: 6, shuffle: true, augment, assembler, ...options });
  const batches: string[] = [];
  for await (const { images, labels, indices } of loader.epoch(2, { startBatch })) {
    batches.push(
      [images.data, labels, indices]
        .map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength).toString('hex'))
        .join(' '),
    );
  }
  await assembler.close();
  return batches;
}

test('0, 1 and 4 workers and no assembler give the same bits', async () => {
  const expected = await epochOf(0);
  assert.is(expected.length, 7);
  assert.is(new Set(expected).size, 7);
  assert.equal(await epochOf(0, { assembler: undefined }), expected);
  assert.equal(await epochOf(1), expected);
  assert.equal(await epochOf(4), expected);
  assert.equal(await epochOf(4, { prefetch: 1 }), expected);
});

test('transforms in 0, 1 and 4 workers and without an assembler give the same bits', async () => {
  const { mean, std } = dataset.colours();
  const byte = (values: number[]) => values.map((value) => value / 255);
  const transforms = [
    randomResizedCrop(16),
    randomHorizontalFlip(),
    colorJitter({ brightness: 0.4, hue: 0.1 }),
    randAugment(),
    toTensor(),
    normalize(byte(mean), byte(std)),
    randomErasing(),
  ];
  const options = { augment: { transforms, seed: 11 } };
  const expected = await epochOf(0, options);
  assert.is(new Set(expected).size, 7);
  assert.equal(await epochOf(0, { ...options, assembler: undefined }), expected);
  assert.equal(await epochOf(1, options), expected);
  assert.equal(await epochOf(4, options), expected);
  assert.equal(await epochOf(2, options, 3), expected.slice(3));
});

test('mixed batches in 0, 1 and 4 workers and without an assembler are the same, resumed in the middle too', async () => {
  const epoch = async (workers: number | null, startBatch = 0) => {
    const assembler = workers === null ? undefined : new BatchWorkers(dataset, augment, workers);
    const [blend, paste] = [mixup({ alpha: 0.4 }), cutmix()];
    const loader = new DataLoader(dataset, {
      ...{ batchSize: 6, shuffle: true, augment, assembler },
      batchTransform: (batch, draw) => (draw.random.unit() < 0.5 ? blend : paste)(batch, draw),
    });
    const batches: string[] = [];
    for await (const { images, labels } of loader.epoch(2, { startBatch })) {
      assert.equal(labels.shape, [images.shape[0], 2]);
      batches.push(JSON.stringify([images, labels]));
    }
    await assembler?.close();
    return batches;
  };
  const expected = await epoch(null);
  assert.is(new Set(expected).size, 7);
  for (const workers of [0, 1, 4]) assert.equal(await epoch(workers), expected);
  assert.equal(await epoch(2, 3), expected.slice(3));
});

test('threads that die in the middle of an epoch are replaced, and no picture is lost or comes twice', async () => {
  const expected = await epochOf(0);
  const killed = new BatchWorkers(dataset, augment, 2);
  const { busy } = Reflect.get(killed, 'pool') as { busy: Map<Worker, { job: object }> };
  const interrupted = new Set<object>(); // a job may lose its thread once
  const assembler = {
    assemble(job: BatchJob) {
      const made = killed.assemble(job);
      for (const [worker, { job: underWay }] of busy) {
        if (interrupted.size === 3 || interrupted.has(underWay)) continue;
        interrupted.add(underWay);
        void worker.terminate();
      }
      return made;
    },
  };
  assert.equal(await epochOf(0, { assembler }), expected);
  assert.is(interrupted.size, 3);
  await killed.close();
});

test('an epoch resumed in its middle is the rest of the whole one', async () => {
  const whole = await epochOf(0);
  assert.equal(await epochOf(2, {}, 3), whole.slice(3));
  assert.equal(await epochOf(2, {}, 7), []);
});

test('a number of threads that is none is refused', () => {
  assert.throws(
    () => new BatchWorkers(dataset, augment, -1),
    (error: Error) => error instanceof UsageError,
  );
});

test('a process that leaves an epoch early, with nothing closed, ends by itself', async () => {
  const module = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
  const program = `
    import { DataLoader, drawnStandIns } from ${module('data/index.js')};
    import { BatchWorkers } from ${module('node/batch-workers.js')};
    const dataset = drawnStandIns(64, 24);
    const augment = { crop: 19, place: 'random', colours: dataset.colours(), seed: 1 };
    const assembler = new BatchWorkers(dataset, augment, 2);
    const loader = new DataLoader(dataset, { batchSize: 4, augment, assembler });
    for await (const batch of loader.epoch(0)) if (batch.indices[0] >= 8) break;
    console.log('left');`;
  const { code, output } = await startProgram(['--input-type=module', '-e', program]).ended;
  assert.is(code, 0, output);
  assert.is(output.trim(), 'left');
});

test.run();
