// The making of batches on the host, in worker threads: what must keep up with the GPU.
import {
  type Augmentation,
  ImageDataset,
  normalize,
  randAugment,
  randomHorizontalFlip,
  randomResizedCrop,
  type Transform,
  toTensor,
} from '../src/data/index.js';
import { sync } from '../src/index.js';
import { BatchWorkers } from '../src/node/index.js';
import type { Case } from './case.js';

/** Crops, mirror images and colour; torchvision's transforms. */
export function dataCases(threads: number): Case[] {
  return [
    { stored: 256, crop: 227, batch: 128 },
    { stored: 129, crop: 115, batch: 32 },
  ].flatMap(({ stored, crop, batch }) => {
    const kinds: [string, (dataset: ImageDataset) => Augmentation][] = [
      [`crops of ${crop}`, (dataset) => paperAugment(dataset, crop)],
      [`resized crops of ${crop}`, () => resizedCrops(crop)],
      [`RandAugment at ${crop}`, () => resizedCrops(crop, randAugment())],
    ];
    return kinds.map(([name, how]) => ({
      ...{ group: 'data', name: `batch of ${batch}, ${name}, ${threads} threads`, wall: true, rounds: 5 },
      ...{ images: batch * 8, bytes: batch * 8 * 3 * crop * crop * 5 },
      async check() {},
      prepare: () => prepareBatches(greyPictures(stored), how, batch, threads),
    }));
  });
}

const paperAugment = (dataset: ImageDataset, crop: number): Augmentation => ({
  ...{ crop, place: 'random', flip: true, colourShift: 0.1, colours: dataset.colours(8), seed: 1 },
});

/** What torchvision's own training of ImageNet does, and more in its middle. */
const resizedCrops = (crop: number, ...more: Transform[]): Augmentation => ({
  transforms: [
    ...[randomResizedCrop(crop), randomHorizontalFlip(), ...more, toTensor()],
    normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
  ],
  seed: 1,
});

function greyPictures(size: number): ImageDataset {
  const pictures = 64;
  const pixels = new Uint8Array(new SharedArrayBuffer(pictures * size * size * 3)).fill(100);
  const names = Array.from({ length: pictures }, (_, i) => `${i}.jpg`);
  return new ImageDataset(pixels, size, ['cat', 'dog'], new Int32Array(pictures), names);
}

/** Eight batches at once. */
function prepareBatches(dataset: ImageDataset, how: (d: ImageDataset) => Augmentation, batch: number, threads: number) {
  const workers = new BatchWorkers(dataset, how(dataset), threads);
  const indices = Int32Array.from({ length: batch }, (_, i) => i % dataset.length);
  const run = async () => {
    await Promise.all(Array.from({ length: 8 }, (_, epoch) => workers.assemble({ indices, epoch })));
    await sync();
  };
  return { run, release: () => workers.close() };
}
