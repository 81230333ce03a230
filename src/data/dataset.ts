import { DataError, showValue, UsageError } from '../errors.js';
import { crc32 } from '../io/crc32.js';
import { COLOUR_SUMS, type ColourStatistics, colourStatistics, colourSums } from './colours.js';
import { MemoryPixels, type PixelStore } from './pixel-store.js';
import { Random, shuffled } from './random.js';
import { checkSeed } from './rules.js';

/** A file that was left out of a data set, and why. */
export interface DamagedFile {
  /** Its name, or its path below the data's folder. */
  file: string;
  /** What is wrong with it. */
  reason: string;
}

/** Names of pictures: an array of texts is one. */
export interface Names {
  /** How many there are. */
  readonly length: number;
  /** A name; undefined where there is none. */
  at(index: number): string | undefined;
}

/**
 * Labelled square pictures of one size, bytes (3, size, size) each, in memory or read where they are needed (`PixelStore`).
 * Several sets may share one store: subsets do.
 * @throws DataError if pixels, labels, names and places do not fit together.
 */
export class ImageDataset {
  /** Where the pictures' bytes come from. */
  readonly store: PixelStore;
  private sum?: number;

  constructor(
    /** All pictures' bytes, (pictures, 3, size, size), which may be a view of shared memory; or what they are read from. */
    pixels: Uint8Array | PixelStore,
    /** Side of the pictures, in pixels. */
    readonly size: number,
    /** Names of the classes; labels are places in this list. */
    readonly classes: readonly string[],
    /** The class of each picture in the store. */
    private readonly allLabels: Int32Array,
    /** The name of each picture in the store. */
    private readonly allNames: Names,
    /** Which pictures of the store belong to this set. Default: all. */
    readonly places: Int32Array = Int32Array.from(allLabels, (_, i) => i),
  ) {
    checkParts(size, classes, allLabels, allNames, places);
    this.store = storeOf(pixels, size, allLabels.length);
  }

  /** Pictures in this set. */
  get length(): number {
    return this.places.length;
  }

  /** The class of a picture, as its place in `classes`. @throws UsageError if there is no such picture. */
  label(i: number): number {
    return this.allLabels[this.place(i, 'label')];
  }

  /** The file or drawing that a picture came from. @throws UsageError if there is no such picture. */
  name(i: number): string {
    return this.allNames.at(this.place(i, 'name'))!;
  }

  /**
   * The bytes (3, size, size) of a picture. Where pictures are in memory: a view, not a copy, and `into` is left alone; else
   * they are read into `into`, or into a new array.
   * @throws UsageError if there is no such picture, DataError if it cannot be read any more.
   */
  pixels(i: number, into?: Uint8Array): Uint8Array {
    const image = 3 * this.size * this.size;
    if (into !== undefined && into?.length !== image)
      throw new UsageError(`pixels: a picture has ${image} bytes, \`into\` is ${showValue(into)}`);
    return this.store.read(this.place(i, 'pixels'), into);
  }

  private place(i: number, method: string): number {
    const place = this.places[i];
    if (place === undefined)
      throw new UsageError(`${method}: there is no picture ${showValue(i)} among ${this.length}`);
    return place;
  }

  /**
   * Tells this set from others: a checksum of its classes and of every picture's name and label, in their order. A
   * checkpoint keeps it, so that a run goes on with the pictures it began with.
   */
  get fingerprint(): string {
    if (this.sum === undefined) {
      const pieces = [`[${JSON.stringify(this.classes)},[`]; // the text of a million pictures is long
      for (let at = 0; at < this.length; at += 4096) {
        const some = Array.from(this.places.subarray(at, at + 4096), (place) =>
          JSON.stringify([this.allLabels[place], this.allNames.at(place)]),
        );
        pieces.push((at > 0 ? ',' : '') + some.join(','));
      }
      pieces.push(']]');
      const encoder = new TextEncoder();
      this.sum = pieces.reduce((sum, piece) => crc32(encoder.encode(piece), sum), 0);
    }
    return this.sum.toString(16).padStart(8, '0');
  }

  /** Some of the pictures, by their place in this set. Nothing is copied. @throws UsageError if there is no such place. */
  subset(indices: Iterable<number>): ImageDataset {
    const places = Int32Array.from(indices, (i) => this.place(i, 'subset'));
    return new ImageDataset(this.store, this.size, this.classes, this.allLabels, this.allNames, places);
  }

  /** How many pictures each class has, in the order of `classes`. */
  counts(): number[] {
    const counts = this.classes.map(() => 0);
    for (let i = 0; i < this.length; i++) counts[this.label(i)]++;
    return counts;
  }

  /**
   * Two parts in which every class has its share: [the rest, a `fraction` of each class, rounded]. The seed decides which.
   * @throws DataError unless 0 <= fraction < 1, or if a part is empty because every class's share rounds to nothing or to
   * all of it; a fraction of 0 asks for an empty one.
   */
  split(fraction: number, seed: number): [ImageDataset, ImageDataset] {
    if (!(typeof fraction === 'number' && fraction >= 0 && fraction < 1))
      throw new DataError(`split: ${showValue(fraction)} is not a fraction from 0 to below 1`);
    checkSeed('split', seed);
    const rest: number[] = [];
    const part: number[] = [];
    for (const members of this.byClass(seed)) {
      const count = Math.round(members.length * fraction);
      part.push(...members.slice(0, count));
      rest.push(...members.slice(count));
    }
    if (fraction > 0 && part.length === 0) throw this.emptyPart(fraction, 'the part for validation', 'a larger');
    if (fraction > 0 && rest.length === 0) throw this.emptyPart(fraction, 'the rest, for training,', 'a smaller');
    const ascending = (list: number[]) => list.sort((a, b) => a - b);
    return [this.subset(ascending(rest)), this.subset(ascending(part))];
  }

