// What local response normalization does to AlexNet's activations, and why the paper's pixels go from 0 to 255: the least, mean and
// largest factor that it multiplies them by. Drawings, or the photographs of a folder:
// npm run example examples/response-normalization.ts FOLDER
import { DataLoader, drawnStandIns, type ImageDataset } from '../src/data/index.js';
import {
  type AlexNet,
  alexnet,
  type HostTensor,
  init,
  manualSeed,
  noGrad,
  scope,
  type Tensor,
  tensor,
} from '../src/index.js';
import { loadImageFolder } from '../src/node/index.js';

const [PICTURES, BATCH, STORED, CROP] = [64, 8, 256, 227];

await init();
const folder = process.argv[2];
const dataset: ImageDataset = folder
  ? (await loadImageFolder(folder, { size: STORED, limit: PICTURES, seed: 1 })).dataset
  : drawnStandIns(PICTURES, STORED, 1);
const colours = { ...dataset.colours(), meanImage: dataset.meanImage() };
console.log(`${dataset.length} ${folder ? 'photographs' : 'drawings'}`.padEnd(40), 'norm1: least mean largest   norm2');

for (const initialization of ['paper', 'he'] as const) {
  for (const pixels of ['mean-image', 'mean-colour', 'standard'] as const) {
    manualSeed(1);
    const model = alexnet({ numClasses: 2, hidden: 8, imageSize: CROP, initialization });
    const augment = { crop: CROP, place: 'center', pixels, colours, seed: 1 } as const;
    const { value: batch } = await new DataLoader(dataset, { batchSize: BATCH, augment }).epoch(0).next();
    const factors = await Promise.all(normalize(model, batch!.images));
    console.log(`weights '${initialization}', pixels '${pixels}'`.padEnd(40), factors.join('   '));
    model.dispose();
  }
}

/** Runs the layers up to norm2. */
function normalize(model: AlexNet, images: HostTensor): Promise<string>[] {
  using _images = scope();
  const factors: Promise<string>[] = [];
  let x = tensor(images);
  for (const [name, layer] of model.children()) {
    const y = noGrad(() => layer.forward(x));
    if (name.startsWith('norm')) factors.push(between(x, y));
    if (name === 'norm2') break;
    x = y;
  }
  return factors;
}

/** Of what is above 0: the others are 0 before and after. */
async function between(before: Tensor, after: Tensor): Promise<string> {
  const [x, y] = await Promise.all([before.data(), after.data()]);
  let [least, sum, largest, count] = [Number.POSITIVE_INFINITY, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    if (!(x[i] > 1e-3)) continue; // the quotient of smaller ones is rounding
    const factor = y[i] / x[i];
    [least, sum, largest, count] = [Math.min(least, factor), sum + factor, Math.max(largest, factor), count + 1];
  }
  return [least, sum / count, largest].map((v) => v.toFixed(4)).join(' ');
}
