// Finds photographs, or draws stand-ins and says so.
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { drawnStandIns, type ImageDataset } from '../../src/data/index.js';
import { DataError } from '../../src/index.js';
import { hasPictures, type ImageFolder, loadImageFolder } from '../../src/node/index.js';
import { call } from './options.js';
import type { DogcatOptions } from './presets.js';
import type { Terminal } from './terminal.js';

export interface DogcatData {
  train: ImageDataset;
  validation: ImageDataset;
  test: ImageDataset;
  /** What `test` is, for people. */
  testName: string;
  /** Where the pictures came from; null for stand-ins. */
  folder: string | null;
}

const USUAL_FOLDER = '../shared/data/dogs-vs-cats';
const STAND_INS = { train: 2000, test: 400 };

const HOW_TO_GET = `No photographs are used. To train on real ones, get "Dogs vs. Cats" from Kaggle (a free account):
  kaggle competitions download -c dogs-vs-cats      # or by hand: kaggle.com/c/dogs-vs-cats/data
  unzip dogs-vs-cats.zip && unzip train.zip         # train/cat.0.jpg ... train/dog.12499.jpg
  ${`${call('train')} --data .`.padEnd(48)}  # or set WGRAD_DATA
Until then the network trains on drawn stand-ins. Its accuracy says nothing about photographs.`;

/** --data, then WGRAD_DATA, then the usual place beside the project. */
export function findFolder(given: string | undefined): string | null {
  for (const [what, folder] of [
    ['--data', given],
    ['WGRAD_DATA', process.env.WGRAD_DATA],
  ] as const) {
    if (folder === undefined || folder === '') continue;
    if (!existsSync(folder)) throw new DataError(`${what} ${folder}: there is no such folder`);
    return relative('', folder) || '.';
  }
  return hasPictures(USUAL_FOLDER) ? USUAL_FOLDER : null;
}

/** Training, validation and test pictures, decoded. */
export async function loadData(folder: string | null, options: DogcatOptions, terminal: Terminal): Promise<DogcatData> {
  const { stored, limit, seed, validation: share } = options;
  if (folder === null) {
    terminal.markStandIns();
    terminal.say(HOW_TO_GET);
    const [train, validation] = drawnStandIns(Math.min(STAND_INS.train, limit), stored, seed).split(share, seed);
    return {
      train,
      validation,
      test: drawnStandIns(STAND_INS.test, stored, seed + 1),
      testName: 'new drawings',
      folder,
    };
  }
  const training = existsSync(`${folder}/train`) ? `${folder}/train` : folder;
  const load = async (path: string, most?: number) => {
    const started = performance.now();
    const found = await loadImageFolder(path, {
      size: stored,
      limit: most,
      seed,
      onProgress: (done, total) => terminal.progress(`decoding ${path}: ${done} of ${total}`),
    });
    terminal.clear();
    report(path, found, (performance.now() - started) / 1000, terminal);
    return found.dataset;
  };
  const all = await load(training, Number.isFinite(limit) ? limit : undefined);
  const [train, validation] = all.split(share, seed);
  if (train.classes.length < 2)
    throw new DataError(`${training}: only one class, '${train.classes[0]}'; two or more are needed`);
  const testFolder = `${folder}/test`;
  const instead = { train, validation, test: validation, testName: 'the validation pictures', folder };
  if (training === folder || !existsSync(testFolder)) return instead;
  const test = await load(testFolder);
  if (test.classes.join('\n') === train.classes.join('\n'))
    return { train, validation, test, testName: testFolder, folder };
  terminal.say(`${testFolder}: its classes are not those of ${training}; the validation pictures are tested instead`);
  return instead;
}

function report(path: string, { dataset, damaged, cached }: ImageFolder, seconds: number, terminal: Terminal): void {
  const counts = dataset.counts().map((n, c) => `${n.toLocaleString('en-US')} ${dataset.classes[c]}`);
  const how = cached ? 'from the cache' : `decoded in ${seconds.toFixed(1)} s`;
  terminal.say(`${path}: ${counts.join(', ')}, ${dataset.size} x ${dataset.size} pixels, ${how}`);
  for (const { file, reason } of damaged.slice(0, 10)) terminal.say(`  left out ${file}: ${reason}`);
  if (damaged.length > 10) terminal.say(`  left out ${damaged.length} in all`);
}
