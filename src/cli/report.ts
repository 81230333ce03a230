// report.html: what a tested run came to.
import { DataLoader, type ImageDataset } from '../data/index.js';
import { type Module, summary, tensor } from '../index.js';
import { encodeJpeg, type RunFolder, type RunSaver } from '../node/index.js';
import {
  type Heat,
  notablePredictions,
  type Predictions,
  predictionParts,
  type RunFacts as RunRecord,
  reportHtml,
} from '../report/index.js';
import * as train from '../train/index.js';
import type { RunFacts } from './facts.js';
import { lookOf } from './parts.js';

/** The layer whose maps say what a prediction was made of: AlexNet's last convolution. */
const LOOKED_AT = 'conv5';

export interface ReportParts {
  model: Module;
  facts: RunFacts;
  record: RunRecord;
  history: readonly train.EpochRecord[];
  /** What was tested. */
  tested: ImageDataset;
  /** Probabilities by picture, (pictures, classes). */
  probabilities: readonly number[];
  /** Whether the pictures themselves are shown. */
  pictures: boolean;
  saver: RunSaver;
  folder: RunFolder;
}

/** Writes it; its path. */
export async function writeReport(parts: ReportParts): Promise<string> {
  const { model, facts, record, history, tested, probabilities, pictures, saver, folder } = parts;
  const { classes, options } = facts;
  const indices = Array.from({ length: tested.length }, (_, i) => i);
  const labels = indices.map((i) => tested.label(i));
  const predictions = { classes, probabilities, labels, names: indices.map((i) => tested.name(i)) };
  const shown = pictures ? await picturesOf(parts, predictions) : { encoded: new Map(), heat: new Map() };
  const { galleries, ...rest } = predictionParts(predictions, shown.encoded);
  const weight = model.stateDict()['conv1.weight'];
  const html = reportHtml({
    ...{ ...record, ...rest, history },
    galleries: galleries.map((gallery) => ({
      ...gallery,
      pictures: gallery.pictures.map((one) => ({ ...one, heat: shown.heat.get(one.picture) })),
    })),
    filters: { name: 'conv1', shape: weight.shape, data: await weight.data() },
    histograms: await train.layerHistograms(model),
    model: summary(model, [3, options.image, options.image]),
  });
  saver.saveFile('report.html', html);
  return folder.file('report.html');
}

/** The notable pictures, as the network saw them, and where in each of them its answer came from. */
async function picturesOf({ model, facts, tested }: ReportParts, predictions: Predictions) {
  const { best, worst, uncertain } = notablePredictions(predictions);
  const chosen = [...new Set([...best, ...worst, ...uncertain])];
  const n = predictions.classes.length;
  const called = chosen.map((i) => train.argmaxRow(predictions.probabilities, i * n, n));
  const augment = { ...lookOf(facts), place: 'center', seed: 0 } as const;
  const loader = new DataLoader(tested.subset(chosen), { batchSize: chosen.length, augment });
  const encoded = new Map<number, Uint8Array>();
  const heat = new Map<Uint8Array, Heat>();
  for await (const { images } of loader.epoch(0)) {
    const x = tensor(images);
    const maps = train.gradCam(model, LOOKED_AT, x, called);
    const [, height, width] = maps.shape;
    const values = await maps.data();
    x.dispose();
    maps.dispose();
    for (const [k, i] of chosen.entries()) {
      const bytes = encodeJpeg(central(tested.pixels(i), tested.size, facts.options.image));
      encoded.set(i, bytes);
      const own = values.subarray(k * height * width, (k + 1) * height * width);
      heat.set(bytes, { shape: [height, width], data: own });
    }
  }
  return { encoded, heat };
}

/** The central square of a picture in planes. */
function central(pixels: Uint8Array, size: number, crop: number) {
  const margin = Math.floor((size - crop) / 2);
  const planes = new Uint8Array(3 * crop * crop);
  for (let row = 0; row < 3 * crop; row++) {
    const [plane, y] = [Math.floor(row / crop), row % crop];
    const from = (plane * size + margin + y) * size + margin;
    planes.set(pixels.subarray(from, from + crop), row * crop);
  }
  return { width: crop, height: crop, planes };
}
