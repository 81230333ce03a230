// Trains a small network, and the first process prints what came of it as JSON: the losses of steps, the figures of epochs, checksums of what
// a checkpoint holds. Alone with --accumulate N it does what N processes do together.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DataLoader, TensorDataset } from '../../../src/data/index.js';
import { distribute, initDistributed } from '../../../src/distributed/index.js';
import * as wgrad from '../../../src/index.js';
import { crc32 } from '../../../src/io/crc32.js';
import * as train from '../../../src/train/index.js';
import { seeded } from '../../support/random.js';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const { values } = parseArgs({
  options: {
    ...{ accumulate: text, epochs: text, examples: text, steps: text, save: text, resume: text, optimizer: text },
    ...{
      norm: flag,
      norms: flag,
      sync: flag,
      cut: flag,
      again: flag,
      halve: flag,
      shrink: flag,
      watch: flag,
      batch: text,
      drop: text,
      transport: text,
      shard: flag,
      bucket: text,
      slow: text,
      every: text,
    },
    ...{ timeout: text, heartbeat: text },
  },
});
const { timeout = '600', heartbeat = '60' } = values;
const world = await initDistributed({ timeout: Number(timeout), heartbeat: Number(heartbeat) });
await wgrad.init();
wgrad.manualSeed(7 + world.rank); // begin() gives all the first one's weights
const { norms = false, norm = norms, drop = '0.25', optimizer: kind = 'sgd', examples = '72', epochs = '3' } = values;
const hidden = new wgrad.Linear(64, 24);
/** Computes a layer once more on the way back. */
class Again extends wgrad.Module {
  readonly layer = hidden;

  forward(x: wgrad.Tensor): wgrad.Tensor {
    return wgrad.checkpoint((x) => wgrad.sigmoid(this.layer.forward(wgrad.mul(x, 2))), x);
  }
}
const model = new wgrad.Sequential({
  conv: new wgrad.Conv2d(3, 4, 3, { padding: 1 }),
  ...(norm ? { norm: new wgrad.BatchNorm2d(4) } : {}),
  relu: new wgrad.ReLU(),
  pool: new wgrad.MaxPool2d(2, { stride: 2 }),
  flatten: new wgrad.Flatten(),
  drop: new wgrad.Dropout(Number(drop)),
  hidden: values.again ? new Again() : hidden,
  ...(norms ? { norm2: new wgrad.BatchNorm1d(24) } : {}),
  relu2: new wgrad.ReLU(),
  drop2: new wgrad.Dropout(Number(drop)),
  linear: new wgrad.Linear(24, 3),
});
const optimizer =
  kind === 'adamw' ? new wgrad.AdamW(model.parameters(), { lr: 2e-3 }) : new wgrad.SGD(model.parameters(), { lr: 0.05, momentum: 0.9 }); // biome-ignore format: one line
const count = Number(examples);
const x = { data: seeded(count * 3 * 64, 3), shape: [count, 3, 8, 8] };
const y = Int32Array.from(
  { length: count },
  (_, i) => (x.data[i * 192] > 0 ? 1 : 0) + (x.data[i * 192 + 7] > 0.5 ? 1 : 0),
);
const data = new TensorDataset({ images: x, labels: y });
const loader = new DataLoader(data, { batchSize: Number(values.batch ?? 4), shuffle: true, seed: 5 });
const classify = train.classification({ classes: ['a', 'b', 'c'] });
/** The loss of each batch that this process trained on. */
const own: Promise<number>[] = [];
const task: typeof classify = (model, batch, how) => {
  const result = classify(model, batch, how);
  if (how.training) own.push(result.loss.item().catch(() => Number.NaN)); // NaN: only shapes were followed
  return result;
};
const validation = new DataLoader(data, { batchSize: 5 });
const accumulate = Number(values.accumulate ?? 1);
const trainer = new train.Trainer({ model, optimizer, task, train: loader, validation, accumulate });
const { save } = values;
const restarted = Number(process.env.WGRAD_RESTART) > 0 && save !== undefined && existsSync(save);
const resume = values.resume ?? (restarted ? save : undefined);
if (resume && world.isFirst) train.restoreRun(train.readCheckpoint(readFileSync(resume), resume), trainer);
const distribution = await distribute(trainer, {
  bucketBytes: Number(values.bucket ?? 2000),
  transport: values.transport as 'f32' | 'f16' | undefined,
  shardOptimizer: values.shard,
  syncBatchNorm: values.sync,
  modelParallel: values.cut ? [hidden] : [],
});

const watching = values.watch
  ? [new train.ModelEMA({ decay: 0.9 }), new train.EarlyStopping({ patience: 9, restoreBestWeights: true })]
  : [];
const pause = () => new Promise((resolve) => setTimeout(resolve, Number(values.slow ?? 0)));
const fit = (to: number) =>
  trainer.fit({
    epochs: to,
    saveEvery: Number(values.every ?? 0),
    save:
      save === undefined
        ? undefined
        : async (snapshot) => {
            writeFileSync(`${save}.new`, await train.writeCheckpoint(snapshot));
            renameSync(`${save}.new`, save);
          },
    callbacks: [
      ...watching,
      {
        async onEpochEnd() {
          if (values.shrink) for (const p of model.parameters()) p.set((await p.data()).map((w: number) => w * 0.9));
        },
        async onBatchEnd({ step }) {
          if (values.slow) {
            console.log(`rank ${world.rank} is process ${process.pid}, at step ${step}`);
            await pause();
          }
          if (step >= Number(values.steps ?? Number.POSITIVE_INFINITY)) trainer.stop('enough');
        },
      },
    ],
  });
await fit(Number(epochs));
if (values.halve) {
  for (const p of world.isFirst ? model.parameters() : []) p.set((await p.data()).map((w: number) => w / 2));
  await fit(Number(epochs) + 1);
}
const snapshot = await train.takeSnapshot(trainer);
const sum = (data: ArrayBufferView) => crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
const states = snapshot.tensors.filter(([name]) => !name.startsWith('metrics.')); // the first process has all their sums
const tensors = Object.fromEntries(states.map(([name, { data }]) => [name, sum(data)]));
const weights = snapshot.tensors
  .filter(([name]) => name.startsWith('model.'))
  .map(([name, t]) => [name, Array.from(t.data)]);
const losses = (await Promise.all(own)).filter((loss) => !Number.isNaN(loss));
const came = {
  losses,
  tensors,
  position: { ...trainer.position, seconds: 0, waited: 0, history: [] },
  rng: snapshot.saved.rng,
};
const all = await world.each(came as never);
if (world.isFirst) {
  const history = trainer.history.map(({ metrics }) => metrics);
  const { seconds, spans } = distribution;
  console.log(
    `result ${JSON.stringify({ losses, history, all, weights: Object.fromEntries(weights), seconds, spans })}`,
  );
}