  private emptyPart(fraction: number, which: string, other: string): DataError {
    const counts = this.classes.map((name, c) => `${this.counts()[c]} of ${name}`).slice(0, 5);
    const more = this.classes.length > 5 ? ', ...' : '';
    return new DataError(
      `split: ${which} is empty: ${fraction} of each class (${counts.join(', ')}${more}) leaves no picture for it; ` +
        `take more pictures, or ${other} fraction`,
    );
  }

  private byClass(seed: number): number[][] {
    const members: number[][] = this.classes.map(() => []);
    for (let i = 0; i < this.length; i++) members[this.label(i)].push(i);
    return members.map((list, c) => shuffled(list, new Random(seed + c)));
  }

  /**
   * The mean picture, (3, size, size): each pixel's mean over all pictures of the set. Krizhevsky et al. 2012, section 2.
   * @throws DataError if the set is empty.
   */
  meanImage(): Float32Array {
    if (this.length === 0) throw new DataError('meanImage: the data set is empty');
    const sum = this.imageSum();
    return Float32Array.from(sum, (s) => s / this.length);
  }

  /** What is known of all pictures less the others', where these are fewer; else each picture is read. */
  private imageSum(): Float64Array {
    const image = this.store.sums?.image();
    const others = new Set(image?.places);
    const known = image && this.places.every((place) => others.delete(place)) && others.size < this.length;
    const sum = known ? image.sum.slice() : new Float64Array(3 * this.size * this.size);
    const room = new Uint8Array(sum.length);
    for (const place of known ? others : this.places) {
      const p = this.store.read(place, room);
      if (known) for (let i = 0; i < sum.length; i++) sum[i] -= p[i];
      else for (let i = 0; i < sum.length; i++) sum[i] += p[i];
    }
    return sum;
  }

  /**
   * Mean colour, spread, and principal axes over all pixels of up to `most` pictures (default 1000), evenly taken.
   * Krizhevsky et al. 2012, section 4.1.
   * @throws DataError if the set is empty, UsageError if `most` is not a whole number above 0.
   */
  colours(most = 1000): ColourStatistics {
    if (!(Number.isInteger(most) && most >= 1)) {
      throw new UsageError(`colours: ${showValue(most)} is not a number of pictures, 1 or more`);
    }
    if (this.length === 0) throw new DataError('colours: the data set is empty');
    const room = new Uint8Array(3 * this.size * this.size);
    const known = this.store.sums?.colours;
    const sums = new Float64Array(COLOUR_SUMS);
    const used = Math.min(most, this.length);
    for (let n = 0; n < used; n++) {
      const place = this.places[Math.floor((n * this.length) / used)];
      const own = known?.subarray(place * COLOUR_SUMS, (place + 1) * COLOUR_SUMS);
      (own ?? colourSums(this.store.read(place, room))).forEach((s: number, k: number) => {
        sums[k] += s;
      });
    }
    return colourStatistics(sums, used * this.size * this.size);
  }
}

/** Names the classes of which no picture could be read: a network would have an answer for each that it never learns. @internal */
export function withoutPictures(dataset: ImageDataset): DamagedFile[] {
  const counts = dataset.counts();
  const reason = 'a class without a picture that could be read';
  return dataset.classes.flatMap((file, c) => (counts[c] === 0 ? [{ file, reason }] : []));
}

const bad = (what: string) => new DataError(`ImageDataset: ${what}`);

function checkParts(
  size: number,
  classes: readonly string[],
  labels: Int32Array,
  names: Names,
  places: Int32Array,
): void {
  if (!(Number.isInteger(size) && size >= 1)) throw bad(`size is a whole number above 0, got ${showValue(size)}`);
  if (!Array.isArray(classes)) throw bad(`classes are a list of names, got ${showValue(classes)}`);
  if (!(labels instanceof Int32Array)) throw bad(`labels are an Int32Array, got ${showValue(labels)}`);
  if (!(places instanceof Int32Array)) throw bad(`places are an Int32Array, got ${showValue(places)}`);
  const pictures = labels.length;
  if (names?.length !== pictures) throw bad(`${pictures} labels and ${names?.length} names`);
  const wrong = labels.find((label) => !(label >= 0 && label < classes.length));
  if (wrong !== undefined) throw bad(`a label of ${wrong}, there are ${classes.length} classes`);
  const lost = places.find((place) => !(place >= 0 && place < pictures));
  if (lost !== undefined) throw bad(`a place of ${lost}, there are ${pictures} pictures`);
}

function storeOf(pixels: Uint8Array | PixelStore, size: number, pictures: number): PixelStore {
  if (pixels instanceof Uint8Array) {
    const bytes = pictures * 3 * size * size;
    if (pixels.length >= bytes) return new MemoryPixels(size, [pixels]);
    throw bad(`${pictures} pictures (3, ${size}, ${size}) take ${bytes} bytes, there are ${pixels.length}`);
  }
  if (typeof pixels?.read !== 'function')
    throw bad(`pixels are bytes, a Uint8Array, or a store with read(place), got ${showValue(pixels)}`);
  if (pixels.size !== size)
    throw bad(`pictures of ${size} x ${size} pixels from a store of ${pixels.size} x ${pixels.size}`);
  if (pixels.count < pictures) throw bad(`${pictures} pictures from a store of ${pixels.count}`);
  return pixels;
}
