// Decoded pictures on disk, so that each is decoded once: for a folder and a size, `.pixels` has the squares one after the
// other, `.index` what they are (pixel-index.ts), `.sum` the sum of them all; `.lock` is there while one process writes.
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { MemoryPixels, PixelStore } from '../data/pixel-store.js';
import { showBytes } from '../math.js';
import { readSquare } from './file-pixels.js';
import { addTo, emptySum, type ImageSum, readImageSum, writeImageSum } from './image-sum.js';
import type { PictureTable } from './picture-table.js';
import { CACHE_VERSION, type Entry, entryLine, type Found, readIndex, renewIndex, type Stamps } from './pixel-index.js';

/** Of the room on a disk; the rest is left to others, checkpoints among them. */
const MOST_OF_DISK = 0.9;
/** Squares that are added to a sum that a killed process left behind; to read more takes long. */
const MOST_LATE = 8192;
/** Changed pictures that are named one by one. */
const MOST_NAMED = 10;

const NOTHING: Found = {
  ...{ lines: 0, squares: 0, next: 0, damaged: 0, version: CACHE_VERSION, changed: [], lineOf: new Int32Array(0) },
};

/** An open file of squares, closed when nobody holds it any more; who gives its number to a thread holds it meanwhile. */
export class PixelFile {
  private static readonly closing = new FinalizationRegistry<number>((handle) => closeSync(handle));

  private constructor(readonly handle: number) {
    PixelFile.closing.register(this, handle);
  }

  /** @throws Error as the file system does. */
  static open(path: string, flags: string | number): PixelFile {
    return new PixelFile(openSync(path, flags));
  }
}

export class PixelCache {
  /** The squares; null while there are none. */
  file: PixelFile | null = null;
  /** Of all squares in the file; null if it is not known. */
  sum: ImageSum | null = null;
  /** What its files' names begin with. */
  readonly path: string;
  private readonly image: number;
  private index = -1;
  private found = NOTHING;
  /** Slots of pictures that turned out to be none. */
  private readonly unused: number[] = [];

  constructor(
    folder: string,
    private readonly size: number,
    private readonly tell: (notice: string) => void,
  ) {
    const directory = process.env.WGRAD_CACHE || resolve(homedir(), '.cache/wgrad');
    const key = createHash('sha256').update(JSON.stringify([resolve(folder), size]));
    this.path = `${directory}/pictures-${key.digest('hex').slice(0, 24)}`;
    this.image = 3 * size * size;
  }

  /** Notes in the table what is on disk and still true; what is not is said. */
  look(files: readonly string[], stamps: Stamps, table: PictureTable): void {
    const { path, tell } = this;
    this.found = NOTHING;
    this.sum = emptySum(this.image);
    try {
      this.found = readIndex(`${path}.index`, this.size, files, stamps, table);
    } catch {
      return; // no cache yet
    }
    const { version, damaged, changed } = this.found;
    if (version !== CACHE_VERSION) {
      tell(`${path}.index: of version ${version}, this is version ${CACHE_VERSION}; all pictures are decoded again`);
      return;
    }
    const again = (n: number, what: string) => `${n.toLocaleString('en-US')} ${what}${n === 1 ? '' : 's'}`;
    if (damaged > 0)
      tell(`${path}.index: ${again(damaged, 'line')} damaged or cut off; its pictures are decoded again`);
    for (const place of changed.slice(0, MOST_NAMED)) tell(`${files[place]}: it changed, and is decoded again`);
    if (changed.length > MOST_NAMED) tell(`${again(changed.length, 'picture')} changed in all`);
    this.file = openIfThere(`${path}.pixels`);
    const lost = this.lookAtLength(table);
    if (lost > 0) tell(`${path}.pixels: cut off or missing; ${again(lost, 'picture')} to be decoded again`);
    const whole = damaged + changed.length + lost === 0;
    this.sum = whole ? (readImageSum(`${path}.sum`, this.image) ?? emptySum(this.image)) : null;
  }

  /** How many pictures have a square behind the end of the file; they are not done any more. */
  private lookAtLength(table: PictureTable): number {
    const whole = this.file ? Math.floor(fstatSync(this.file.handle).size / this.image) : 0;
    let lost = 0;
    for (let place = 0; place < table.count; place++) {
      if (table.done[place] === 0 || table.slots[place] < whole) continue;
      table.done[place] = 0;
      lost++;
    }
    return lost;
  }

