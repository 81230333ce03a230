// A small convolutional network learns the ten digits. No data set is downloaded: examples/digits/draw.ts draws them,
// each in its own size, slant, place, pen and noise; the network is tested on drawings that it has not seen.

import { Random, shuffled } from '../src/data/index.js';
import {
  AdamW,
  Conv2d,
  crossEntropy,
  Flatten,
  init,
  Linear,
  MaxPool2d,
  manualSeed,
  noGrad,
  OneCycleLR,
  ReLU,
  Sequential,
  scope,
  summary,
  tensor,
} from '../src/index.js';
import { ConfusionMatrix, softmaxRows } from '../src/train/index.js';
import { type Digits, drawDigits, showDigit } from './digits/draw.js';

const SIZE = 16;
const EPOCHS = 6;
const BATCH = 64;

await init();
manualSeed(1);
const model = new Sequential({
  conv1: new Conv2d(1, 16, 3, { padding: 1 }),
  relu1: new ReLU(),
  pool1: new MaxPool2d(2),
  conv2: new Conv2d(16, 32, 3, { padding: 1 }),
  relu2: new ReLU(),
  pool2: new MaxPool2d(2),
  flatten: new Flatten(),
  fc3: new Linear(32 * 4 * 4, 64),
  relu3: new ReLU(),
  fc4: new Linear(64, 10),
});
console.log(summary(model, [1, SIZE, SIZE]));

const train = drawDigits(4000, SIZE, 1);
const test = drawDigits(1000, SIZE, 2);
console.log(
  `\n${train.labels.length} drawings to learn from, ${test.labels.length} others to be tested on; three of them:\n`,
);
const pixels = ({ images }: Digits, i: number) => images.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE);
const three = [2, 5, 8].map((i) => showDigit(pixels(test, i), SIZE));
for (let y = 0; y < SIZE; y++) console.log(three.map((lines) => lines[y]).join(' | '));
console.log();

/** The drawings at these places as tensors, in the open scope. */
function batchOf({ images, labels }: Digits, places: readonly number[]) {
  const x = new Float32Array(places.length * SIZE * SIZE);
  places.forEach((place, i) => {
    x.set(images.subarray(place * SIZE * SIZE, (place + 1) * SIZE * SIZE), i * SIZE * SIZE);
  });
  const y = Int32Array.from(places, (place) => labels[place]);
  return { x: tensor(x, { shape: [places.length, 1, SIZE, SIZE] }), y: tensor(y) };
}

const steps = Math.floor(train.labels.length / BATCH);
const optimizer = new AdamW(model.parameters());
const schedule = new OneCycleLR(optimizer, { maxLr: 5e-3, totalSteps: EPOCHS * steps + 1 });

for (let epoch = 1; epoch <= EPOCHS; epoch++) {
  const order = shuffled(train.labels.keys(), new Random(epoch));
  const losses: Promise<number>[] = [];
  for (let step = 0; step < steps; step++) {
    using _step = scope();
    const { x, y } = batchOf(train, order.slice(step * BATCH, (step + 1) * BATCH));
    const loss = crossEntropy(model.forward(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    schedule.step();
    losses.push(loss.item());
  }
  const all = await Promise.all(losses);
  const mean = all.reduce((a, b) => a + b) / all.length;
  console.log(`epoch ${epoch}/${EPOCHS}  loss ${mean.toFixed(4)}`);
}

const logits = await scope(() =>
  noGrad(() => model.forward(tensor(test.images, { shape: [test.labels.length, 1, SIZE, SIZE] }))),
).data();
const confusion = new ConfusionMatrix(Array.from('0123456789'));
confusion.add(logits, test.labels);
console.log(`\ntest accuracy ${(100 * confusion.accuracy).toFixed(1)} % (${confusion.correct} of ${confusion.total})`);

const sure = softmaxRows(logits, 10);
const mistake = test.labels.findIndex(
  (digit, i) => sure[10 * i + digit] !== Math.max(...sure.slice(10 * i, 10 * i + 10)),
);
if (mistake >= 0) {
  const row = Array.from(sure.slice(10 * mistake, 10 * mistake + 10));
  const named = row.indexOf(Math.max(...row));
  console.log(`\nthis ${test.labels[mistake]} was taken for a ${named} (${(100 * row[named]).toFixed(0)} % sure):\n`);
  console.log(showDigit(pixels(test, mistake), SIZE).join('\n'));
}
