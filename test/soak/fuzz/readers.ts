// What is fuzzed: every reader of bytes or text from outside, with the errors that its documentation allows.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { readCheckpoint } from '../../../src/checkpoint/files.js';
import { parseSavedState } from '../../../src/checkpoint/saved-state.js';
import { BLANK_SEAL, seal } from '../../../src/checkpoint/seal.js';
import { readFacts } from '../../../src/cli/facts.js';
import { parseCommandLine } from '../../../src/cli/options.js';
import { presets } from '../../../src/cli/presets.js';
import { colourSums } from '../../../src/data/colours.js';
import { MemoryPixels } from '../../../src/data/pixel-store.js';
import type { Random } from '../../../src/data/random.js';
import { CheckpointError, DataError, UsageError } from '../../../src/errors.js';
import { crc32 } from '../../../src/io/crc32.js';
import { readNpy, readSafetensors, writeSafetensors } from '../../../src/io/index.js';
import { decodeImage } from '../../../src/node/decode-image.js';
import { writeSquare } from '../../../src/node/file-pixels.js';
import { PictureTable } from '../../../src/node/picture-table.js';
import { PixelCache } from '../../../src/node/pixel-cache.js';
import { mutate, mutateJson } from './mutate.js';
import { jpegs, npys, pngs, safetensors } from './seeds.js';

const NAME = 'some-file';

export interface Reader {
  /** The only errors that it may throw; their messages begin with the file's name. */
  errors: readonly (new (
    message: string,
  ) => Error)[];
  /** Bytes that it may take for one byte of the input, besides a fixed allowance; its docstring says the same. */
  bytesPerByte: number;
  /** Whole files, which must be read without an error. */
  whole(): readonly Uint8Array[];
  input(random: Random): Uint8Array;
  read(input: Uint8Array): void;
}

const encode = (text: string) => new TextEncoder().encode(text);
const text = (input: Uint8Array) => new TextDecoder().decode(input);

/** A safetensors file whose header was changed and whose length field still fits, or nearly. */
function withChangedHeader(file: Uint8Array, random: Random): Uint8Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = encode(mutateJson(JSON.parse(text(file.subarray(8, 8 + length))), random));
  const made = new Uint8Array(8 + header.length + file.length - 8 - length);
  new DataView(made.buffer).setBigUint64(0, BigInt(header.length + (random.below(20) === 0 ? 1 : 0)), true);
  made.set(header, 8);
  made.set(file.subarray(8 + length), 8 + header.length);
  return made;
}

const STATE = {
  position: {
    ...{ epoch: 1, batch: 2, step: 12, seconds: 3.5, waited: 0.5, loss: { sum: 1.5, weight: 3 } },
    trend: { count: 1, start: 0.7, recent: 0.6 },
    history: [
      { ...{ epoch: 1, step: 10, learningRate: 1e-3, seconds: 2, waited: 0.2 }, metrics: { loss: 0.7, accuracy: 0.5 } },
    ],
  },
  rollbacks: 0,
  parts: {
    model: { frozen: ['weight'], evaluating: [] },
    optimizer: { steps: 12, updates: [12, 12], groups: [{ lr: 1e-3, weightDecay: 0 }], lrScale: 1 },
    data: {
      ...{ length: 20, epoch: 1, batch: 2 },
      orderedBy: { fingerprint: 'a3f0', batchSize: 5, dropLast: false, shuffle: true, seed: 1 },
    },
    metrics: { accuracy: { size: 2, sums: { batches: 2 } } },
    callbacks: { EarlyStopping: { best: 0.5, waited: 1, stopped: false } },
  },
  rng: { seed: 1, stream: 2 },
};
const TENSORS = [['model.weight', { shape: [2], data: Float32Array.of(1, 2) }]] as const;
const CHECKPOINT = { ...BLANK_SEAL, format: 'wgrad checkpoint 4' };
const checkpoint = (state: string) => seal(writeSafetensors(TENSORS, { ...CHECKPOINT, state }));

const IDENTITY = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
const FACTS = {
  options: { ...presets.quick.options, limit: null },
  classes: ['cat', 'dog'],
  colours: { mean: [120, 110, 100], std: [60, 60, 60], axes: IDENTITY, axisStd: [9, 5, 2] },
  folder: null,
};

const WORDS = [
  ...['train', 'predict', 'a.jpg', '--', '-', '', '--lr', '--lr=', '--epochs', '--resume', '--run', '--data', '--help'],
  ...[
    '0',
    '-1',
    'NaN',
    '1e999',
    '0x10',
    '1.5',
    'paper',
    '__proto__',
    '--__proto__',
    '--no-flip',
    '--no-lr',
    '--flip=1',
  ],
  ...['--preset', 'quick', '--steps', '--workers', '--toString', '--constructor=1', '\0', '--batch', '９', '--out'],
];

const FILES = ['a.png', 'b.png', 'c.png'];
const STAMPS = { bytes: Float64Array.of(10, 20, 30), times: Float64Array.of(1.5, 2.5, 3.5) };
const SIDE = 4;
const SQUARES = [7, 9].map((value) => new Uint8Array(3 * SIDE * SIDE).fill(value));
let cacheFolder = '';
let cachePath = '';
/** The index, then the squares. */
let goodCache: Uint8Array;

const openCache = () => new PixelCache(cacheFolder, SIDE, () => {});

