// A run that never was, for reports: drawn pictures, made-up answers, and figures by formulas. The same bits everywhere.
import { drawnStandIns } from '../../src/data/index.js';
import {
  type EpochFigures,
  encodePng,
  histogramOf,
  notablePredictions,
  type Predictions,
  predictionParts,
  type ReportParts,
} from '../../src/report/index.js';
import { seeded } from './random.js';

const EXAMPLES = 240;
const SIDE = 64;

/** Figures of `epochs` epochs of 225 steps: losses fall, validation's rises again at the end. */
export function drawnHistory(epochs: number, { seed = 1, rate = 0.02 } = {}): EpochFigures[] {
  const noise = seeded(4 * epochs, seed, 0.012);
  return Array.from({ length: epochs }, (_, i) => {
    const done = (i + 1) / epochs;
    const falling = Math.exp((-60 * rate * (i + 1)) / epochs);
    const loss = 0.69 * (0.3 + 0.7 * falling) + noise[4 * i];
    const val_loss = 0.69 * (0.38 + 0.62 * falling) + 0.09 * done ** 3 + noise[4 * i + 1];
    const [accuracy, val_accuracy] = [1 - loss * 0.62 + noise[4 * i + 2], 1 - val_loss * 0.6 + noise[4 * i + 3]];
    const learningRate = rate * (0.5 + 0.5 * Math.cos(Math.PI * done)) + 1e-5;
    const seconds = 37 * (i + 1) + 2 * Math.sin(i);
    return {
      epoch: i + 1,
      step: 225 * (i + 1),
      learningRate,
      seconds,
      metrics: { loss, accuracy, val_loss, val_accuracy },
    };
  });
}

/** Losses of single steps around those of the epochs. */
function drawnSteps(history: readonly EpochFigures[]) {
  const noise = seeded(history.length * 45, 9, 0.12);
  return history.flatMap(({ step, metrics: { loss } }, i) => {
    const before = i > 0 ? history[i - 1].metrics.loss : 0.7;
    return Array.from({ length: 45 }, (_, k) => {
      const part = (k + 1) / 45;
      const value = before + (loss - before) * part + noise[45 * i + k] * noise[(45 * i + k + 7) % noise.length] * 3;
      return { step: step - 225 + 5 * (k + 1), metrics: { loss: value } };
    });
  });
}

function drawnPredictions(): { predictions: Predictions; pictures: Map<number, Uint8Array> } {
  const drawn = drawnStandIns(EXAMPLES, SIDE, 5);
  const [noise, more] = [seeded(EXAMPLES, 3, 3.2), seeded(EXAMPLES, 4, 1.4)];
  const labels = Array.from({ length: EXAMPLES }, (_, i) => drawn.label(i));
  const probabilities = labels.flatMap((label, i) => {
    const dog = 1 / (1 + Math.exp(-((label === 1 ? 1.9 : -1.6) + noise[i] * 0.6 + more[i])));
    return [1 - dog, dog];
  });
  const names = labels.map((label, i) => `${drawn.classes[label]}.${i}.png`);
  const predictions = { classes: drawn.classes, probabilities, labels, names };
  const chosen = Object.values(notablePredictions(predictions)).flat();
  const pictures = new Map(chosen.map((i) => [i, encodePng(SIDE, SIDE, opaque(drawn.pixels(i)))]));
  return { predictions, pictures };
}

/** Planes as pixels. */
export function opaque(planes: Uint8Array): Uint8Array {
  const plane = planes.length / 3;
  return Uint8Array.from({ length: 4 * plane }, (_, at) => (at % 4 === 3 ? 255 : planes[(at % 4) * plane + (at >> 2)]));
}

