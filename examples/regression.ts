// A table of numbers: how far a thrown ball flies, from eight measurements of which four matter. R2, early stopping, a report.
//   npm run example examples/regression.ts                  about a minute on a machine without a GPU
//   npm run example examples/regression.ts -- --resume      goes on where it was stopped, to the same bits
import { DataLoader, Random, TensorDataset } from '../src/data/index.js';
import { AdamW, init, Linear, type Module, manualSeed, mseLoss, ReLU, Sequential } from '../src/index.js';
import { TrainingRun } from '../src/node/index.js';
import { EarlyStopping, epochLine, MeanAbsoluteError, R2, Trainer } from '../src/train/index.js';
import { readArguments } from './support/arguments.js';

const { folder, resume, epochs } = readArguments('runs/regression', 40);
const [rows, columns] = [2000, 8];

/** Speed, angle, height and drag decide; the other four columns are noise. Each column is scaled to about -1 .. 1. */
function throws(
  seed: number,
): TensorDataset<{ x: { data: Float32Array; shape: number[] }; y: { data: Float32Array; shape: number[] } }> {
  const random = new Random(seed);
  const x = Float32Array.from({ length: rows * columns }, () => 2 * random.unit() - 1);
  const y = Float32Array.from({ length: rows }, (_, i) => {
    const [speed, angle, height, drag] = x.subarray(i * columns, i * columns + 4);
    const flat = (1.5 + speed) ** 2 * Math.sin(2 * (0.8 + 0.6 * angle));
    return (flat + 0.5 * height) / (1.5 + 0.5 * drag) + 0.02 * (random.unit() - 0.5);
  });
  return new TensorDataset({ x: { data: x, shape: [rows, columns] }, y: { data: y, shape: [rows, 1] } });
}

await init();
manualSeed(1);
const train = new DataLoader(throws(1), { batchSize: 50, shuffle: true, seed: 1 });
const validation = new DataLoader(throws(2), { batchSize: 200 });
const model = new Sequential(new Linear(columns, 64), new ReLU(), new Linear(64, 64), new ReLU(), new Linear(64, 1));
const optimizer = new AdamW(model.parameters(), { lr: 3e-3 });
const [r2, error] = [new R2(), new MeanAbsoluteError()];

const trainer = new Trainer({
  ...{ model, optimizer, train, validation },
  task(net: Module, { x, y }) {
    const prediction = net.forward(x);
    const metrics = { r2: r2.of(prediction, y), error: error.of(prediction, y) };
    return { loss: mseLoss(prediction, y), size: x.shape[0], metrics };
  },
});

const run = new TrainingRun(folder, {
  facts: {
    title: 'How far a ball flies',
    summary:
      'Eight measurements of a throw, of which four matter; a network of two hidden layers predicts the distance.',
    configuration: { layers: [columns, 64, 64, 1], optimizer: 'AdamW', learningRate: 3e-3, batch: 50, seed: 1 },
    data: [
      { name: 'training', count: rows },
      { name: 'validation', count: rows },
    ],
  },
});
if (resume && run.resume(trainer)) console.log(`Going on at step ${trainer.position.step}.`);
const say = { onEpochEnd: (record: (typeof trainer.history)[number]) => console.log(epochLine(record, epochs)) };
const stopping = new EarlyStopping({ monitor: 'val_r2', patience: 6, restoreBestWeights: true });
await trainer.fit({ epochs, save: run.save, saveEvery: 20, callbacks: [say, run, stopping] });
if (trainer.stoppedBy) console.log(trainer.stoppedBy);
const best = Math.max(...trainer.history.map(({ metrics }) => metrics.val_r2));
console.log(
  `R2 on throws that it never saw: ${best.toFixed(3)}. Report: ${run.report(trainer.history, { results: { r2: best }, testedOn: 'validation' })}`,
);
