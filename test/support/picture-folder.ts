// Folders of small pictures, and a cache of their own for what is decoded of them.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ImageDataset } from '../../src/data/dataset.js';
import { gradient, makeJpeg, makePng } from '../node/made-images.js';
import type { Suite } from './suite.js';

/** A picture of its own colour for each number. */
export const picture = (n: number): Uint8Array =>
  (n % 2 ? makePng : makeJpeg)(30 + (n % 7), 20, (x, y) => [(n * 9) % 256, gradient(x, y)[1], 200]);

export interface PictureHome {
  path: string;
  cache: string;
  /** A new folder with these files, by their paths in it. */
  folder(files: Record<string, Uint8Array | string>): string;
  /** A new folder of so many pictures of cats and dogs in turn. */
  pictures(count: number): string;
  /** The cache's only file of a kind. */
  cacheFile(kind: 'index' | 'pixels' | 'sum'): string;
  /** Removes all that is cached. */
  forget(): void;
}

/** A folder for a suite's pictures, removed at its end; `WGRAD_CACHE` lies in it meanwhile. */
export function usePictures(test: Suite): PictureHome {
  const path = mkdtempSync(join(tmpdir(), 'wgrad-pictures-'));
  const cache = join(path, 'cache');
  const before = process.env.WGRAD_CACHE;
  let folders = 0;
  test.before(() => {
    process.env.WGRAD_CACHE = cache;
  });
  test.after(() => {
    if (before === undefined) delete process.env.WGRAD_CACHE;
    else process.env.WGRAD_CACHE = before;
    rmSync(path, { recursive: true, force: true });
  });
  const folder = (files: Record<string, Uint8Array | string>): string => {
    const made = join(path, `folder ${folders++}`);
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(made, name)), { recursive: true });
      writeFileSync(join(made, name), content);
    }
    return made;
  };
  return {
    ...{ path, cache, folder },
    pictures: (count) =>
      folder(Object.fromEntries(Array.from({ length: count }, (_, i) => [`${KINDS[i % 2]}.${i}.jpg`, picture(i)]))),
    cacheFile: (kind) => {
      const files = readdirSync(cache).filter((file) => file.endsWith(`.${kind}`));
      if (files.length !== 1) throw new Error(`${files.length} ${kind} files in the cache`);
      return join(cache, files[0]);
    },
    forget: () => rmSync(cache, { recursive: true, force: true }),
  };
}

const KINDS = ['cat', 'dog'];

/** All pixels, as text: what differs is told by assertions in one line. */
export const pixelsOf = (dataset: ImageDataset): string[] =>
  Array.from(
    { length: dataset.length },
    (_, i) => `${dataset.name(i)} ${Buffer.from(dataset.pixels(i)).toString('hex')}`,
  );

/** A file with one bit turned over. */
export function flipBit(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at < 0 ? bytes.length + at : at] ^= 4;
  writeFileSync(file, bytes);
}
