// Pictures that are not in memory: read from the cache's file, or decoded, by whichever thread needs them.
import { readFileSync, readSync, writeSync } from 'node:fs';
import { prepare } from '../data/image.js';
import { MemoryPixels, type PixelStore, type PixelSums } from '../data/pixel-store.js';
import { DataError, showValue, UsageError } from '../errors.js';
import { crc32 } from '../io/crc32.js';
import { decodeImage } from './decode-image.js';
import { PackedNames } from './packed-names.js';

/** What decides whether a square is right, for all threads. */
interface Squares {
  /** Where each picture's square is in the file; -1: it is not there. */
  readonly slots: Int32Array;
  /** CRC-32 of each square. */
  readonly checksums: Uint32Array;
  /** Whether a square was found to be right since the program began. */
  readonly checked: Uint8Array;
}

/** The central square of a picture file, (3, size, size). @throws DataError that names the file. */
export function decodeSquare(folder: string, file: string, size: number): Uint8Array {
  return prepare(decodeImage(readFileSync(`${folder}/${file}`), file), size);
}

/** Reads a picture's square from the cache's file; false if it is not there as it was written. */
export function readSquare(handle: number, place: number, squares: Squares, into: Uint8Array): boolean {
  const { slots, checksums, checked } = squares;
  const start = slots[place] * into.length;
  if (start < 0) return false;
  try {
    for (let at = 0; at < into.length; ) {
      const read = readSync(handle, into, at, into.length - at, start + at);
      if (read === 0) return false;
      at += read;
    }
  } catch {
    return false; // a disk that fails is as good as none
  }
  if (checked[place] === 0 && crc32(into) !== checksums[place]) return false;
  checked[place] = 1;
  return true;
}

/** Writes all of a square to its slot. @throws Error as the file system does. */
export function writeSquare(handle: number, slot: number, square: Uint8Array): void {
  for (let at = 0; at < square.length; ) {
    at += writeSync(handle, square, at, square.length - at, slot * square.length + at);
  }
}

/** Pictures that are decoded whenever they are needed, and are the same as the first time. */
export class DecodingPixels implements PixelStore {
  constructor(
    readonly size: number,
    readonly folder: string,
    readonly names: PackedNames,
    readonly checksums: Uint32Array,
    readonly sums?: PixelSums,
  ) {}

  get count(): number {
    return this.names.length;
  }

  read(place: number, into?: Uint8Array): Uint8Array {
    const file = this.names.at(place)!;
    const square = this.decode(file);
    if (crc32(square) !== this.checksums[place])
      throw new DataError(`${file}: changed while the program ran; start again to train with what it is now`);
    into?.set(square);
    return into ?? square;
  }

  private decode(file: string): Uint8Array {
    try {
      return decodeSquare(this.folder, file, this.size);
    } catch (error) {
      if (error instanceof DataError) throw error;
      throw new DataError(`${file}: cannot be read any more (${(error as Error).message})`, { cause: error });
    }
  }
}

/** Pictures in the cache's file. Each square is checked when it is first read; a damaged one is decoded and written again. */
export class FilePixels implements PixelStore {
  constructor(
    readonly file: { readonly handle: number },
    readonly squares: Squares,
    readonly decoding: DecodingPixels,
    readonly tell: (notice: string) => void,
  ) {}

  get size(): number {
    return this.decoding.size;
  }

  get count(): number {
    return this.decoding.count;
  }

  get sums(): PixelSums | undefined {
    return this.decoding.sums;
  }

  read(place: number, into = new Uint8Array(3 * this.size * this.size)): Uint8Array {
    const { file, squares, decoding } = this;
    if (readSquare(file.handle, place, squares, into)) return into;
    const slot = squares.slots[place];
    decoding.read(place, into);
    if (slot < 0) return into;
    this.tell(`${decoding.names.at(place)}: damaged in the cache; it was decoded again`);
    try {
      writeSquare(file.handle, slot, into);
    } catch {
      squares.slots[place] = -1; // it cannot be put right: from now on it is decoded, and that was said
    }
    return into;
  }
}

/** A store as another thread gets it: plain data and shared memory. Whoever keeps it keeps the file open. */
export type StoreSetup =
  | { kind: 'memory'; size: number; parts: readonly Uint8Array[] }
  | { kind: 'decoding'; size: number; folder: string; text: Uint8Array; ends: Uint32Array; checksums: Uint32Array }
  | { kind: 'file'; file: { readonly handle: number }; squares: Squares; decoding: StoreSetup };

/** @throws UsageError for a store of a kind that other threads cannot have. */
export function setupOf(store: PixelStore): StoreSetup {
  if (store instanceof MemoryPixels) return { kind: 'memory', size: store.size, parts: store.parts };
  if (store instanceof DecodingPixels) {
    const { size, folder, names, checksums } = store;
    return { kind: 'decoding', size, folder, text: names.text, ends: names.ends, checksums };
  }
  if (store instanceof FilePixels) {
    const { slots, checksums, checked } = store.squares;
    const squares = { slots, checksums, checked };
    return { kind: 'file', file: store.file, squares, decoding: setupOf(store.decoding) };
  }
  throw new UsageError(
    `BatchWorkers: threads cannot read pictures from ${showValue(store)}; a store of your own is read by 0 threads`,
  );
}

/** The store that a setup is of, in this thread. */
export function openStore(setup: StoreSetup, tell: (notice: string) => void): PixelStore {
  switch (setup.kind) {
    case 'memory':
      return new MemoryPixels(setup.size, setup.parts);
    case 'decoding': {
      const { size, folder, text, ends, checksums } = setup;
      return new DecodingPixels(size, folder, new PackedNames(text, ends), checksums);
    }
    case 'file':
      return new FilePixels(setup.file, setup.squares, openStore(setup.decoding, tell) as DecodingPixels, tell);
  }
}
