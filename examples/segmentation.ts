// Which pixels belong to what: a small U-Net on drawn pictures, and the intersection over union of its classes.
//   npm run example examples/segmentation.ts                  a few minutes on a machine without a GPU
//   npm run example examples/segmentation.ts -- --resume      goes on where it was stopped, to the same bits
import { DataLoader } from '../src/data/index.js';
import * as wg from '../src/index.js';
import { TrainingRun } from '../src/node/index.js';
import { encodePng } from '../src/report/index.js';
import { epochLine, IoU, Trainer } from '../src/train/index.js';
import { readArguments } from './support/arguments.js';
import { discAndSquare } from './support/drawings.js';

const { folder, resume, epochs } = readArguments('runs/segmentation', 8);
const [side, pictures] = [32, 512];
const classes = ['ground', 'disc', 'square'];

const drawings = (salt: number, length: number) => ({ length, get: (i: number) => discAndSquare(salt, i, side) });

/** Down twice and up again; what was seen at each size is laid beside what comes up from below. Ronneberger et al. 2015. */
class UNet extends wg.Module {
  down = [3, 12, 24].map((from, i) => new wg.Conv2d(from, [12, 24, 48][i], 3, { padding: 1 }));
  up = [48 + 24, 24 + 12].map((from, i) => new wg.Conv2d(from, [24, 12][i], 3, { padding: 1 }));
  deep = new wg.Conv2d(48, 48, 5, { padding: 2 });
  head = new wg.Conv2d(12, classes.length, 1);
  pool = new wg.MaxPool2d(2);

  forward(x: wg.Tensor): wg.Tensor {
    const wide = wg.relu(this.down[0].forward(x));
    const half = wg.relu(this.down[1].forward(this.pool.forward(wide)));
    const quarter = wg.relu(this.deep.forward(wg.relu(this.down[2].forward(this.pool.forward(half)))));
    const upper = wg.relu(this.up[0].forward(wg.concat([wg.upsampleNearest2d(quarter, 2), half], 1)));
    return this.head.forward(wg.relu(this.up[1].forward(wg.concat([wg.upsampleNearest2d(upper, 2), wide], 1))));
  }
}

await wg.init();
wg.manualSeed(1);
const train = new DataLoader(drawings(1, pictures), { batchSize: 16, shuffle: true, seed: 1 });
const validation = new DataLoader(drawings(2, 64), { batchSize: 16 });
const model = new UNet();
const optimizer = new wg.AdamW(model.parameters(), { lr: 4e-3 });
const rule = new wg.OneCycleLR(optimizer, { maxLr: 4e-3, totalSteps: epochs * train.batches + 1 });
const iou = new IoU({ classes: classes.length });
const trainer = new Trainer({
  ...{ model, optimizer, train, validation, schedule: { each: 'step', rule } },
  task(net: UNet, { x, y }) {
    const scores = net.forward(x);
    return { loss: wg.crossEntropy(scores, y), size: x.shape[0], metrics: { iou: iou.of(scores, y) } };
  },
});
const facts = {
  title: 'Discs and squares',
  summary: 'A U-Net says of each pixel what it belongs to.',
  configuration: { side, pictures, epochs },
};
const run = new TrainingRun(folder, { facts, monitor: 'val_iou' });
if (resume && run.resume(trainer)) console.log(`Going on at step ${trainer.position.step}.`);
const say = { onEpochEnd: (record: (typeof trainer.history)[number]) => console.log(epochLine(record, epochs)) };
await trainer.fit({ epochs, save: run.save, saveEvery: 8, callbacks: [say, run] });

const seen = discAndSquare(2, 0, side);
const called = await wg
  .inEvaluation(model, () =>
    wg.noGrad(() => wg.argmax(model.forward(wg.tensor({ data: seen.x.data, shape: [1, 3, side, side] })), 1)),
  )
  .data();
const grey = (of: ArrayLike<number>) => (_: unknown, i: number) => (i % 4 === 3 ? 255 : 120 * of[i >> 2]);
const show = (of: ArrayLike<number>) => encodePng(side, side, Uint8Array.from({ length: 4 * side * side }, grey(of)));
const masks = {
  title: 'Masks',
  pictures: [
    { picture: show(seen.y.data), caption: 'what it is' },
    { picture: show(called), caption: 'what the network says' },
  ],
};
const { iou: own, val_iou: best } = trainer.history.at(-1)!.metrics;
console.log(
  `IoU ${own.toFixed(3)}, on new pictures ${best.toFixed(3)}. Report: ${run.report(trainer.history, { galleries: [masks], results: { iou: best }, testedOn: 'validation' })}`,
);