  /** Adds what was decoded since the sum was written: a process that is killed has not written it. */
  private catchUp(table: PictureTable): void {
    const { sum, found } = this;
    if (!sum || sum.squares === found.squares) return;
    const late = table.good().filter((place) => found.lineOf[place] >= sum.lines);
    const all = late.length === found.squares - sum.squares && late.length <= MOST_LATE;
    const room = new Uint8Array(this.image);
    const added = all && late.every((place) => this.read(place, table, room) && addTo(sum, room));
    this.sum = added ? { ...sum, lines: found.lines, squares: found.squares } : null;
  }

  /** The sum of what is in the file, if it is known without reading it. */
  get knownSum(): ImageSum | null {
    return this.sum?.squares === this.found.squares ? this.sum : null;
  }

  /** The sum of these pictures, read one by one, and kept; null if the file has others, too. */
  sumUp(places: Int32Array, read: PixelStore['read']): ImageSum | null {
    if (this.found.squares !== places.length) return null;
    const sum = { ...emptySum(this.image), squares: places.length };
    const room = new Uint8Array(this.image);
    for (const place of places) addTo(sum, read(place, room));
    try {
      this.keepSum(sum);
    } catch {} // it is added up again the next time
    return sum;
  }

  /** Whether a picture's square could be read, and is as it was written. */
  private read(place: number, table: PictureTable, into: Uint8Array): boolean {
    return this.file !== null && readSquare(this.file.handle, place, table, into);
  }

  /** Fills memory with the squares that are known; those that are damaged are not any more, which is said. */
  fill(held: MemoryPixels, files: readonly string[], table: PictureTable): void {
    for (let place = 0; place < table.count; place++) {
      if (table.done[place] === 0 || table.slots[place] < 0 || this.read(place, table, held.read(place))) continue;
      table.done[place] = 0;
      this.tell(`${files[place]}: damaged in the cache; it is decoded again`);
    }
  }

  /** Makes ready to write so many squares. @throws Error if there is no room for them, or nothing can be written. */
  begin(squares: number, table: PictureTable): void {
    const { path, found } = this;
    const { bavail, bsize } = statfsSync(dirname(path));
    const [needed, free] = [squares * this.image, bavail * bsize];
    if (needed > free * MOST_OF_DISK)
      throw new Error(`${showBytes(needed)} are needed, the disk has ${showBytes(free)} left`);
    const fresh = found.lines === 0 || found.version !== CACHE_VERSION;
    if (fresh) this.remove();
    if (fresh || found.damaged > 0) renewIndex(`${path}.index`, this.size);
    if (fresh) this.found = { ...NOTHING, lines: 1 };
    this.catchUp(table);
    if (!this.sum) rmSync(`${path}.sum`, { force: true });
    this.index = openSync(`${path}.index`, 'a');
    this.file = PixelFile.open(`${path}.pixels`, constants.O_RDWR | constants.O_CREAT);
  }

  /** What keeps other processes from writing. @throws Error if it cannot be where the cache is to be. */
  get lockFile(): string {
    mkdirSync(dirname(this.path), { recursive: true });
    return `${this.path}.lock`;
  }

  /** A slot for a picture's square: the one that it had, or a new one. */
  slotFor(old: number): number {
    return old >= 0 ? old : (this.unused.pop() ?? this.found.next++);
  }

  /**
   * Notes a picture, whose square is in its slot; of one that was left out, `slot` is another's now. `again`: it had a square
   * before. @throws Error
   */
  append(entry: Entry, slot: number, again: boolean): void {
    const square = typeof entry[3] === 'number';
    if (!square) this.unused.push(slot);
    this.found.squares += Number(square) - Number(again);
    this.found.lines++;
    writeSync(this.index, entryLine(entry, this.size));
  }

  /** Keeps the sum of all squares that were noted so far; null: it is not known. @throws Error */
  keepSum(sum: ImageSum | null): void {
    this.sum = sum && Object.assign(sum, { lines: this.found.lines });
    if (sum) writeImageSum(`${this.path}.sum`, sum);
    else rmSync(`${this.path}.sum`, { force: true });
  }

  /** Ends writing. */
  end(): void {
    if (this.index >= 0) closeSync(this.index);
    this.index = -1;
  }

  /** Gives the room on the disk back. */
  remove(): void {
    this.end();
    this.file = null;
    for (const part of ['index', 'pixels', 'sum']) {
      try {
        rmSync(`${this.path}.${part}`, { force: true });
      } catch {} // what cannot be removed is looked at the next time
    }
  }
}

/** To read and write, or else to read. */
function openIfThere(path: string): PixelFile | null {
  for (const flags of ['r+', 'r']) {
    try {
      return PixelFile.open(path, flags);
    } catch {} // one that cannot be opened is as good as none: its squares are decoded
  }
  return null;
}
