// AlexNet learns to tell cats from dogs: all of it, from the photographs to the confusion matrix.
//   npm run example examples/alexnet-dogcat.ts -- PICTURES            a folder for each class, or Kaggle's names
//   npm run example examples/alexnet-dogcat.ts -- PICTURES --resume   goes on where it was stopped, to the same bits
// `npm run dogcat` is this with a command line (src/cli): presets, minutes, ten crops, recovery from a lost device.
import { DataLoader, drawnStandIns } from '../src/data/index.js';
import { AdamW, alexnet, init, manualSeed, OneCycleLR } from '../src/index.js';
import { CheckpointFiles, hasPictures, loadImageFolder, RunFolder } from '../src/node/index.js';
import {
  ConfusionMatrix,
  checkpointParts,
  classification,
  ModelCheckpoint,
  predictProbabilities,
  restoreModel,
  restoreRun,
  showMetrics,
  Trainer,
  writeWeights,
} from '../src/train/index.js';

const paths = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const [folder = '../shared/data/dogs-vs-cats/train', runFolder = 'runs/alexnet-dogcat'] = paths;
const [epochs, batchSize, stored, crop, seed] = [10, 32, 129, 115, 1];

await init();
manualSeed(seed);

// Pictures are decoded once, and kept in a cache. One in twenty is kept back, to see what was learned.
const dataset = hasPictures(folder)
  ? (await loadImageFolder(folder, { size: stored })).dataset
  : drawnStandIns(2000, stored, seed);
const [training, others] = dataset.split(0.05, seed);
const look = { crop, colours: training.colours(), seed };
const train = new DataLoader(training, {
  ...{ batchSize, shuffle: true, dropLast: true },
  augment: { ...look, place: 'random', flip: true, colourShift: 0.1 },
});
const validation = new DataLoader(others, { batchSize, augment: { ...look, place: 'center' } });

const { classes } = dataset;
const model = alexnet({
  ...{ variant: 'dogcat', width: 0.25, imageSize: crop, numClasses: classes.length },
  initialization: 'uniform',
});
const optimizer = new AdamW(model.parameters(), { lr: 1e-3 });
const oneCycle = new OneCycleLR(optimizer, { maxLr: 1e-3, totalSteps: epochs * train.batches + 1 });
const schedule = { each: 'step', rule: oneCycle } as const;
const trainer = new Trainer({ model, optimizer, schedule, task: classification({ classes }), train, validation });

const run = new RunFolder(runFolder);
run.create();
const files = new CheckpointFiles(run);
if (process.argv.includes('--resume')) restoreRun(files.newest().checkpoint, trainer);
await trainer.fit({
  epochs,
  saveEvery: 200,
  save: async (snapshot) => files.save(await checkpointParts(snapshot)),
  callbacks: [
    new ModelCheckpoint({ save: async () => files.saveBest(await writeWeights(model)) }),
    { onEpochEnd: ({ epoch, metrics }) => console.log(`epoch ${epoch}: ${showMetrics(metrics)}`) },
  ],
});

restoreModel(files.best(), model);
model.eval();
const confusion = new ConfusionMatrix(classes);
for await (const { images, labels } of validation.epoch(0))
  confusion.add(await predictProbabilities(model, images.data, [3, crop, crop]), labels);
console.log(`${confusion}`);
