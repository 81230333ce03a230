// Steps of the paper's AlexNet in one process or several. The first process prints what a step took, and what of it was the exchange.
//   mpirun -np 2 --bind-to none node build/bench/scaling.js [--width 0.5] [--batch 16] [--steps 12] [--transport f16] [--shard] [--dense]
import { parseArgs } from 'node:util';
import { DataLoader, TensorDataset } from '../src/data/index.js';
import { distribute, initDistributed } from '../src/distributed/index.js';
import { alexnet, init, Linear, manualSeed, SGD, sync } from '../src/index.js';
import { classification, Trainer } from '../src/train/index.js';
import { numbers } from './case.js';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const { values } = parseArgs({
  options: { width: text, batch: text, steps: text, image: text, transport: text, shard: flag, dense: flag },
});
const [width, batch, steps, image] = [values.width ?? '0.5', values.batch ?? '16', values.steps ?? '12', values.image ?? '227'].map(Number); // biome-ignore format: one line
/** Steps before the first that counts. */
const WARM = 3;

const world = await initDistributed();
await init();
manualSeed(1);
const classes = ['0', '1'];
const model = alexnet({ width, imageSize: image, numClasses: classes.length });
const optimizer = new SGD(model.parameters(), { lr: 0.001, momentum: 0.9 });
const examples = batch * world.size * 2;
const images = { data: numbers(examples * 3 * image * image, 1), shape: [examples, 3, image, image] };
const data = new TensorDataset({ images, labels: new Int32Array(examples) });
const train = new DataLoader(data, { batchSize: batch });
const trainer = new Trainer({ model, optimizer, task: classification({ classes }), train });
const linears = model.namedModules().flatMap(([, layer]) => (layer instanceof Linear && layer.outFeatures >= 64 ? [layer] : [])); // biome-ignore format: one line
const distribution = await distribute(trainer, {
  transport: values.transport as 'f16' | undefined,
  shardOptimizer: values.shard,
  modelParallel: values.dense ? linears : [],
});

let [began, took, waited] = [0, 0, 0];
await trainer.fit({
  epochs: 1000,
  callbacks: [
    {
      async onBatchEnd({ step }) {
        if (step !== WARM && step !== WARM + steps) return;
        await sync(); // one process alone runs ahead of its device
        if (step === WARM) [began, waited] = [performance.now(), distribution.seconds.waited];
        else took = performance.now() - began;
        if (took > 0) trainer.stop('enough');
      },
    },
  ],
});
if (world.isFirst) {
  const parameters = model.parameters().reduce((sum, p) => sum + p.size, 0);
  const exchanged = distribution.spans
    .filter(({ what }) => what === 'reduction')
    .reduce((sum, { bytes }) => sum + bytes, 0);
  const step = took / steps;
  const figures = {
    processes: world.size,
    parameters,
    batch,
    step: Math.round(step),
    imagesPerSecond: +((1000 * batch * world.size) / step).toFixed(1),
    reducedMB: +(exchanged / 1e6).toFixed(1),
    waited: Math.round((1000 * (distribution.seconds.waited - waited)) / steps),
  };
  console.log(JSON.stringify(figures));
}
