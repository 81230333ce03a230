// Fine-tuning: a network that knows four drawn shapes learns three others from 25 pictures of each. First a new head on frozen features, then
// all of it, with a smaller rate for the features. The same network from scratch is trained beside it.
//   npm run example examples/finetune.ts                  a few minutes on a machine without a GPU
//   npm run example examples/finetune.ts -- --resume      goes on where it was stopped, to the same bits
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { DataLoader } from '../src/data/index.js';
import * as wg from '../src/index.js';
import { TrainingRun } from '../src/node/index.js';
import * as training from '../src/train/index.js';
import { readArguments } from './support/arguments.js';
import { drawnShapes } from './support/drawings.js';

const { folder, resume, epochs } = readArguments('runs/finetune', 30);
const side = 32;

const block = (from: number, to: number) => [
  new wg.Conv2d(from, to, 3, { padding: 1 }),
  new wg.ReLU(),
  new wg.MaxPool2d(2),
];
const build = (classes: number) =>
  new wg.Sequential({
    features: new wg.Sequential(...block(1, 16), ...block(16, 32), ...block(32, 32), new wg.Flatten()),
    head: new wg.Linear(32 * 16, classes),
  });

/** `rates` are those of the features and of the head. */
function trainerFor(model: ReturnType<typeof build>, classes: readonly string[], each: number, rates: number[]) {
  const groups = [model.layers.features, model.layers.head].map((part, i) => ({
    params: part.parameters(),
    lr: rates[i],
  }));
  const train = new DataLoader(drawnShapes(classes, each, 1, side), { batchSize: 15, shuffle: true, seed: 1 });
  const validation = new DataLoader(drawnShapes(classes, 100, 2, side), { batchSize: 50 });
  const task = training.classification({ classes });
  return new training.Trainer({ model, optimizer: new wg.AdamW(groups, { lr: rates[1] }), task, train, validation });
}
const accuracyOf = ({ history }: training.Trainer) => history.at(-1)!.metrics.val_accuracy;

await wg.init();
wg.manualSeed(1);
const [known, unknown] = [
  ['disc', 'square', 'triangle', 'bars'],
  ['ring', 'cross', 'ell'],
];
const base = `${folder}/base.safetensors`;
const model = build(unknown.length);
const facts = { title: 'Three new shapes, from 25 drawings of each', configuration: { known, unknown, epochs } };
const run = new TrainingRun(folder, { facts, monitor: 'val_accuracy' });
if (!existsSync(base)) {
  const first = trainerFor(build(known.length), known, 300, [2e-3, 2e-3]);
  await first.fit({ epochs: Math.ceil(epochs / 3) });
  console.log(`Knows ${known.join(', ')}: ${(100 * accuracyOf(first)).toFixed(1)} %`);
  writeFileSync(base, await training.writeWeights(first.model));
}
const { tensors } = training.readCheckpoint(readFileSync(base), base);
const features = [...tensors].filter(([name]) => name.startsWith('model.features.'));
model.loadStateDict(Object.fromEntries(features.map(([name, t]) => [name.slice('model.'.length), t])), {
  strict: false,
});
wg.freeze(model, 'features');
const tuned = trainerFor(model, unknown, 25, [3e-4, 3e-3]);
if (resume && run.resume(tuned)) console.log(`Going on at step ${tuned.position.step}.`);
const thaw = {
  onEpochEnd: ({ epoch }: training.EpochRecord) => void (epoch === epochs / 2 && wg.unfreeze(model, 'features')),
};
await tuned.fit({ epochs, save: run.save, saveEvery: 3, callbacks: [thaw, run] });
const scratch = trainerFor(build(unknown.length), unknown, 25, [3e-3, 3e-3]);
await scratch.fit({ epochs });
const results = { 'fine-tuned': accuracyOf(tuned), 'from scratch': accuracyOf(scratch) };
for (const [how, accuracy] of Object.entries(results))
  console.log(`${how}: ${(100 * accuracy).toFixed(1)} % of new drawings`);
console.log(`Report: ${run.report(tuned.history, { results })}`);
