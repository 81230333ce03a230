// AlexNet learns to tell cats from dogs: all of it, from the photographs to the report.
//   WGRAD_DATA=PICTURES npm run example examples/alexnet-dogcat.ts   a folder for each class, or Kaggle's names (cat.1.jpg)
//   npm run example examples/alexnet-dogcat.ts -- --resume           goes on where it was stopped, to the same bits
// `npm run dogcat` is this with a command line (src/cli): presets, minutes, ten crops, recovery from a lost device.
import { DataLoader, drawnStandIns } from '../src/data/index.js';
import { AdamW, alexnet, init, manualSeed, OneCycleLR } from '../src/index.js';
import { encodeJpeg, hasPictures, loadImageFolder, TrainingRun } from '../src/node/index.js';
import { notablePredictions, predictionParts } from '../src/report/index.js';
import { classification, type EpochRecord, epochLine, predictProbabilities, Trainer } from '../src/train/index.js';
import { readArguments } from './support/arguments.js';

const { folder, resume, epochs } = readArguments('runs/alexnet-dogcat', 10);
const photographs = process.env.WGRAD_DATA || '../shared/data/dogs-vs-cats/train';
const [batchSize, stored, crop, lr, seed] = [32, 129, 115, 1e-3, 1];

await init();
manualSeed(seed);

// Pictures are decoded once, and kept in a cache. One in twenty is kept back, to see what was learned.
const real = hasPictures(photographs);
const all = real ? (await loadImageFolder(photographs, { size: stored })).dataset : drawnStandIns(2000, stored, seed);
const [training, others] = all.split(0.05, seed);
const { classes } = all;
const look = { crop, colours: training.colours(), seed };
const train = new DataLoader(training, {
  ...{ batchSize, shuffle: true, dropLast: true },
  augment: { ...look, place: 'random', flip: true, colourShift: 0.1 },
});
const validation = new DataLoader(others, { batchSize, augment: { ...look, place: 'center' } });

const network = { variant: 'dogcat', width: 0.25, initialization: 'uniform' } as const;
const model = alexnet({ ...network, imageSize: crop, numClasses: classes.length });
const optimizer = new AdamW(model.parameters(), { lr });
const rule = new OneCycleLR(optimizer, { maxLr: lr, totalSteps: epochs * train.batches + 1 });
const trainer = new Trainer({
  ...{ model, optimizer, schedule: { each: 'step', rule }, train, validation },
  task: classification({ classes }),
});

const run = new TrainingRun(folder, {
  facts: {
    title: `AlexNet on ${real ? photographs : 'drawn stand-ins'}`,
    configuration: { ...network, epochs, batchSize, crop, optimizer: 'AdamW', lr, schedule: 'one-cycle', seed },
    data: [
      { name: 'training', count: training.length },
      { name: 'validation', count: others.length },
    ],
  },
});
if (resume && run.resume(trainer)) console.log(`Going on at step ${trainer.position.step}.`);
const say = { onEpochEnd: (record: EpochRecord) => console.log(epochLine(record, epochs)) };
await trainer.fit({ epochs, save: run.save, saveEvery: 200, callbacks: [say, run] });

// What the best epoch's weights say of the pictures that were kept back.
run.restoreBest(model);
model.eval();
const [probabilities, labels]: number[][] = [[], []];
for await (const batch of validation.epoch(0)) {
  probabilities.push(...(await predictProbabilities(model, batch.images.data as Float32Array, [3, crop, crop])));
  labels.push(...batch.labels);
}
const names = labels.map((_, i) => others.name(i));
const predictions = { classes, probabilities, labels, names };
const chosen = Object.values(notablePredictions(predictions)).flat();
const picture = (i: number) => encodeJpeg({ width: stored, height: stored, planes: others.pixels(i) });
const conv1 = model.stateDict()['conv1.weight'];
const parts = predictionParts(predictions, new Map(chosen.map((i) => [i, picture(i)])));
const filters = { name: 'conv1', shape: conv1.shape, data: await conv1.data() };
const right = classes.reduce((sum, _, c) => sum + parts.confusion.counts[c][c], 0);
const results = { accuracy: right / labels.length };
const report = run.report(trainer.history, { ...parts, filters, results, testedOn: 'validation' });
console.log(`The best epoch names ${right} of ${labels.length} right. Report: ${report}`);