/** Bars and blobs, as first layers learn them. */
function drawnFilters(count: number, side: number) {
  const turns = seeded(8 * count, 11, 1);
  const data = new Float32Array(count * 3 * side * side);
  for (let at = 0; at < data.length; at++) {
    const x = (at % side) / side - 0.5;
    const y = (Math.floor(at / side) % side) / side - 0.5;
    const c = Math.floor(at / (side * side)) % 3;
    const f = Math.floor(at / (3 * side * side));
    const t = (k: number) => turns[8 * f + k];
    const along = x * Math.cos(Math.PI * t(0)) + y * Math.sin(Math.PI * t(0));
    const near = Math.exp(-((x - t(1) * 0.2) ** 2 + (y - t(2) * 0.2) ** 2) * (8 + 6 * t(3)));
    data[at] = near * (Math.cos((10 + 8 * t(4)) * along + 3 * t(5)) + (f % 3 === 0 ? Math.sin(2.1 * c + 3 * t(6)) : 0));
  }
  return { name: 'conv1', shape: [count, 3, side, side], data };
}

function drawnHistograms() {
  const layers = ['conv1.weight', 'conv1.bias', 'conv2.weight', 'fc6.weight', 'fc7.weight', 'fc8.weight'];
  const bell = (seed: number, scale: number) => {
    const [a, b, c] = [0, 1, 2].map((k) => seeded(4000, seed + k, scale));
    return a.map((value, i) => value + b[i] + c[i]);
  };
  return layers.map((name, i) => ({
    ...{ name, values: histogramOf(bell(20 + 3 * i, 0.04 / (1 + i))) },
    gradient: histogramOf(bell(50 + 3 * i, 2e-4 * (1 + i)).map((v) => v * v * v * 1e6)),
  }));
}

/** Everything that a report can show. */
export function drawnRun(): ReportParts {
  const { predictions, pictures } = drawnPredictions();
  const history = drawnHistory(11);
  const classes = (n: number) => Object.fromEntries(predictions.classes.map((name) => [name, n]));
  const heat = Float32Array.from({ length: 36 }, (_, i) =>
    Math.exp(-(((i % 6) - 2.6) ** 2 + (Math.floor(i / 6) - 3) ** 2) / 3),
  );
  const { galleries, ...tested } = predictionParts(predictions, pictures);
  const seen = galleries[1].pictures.map((picture) => ({ ...picture, heat: { shape: [6, 6], data: heat } }));
  return {
    title: 'AlexNet on drawn heads of cats and dogs',
    summary: 'A quarter of the width, trained from scratch on 7,200 pictures of 64 × 64 pixels that a program drew.',
    started: '2026-11-26T21:04:00Z',
    history,
    steps: drawnSteps(history),
    ...tested,
    galleries: [
      ...galleries,
      { title: 'What spoke for the class', note: 'Grad-CAM in conv5: the lighter, the more.', pictures: seen },
    ],
    filters: drawnFilters(48, 11),
    histograms: drawnHistograms(),
    data: [
      { name: 'training', count: 7200, classes: classes(3600) },
      { name: 'validation', count: 800, classes: classes(400) },
      { name: 'test', count: EXAMPLES, classes: classes(EXAMPLES / 2) },
    ],
    configuration: {
      model: { name: 'AlexNet', variant: 'single tower', width: 0.25, dropout: 0.5 },
      optimizer: { name: 'SGD', lr: 0.02, momentum: 0.9, weightDecay: 5e-4 },
      schedule: 'cosine',
      ...{ batch: 32, epochs: 11, seed: 1, augment: ['crop', 'mirror'], labelSmoothing: 0 },
    },
    environment: {
      adapter: 'llvmpipe (LLVM 15.0.6)',
      driver: 'Mesa 25.0.7',
      subgroups: 8,
      wgrad: '0.1.0',
      node: '20.19.0',
    },
    model:
      'conv1  Conv2d(3, 24, kernel 11, stride 4)\nnorm1  LocalResponseNorm(5)\npool1  MaxPool2d(3, stride 2)\nconv2  Conv2d(24, 64, kernel 5, padding 2)',
  };
}
