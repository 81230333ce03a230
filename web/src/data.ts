// The pictures that are trained on: drawn, read from files, or kept from before.
import { drawnStandIns, ImageDataset, loadPictureFiles, MemoryPixels, type PictureFile } from 'wgrad/data';
import { readSafetensors, writeSafetensors } from 'wgrad/io';
import { type NetworkName, networks } from './networks.js';
import type { Store } from './store.js';
import { megabytes, messageOf } from './words.js';

/** Where pictures come from. */
export type Source = { kind: 'stand-ins'; count: number } | { kind: 'files'; files: PictureFile[] };

/** How to have the same pictures again: drawn ones are drawn, others lie in a file of the store, or are not kept, which has a reason. */
export type KeptPictures =
  | { kind: 'stand-ins'; count: number }
  | { kind: 'files'; count: number; file: string }
  | { kind: 'files'; count: number; file: null; reason: string };

/** Pictures of the size that a network takes. */
export interface Data {
  network: NetworkName;
  train: ImageDataset;
  validation: ImageDataset;
  kept: KeptPictures;
}

export const SEED = 1;
const SHARE_FOR_VALIDATION = 0.15;
/** Bytes of decoded pictures that are kept. */
const MOST_KEPT = 512e6;

/** Draws or reads pictures, and keeps those that were read; `say` is told what is done. */
export async function prepareData(
  source: Source,
  network: NetworkName,
  store: Store | null,
  say: (what: string) => void,
): Promise<Data> {
  const { stored } = networks[network];
  if (source.kind === 'stand-ins') {
    say('drawing pictures');
    return drawnData(source.count, network);
  }
  const onProgress = (done: number, total: number) => {
    if (done % 20 === 0 || done === total) say(`reading pictures: ${done} of ${total}`);
  };
  const { dataset } = await loadPictureFiles(source.files, { size: stored, onProgress });
  say('keeping the pictures');
  return splitData(dataset, network, await keepPictures(dataset, store));
}

/** The pictures of a kept run. @throws Error if they were not kept, or are gone. */
export async function keptData(kept: KeptPictures, network: NetworkName, store: Store): Promise<Data> {
  if (kept.kind === 'stand-ins') return drawnData(kept.count, network);
  if (kept.file === null) throw new Error(`its pictures were not kept: ${kept.reason}`);
  const bytes = await store.read(kept.file);
  if (!bytes) throw new Error('its pictures are gone');
  return splitData(unpack(bytes), network, kept);
}

function drawnData(count: number, network: NetworkName): Data {
  return splitData(drawnStandIns(count, networks[network].stored, SEED), network, { kind: 'stand-ins', count });
}

function splitData(all: ImageDataset, network: NetworkName, kept: KeptPictures): Data {
  const [train, validation] = all.split(SHARE_FOR_VALIDATION, SEED);
  return { network, train, validation, kept };
}

/** Writes them to a file of their own: a run that was kept with others has these until it is replaced. */
async function keepPictures(all: ImageDataset, store: Store | null): Promise<KeptPictures> {
  const about = { kind: 'files', count: all.length } as const;
  const size = megabytes(all.length * 3 * all.size ** 2);
  if (!store) return { ...about, file: null, reason: 'nothing is kept here' };
  if (all.length * 3 * all.size ** 2 > MOST_KEPT)
    return { ...about, file: null, reason: `they take ${size}, and up to ${megabytes(MOST_KEPT)} are kept` };
  const file = `pictures-${crypto.randomUUID()}.safetensors`;
  try {
    await store.write(file, [pack(all)]);
    return { ...about, file };
  } catch (error) {
    return { ...about, file: null, reason: `they take ${size}: ${messageOf(error)}` };
  }
}

/** A safetensors file: pictures by their number, (3, size, size). */
function pack(all: ImageDataset): Uint8Array {
  const { size, classes } = all;
  const numbers = Array.from({ length: all.length }, (_, i) => i);
  const labels = numbers.map((i) => all.label(i));
  const names = numbers.map((i) => all.name(i));
  const about = JSON.stringify({ size, classes, labels, names });
  return writeSafetensors(
    numbers.map((i) => [String(i), { shape: [3, size, size], data: all.pixels(i) }]),
    { about },
  );
}

function unpack(bytes: Uint8Array): ImageDataset {
  const { tensors, metadata } = readSafetensors(bytes, 'the kept pictures');
  const { size, classes, labels, names } = JSON.parse(metadata.about);
  const parts = names.map((_: string, i: number) => tensors.get(String(i))!.data as Uint8Array);
  return new ImageDataset(new MemoryPixels(size, parts), size, classes, Int32Array.from(labels), names);
}
