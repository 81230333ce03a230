// Fine-tuning: a network that knows cats and dogs (models/) learns three drawn shapes from 25 pictures of each. First a new last layer on
// frozen ones, then all of it, at a third of that layer's rate. The same network from scratch is trained beside it.
//   npm run example examples/finetune.ts                  a minute or two on a machine without a GPU
//   npm run example examples/finetune.ts -- --resume      goes on where it was stopped, to the same bits
import { readFileSync } from 'node:fs';
import * as data from '../src/data/index.js';
import * as wg from '../src/index.js';
import { TrainingRun } from '../src/node/index.js';
import * as training from '../src/train/index.js';
import { readArguments } from './support/arguments.js';
import { drawnScenes } from './support/drawings.js';

const { folder, resume, epochs } = readArguments('runs/finetune', 30);
const classes = ['ring', 'cross', 'ell'];
const file = new URL('../../models/dogcat.safetensors', import.meta.url);
const known = training.readCheckpoint(readFileSync(file), 'models/dogcat.safetensors');
const { options, colours, classes: before } = JSON.parse(known.metadata.facts);
const { width, image, stored, dropout, poolDropout } = options;

await wg.init();
const drawings = drawnScenes(classes, 25, 1, stored);
const build = () =>
  wg.alexnet({ variant: 'dogcat', width, dropout, poolDropout, initialization: 'uniform', imageSize: image, numClasses: classes.length }); // biome-ignore format: one line

/** A trainer of all of the model, the last layer at the highest rate. */
function trainerFor(model: wg.AlexNet, rate: number, others: number) {
  const scaled = [data.toTensor(), data.normalize(colours.mean.map((m: number) => m / 255), colours.std.map((s: number) => s / 255))]; // biome-ignore format: one line
  const random = [data.randomResizedCrop(image, { scale: [0.6, 1] }), data.randomHorizontalFlip(), data.colorJitter({ brightness: 0.25, contrast: 0.25, saturation: 0.25 })]; // biome-ignore format: one line
  const train = new data.DataLoader(drawings, { batchSize: 16, shuffle: true, seed: 1, dropLast: true, augment: { seed: 1, transforms: [...random, ...scaled] } }); // biome-ignore format: one line
  const head = model.layers.fc8.parameters();
  const optimizer = new wg.AdamW([
    { params: head, lr: rate },
    { params: model.parameters().filter((p) => !head.includes(p)), lr: others },
  ]);
  const totalSteps = epochs * train.batches + 1;
  const rule = new wg.OneCycleLR(optimizer, { maxLr: [rate, others], totalSteps, pctStart: 0.15 });
  const task = training.classification({ classes });
  return new training.Trainer({ model, optimizer, task, train, schedule: { each: 'step', rule } });
}

/** Accuracy on 300 new drawings. */
async function accuracyOf(model: wg.AlexNet): Promise<number> {
  const augment = { crop: image, place: 'center', colours, seed: 1 } as const;
  const drawn = new data.DataLoader(drawnScenes(classes, 100, 2, stored), { batchSize: 50, augment });
  return (await training.evaluate({ model, task: training.classification({ classes }), data: drawn })).accuracy;
}

const facts = {
  title: 'Three new shapes, from 25 drawings of each',
  configuration: { from: before, classes, epochs },
};
const run = new TrainingRun(folder, { facts, monitor: 'accuracy' });
wg.manualSeed(1);
const model = build();
const features = [...known.tensors].map(([name, t]) => [name.slice('model.'.length), t] as const);
model.loadStateDict(Object.fromEntries(features.filter(([name]) => !name.startsWith('fc8'))), { strict: false });
wg.freeze(model, /^(?!fc8)/);
const tuned = trainerFor(model, 3e-3, 1e-3);
if (resume && run.resume(tuned)) console.log(`Going on at step ${tuned.position.step}.`);
const thaw = { onEpochEnd: ({ epoch }: training.EpochRecord) => void (epoch === 2 && wg.unfreeze(model)) };
await tuned.fit({ epochs, save: run.save, saveEvery: 3, callbacks: [thaw, run] });

wg.manualSeed(1);
const scratch = trainerFor(build(), 1e-3, 1e-3);
await scratch.fit({ epochs });
const results = { 'fine-tuned': await accuracyOf(model), 'from scratch': await accuracyOf(scratch.parts.model) };
for (const [how, accuracy] of Object.entries(results))
  console.log(`${how}: ${(100 * accuracy).toFixed(1)} % of new drawings`);
console.log(`Report: ${run.report(tuned.history, { results })}`);