/** The cache of a folder of two pictures and a damaged one, in a cache folder of its own. */
function prepareCache(): void {
  if (cacheFolder) return;
  cacheFolder = mkdtempSync(`${tmpdir()}/wgrad-fuzz-`);
  process.env.WGRAD_CACHE = cacheFolder;
  const cache = openCache();
  const table = new PictureTable(3);
  cache.look(FILES, STAMPS, table);
  cache.begin(3, table);
  SQUARES.forEach((square, i) => {
    const slot = cache.slotFor(-1);
    writeSquare(cache.file!.handle, slot, square);
    cache.append([FILES[i], STAMPS.bytes[i], STAMPS.times[i], slot, crc32(square), ...colourSums(square)], slot, false);
  });
  cache.append([FILES[2], STAMPS.bytes[2], STAMPS.times[2], 'damaged'], cache.slotFor(-1), false);
  cache.end();
  cachePath = cache.path;
  const files = ['index', 'pixels'].map((part) => readFileSync(`${cachePath}.${part}`));
  goodCache = new Uint8Array(Buffer.concat(files));
}

/** Removes the folder that the cache's reader worked in. */
export function cleanUp(): void {
  if (cacheFolder) rmSync(cacheFolder, { recursive: true });
}

export const readers: Record<string, Reader> = {
  jpeg: {
    ...{ errors: [DataError], bytesPerByte: 20_000 },
    whole: () => jpegs,
    input: (random) => mutate(jpegs, random),
    read: (input) => void decodeImage(input, NAME),
  },
  png: {
    ...{ errors: [DataError], bytesPerByte: 200_000 },
    whole: () => pngs,
    input: (random) => mutate(pngs, random),
    read: (input) => void decodeImage(input, NAME),
  },
  safetensors: {
    ...{ errors: [CheckpointError], bytesPerByte: 16 },
    whole: () => safetensors,
    input: (random) =>
      random.below(2) === 0
        ? mutate(safetensors, random)
        : withChangedHeader(safetensors[random.below(safetensors.length)], random),
    read: (input) => {
      const { tensors } = readSafetensors(input, NAME);
      for (const [name, { shape, data }] of tensors) {
        if (shape.reduce((n, size) => n * size, 1) !== data.length)
          throw new Error(`'${name}' does not fill its shape`);
      }
    },
  },
  npy: {
    ...{ errors: [DataError], bytesPerByte: 16 },
    whole: () => npys,
    input: (random) => mutate(npys, random),
    read: (input) => {
      const { shape, data } = readNpy(input, NAME);
      if (!shape.every(Number.isSafeInteger) || shape.reduce((n, size) => n * size, 1) !== data.length) {
        throw new Error(`shape ${shape} for ${data.length} elements`);
      }
    },
  },
  checkpoint: {
    ...{ errors: [CheckpointError], bytesPerByte: 32 },
    whole: () => [checkpoint(JSON.stringify(STATE))],
    input: (random) => {
      const whole = checkpoint(mutateJson(STATE, random));
      return random.below(3) === 0 ? mutate([whole], random) : whole;
    },
    read: (input) => void readCheckpoint(input, NAME),
  },
  state: {
    ...{ errors: [CheckpointError], bytesPerByte: 32 },
    whole: () => [encode(JSON.stringify(STATE))],
    input: (random) =>
      random.below(2) === 0 ? encode(mutateJson(STATE, random)) : mutate([encode(JSON.stringify(STATE))], random),
    read: (input) => void parseSavedState(text(input), NAME),
  },
  facts: {
    ...{ errors: [CheckpointError], bytesPerByte: 32 },
    whole: () => [encode(JSON.stringify(FACTS))],
    input: (random) =>
      random.below(2) === 0 ? encode(mutateJson(FACTS, random)) : mutate([encode(JSON.stringify(FACTS))], random),
    read: (input) => {
      for (const use of ['resume', 'predict'] as const) {
        readFacts({ name: NAME, tensors: new Map(), metadata: { facts: text(input) } }, use);
      }
    },
  },
  'command line': {
    ...{ errors: [UsageError], bytesPerByte: 64 },
    whole: () => [encode('train\n--lr\n0.1\n--no-flip'), encode('predict\na.jpg')],
    input: (random) =>
      encode(Array.from({ length: random.below(8) }, () => WORDS[random.below(WORDS.length)]).join('\n')),
    read: (input) => void parseCommandLine(text(input).split('\n')),
  },
  'pixel cache': {
    ...{ errors: [], bytesPerByte: 64 },
    whole: () => [goodCache],
    input: (random) => {
      prepareCache();
      return mutate([goodCache], random);
    },
    read: (input) => {
      const squares = Math.max(0, input.length - 2 * SQUARES[0].length);
      writeFileSync(`${cachePath}.index`, input.subarray(0, squares));
      writeFileSync(`${cachePath}.pixels`, input.subarray(squares));
      const table = new PictureTable(3);
      const held = MemoryPixels.room(3, SIDE, 'fuzz');
      const cache = openCache();
      cache.look(FILES, STAMPS, table);
      cache.fill(held, FILES, table);
      if (Buffer.compare(input, goodCache) === 0 && table.missing().length > 0)
        throw new Error('a whole cache was refused');
      const wrong = SQUARES.some((square, i) => table.done[i] === 1 && Buffer.compare(held.read(i), square) !== 0);
      const reasons = [...table.reasons.entries()].flat().join();
      if (wrong || !['', '2,damaged'].includes(reasons)) throw new Error(`a changed cache was believed: ${reasons}`);
    },
  },
};

export { NAME };
