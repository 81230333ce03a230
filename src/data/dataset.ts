import { DataError, showValue, UsageError } from '../device/errors.js';
import { crc32 } from '../io/crc32.js';
import { symmetricEigen } from './eigen.js';
import { Random, shuffled } from './random.js';
import { checkSeed } from './rules.js';

/** Means and principal axes of a set's colours, for values from 0 to 255. */
export interface ColourStatistics {
  /** Of red, green and blue, 0 to 255. */
  mean: number[];
  /** Standard deviations of red, green and blue. */
  std: number[];
  /** Unit vectors along which the colours vary, strongest first: axes[i][channel]. */
  axes: number[][];
  /** Standard deviations along the axes: the roots of the covariance's eigenvalues. */
  axisStd: number[];
  /** The mean picture (3, size, size), from `meanImage`; only `pixels: 'mean-image'` needs it. */
  meanImage?: Float32Array;
}

/** A file that was left out of a data set, and why. */
export interface DamagedFile {
  /** Its name, or its path below the data's folder. */
  file: string;
  /** What is wrong with it. */
  reason: string;
}

/**
 * Labelled square pictures of one size, decoded and packed: bytes (3, size, size) each. Several sets may share one
 * buffer: subsets do.
 * @throws DataError if bytes, labels, names and places do not fit together.
 */
export class ImageDataset {
  private sum?: number;

  constructor(
    /** All pictures' bytes, (pictures, 3, size, size); may be a view of shared memory. */
    readonly bytes: Uint8Array,
    /** Side of the pictures, in pixels. */
    readonly size: number,
    /** Names of the classes; labels are places in this list. */
    readonly classes: readonly string[],
    /** The class of each picture in `bytes`. */
    private readonly allLabels: Int32Array,
    /** The name of each picture in `bytes`. */
    private readonly allNames: readonly string[],
    /** Which pictures in `bytes` belong to this set. Default: all. */
    readonly places: Int32Array = Int32Array.from(allLabels, (_, i) => i),
  ) {
    checkParts(bytes, size, classes, allLabels, allNames, places);
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
    return this.allNames[this.place(i, 'name')];
  }

  /** The bytes (3, size, size) of a picture; a view, not a copy. @throws UsageError if there is no such picture. */
  pixels(i: number): Uint8Array {
    const image = 3 * this.size * this.size;
    const place = this.place(i, 'pixels');
    return this.bytes.subarray(place * image, (place + 1) * image);
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
      const pictures = Array.from(this.places, (place) => [this.allLabels[place], this.allNames[place]]);
      this.sum = crc32(new TextEncoder().encode(JSON.stringify([this.classes, pictures])));
    }
    return this.sum.toString(16).padStart(8, '0');
  }

  /** Some of the pictures, by their place in this set. Nothing is copied. @throws UsageError if there is no such place. */
  subset(indices: Iterable<number>): ImageDataset {
    const places = Int32Array.from(indices, (i) => this.place(i, 'subset'));
    return new ImageDataset(this.bytes, this.size, this.classes, this.allLabels, this.allNames, places);
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
    return this.classes.map((_, c) => {
      const members = Array.from({ length: this.length }, (_, i) => i).filter((i) => this.label(i) === c);
      return shuffled(members, new Random(seed + c));
    });
  }

  /**
   * The mean picture, (3, size, size): each pixel's mean over all pictures of the set. Krizhevsky et al. 2012, section 2.
   * @throws DataError if the set is empty.
   */
  meanImage(): Float32Array {
    if (this.length === 0) throw new DataError('meanImage: the data set is empty');
    const sum = new Float64Array(3 * this.size * this.size);
    for (let n = 0; n < this.length; n++) {
      const p = this.pixels(n);
      for (let i = 0; i < sum.length; i++) sum[i] += p[i];
    }
    return Float32Array.from(sum, (s) => s / this.length);
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
    const plane = this.size * this.size;
    const sum = [0, 0, 0];
    const products = [0, 0, 0, 0, 0, 0]; // rr, gg, bb, rg, rb, gb
    const used = Math.min(most, this.length);
    for (let n = 0; n < used; n++) {
      const p = this.pixels(Math.floor((n * this.length) / used));
      for (let i = 0; i < plane; i++) {
        const [r, g, b] = [p[i], p[plane + i], p[2 * plane + i]];
        sum[0] += r;
        sum[1] += g;
        sum[2] += b;
        products[0] += r * r;
        products[1] += g * g;
        products[2] += b * b;
        products[3] += r * g;
        products[4] += r * b;
        products[5] += g * b;
      }
    }
    const count = used * plane;
    const mean = sum.map((s) => s / count);
    const covariance = (p: number, a: number, b: number) => products[p] / count - mean[a] * mean[b];
    const [rr, gg, bb] = [covariance(0, 0, 0), covariance(1, 1, 1), covariance(2, 2, 2)];
    const [rg, rb, gb] = [covariance(3, 0, 1), covariance(4, 0, 2), covariance(5, 1, 2)];
    const { values, vectors } = symmetricEigen([
      [rr, rg, rb],
      [rg, gg, gb],
      [rb, gb, bb],
    ]);
    const deviation = (v: number) => Math.sqrt(Math.max(v, 0));
    return { mean, std: [rr, gg, bb].map(deviation), axes: vectors, axisStd: values.map(deviation) };
  }
}

/** Names the classes of which no picture could be read: a network would have an answer for each that it never learns. @internal */
export function withoutPictures(dataset: ImageDataset): DamagedFile[] {
  const counts = dataset.counts();
  const reason = 'a class without a picture that could be read';
  return dataset.classes.flatMap((file, c) => (counts[c] === 0 ? [{ file, reason }] : []));
}

function checkParts(
  bytes: Uint8Array,
  size: number,
  classes: readonly string[],
  labels: Int32Array,
  names: readonly string[],
  places: Int32Array,
): void {
  const bad = (what: string) => new DataError(`ImageDataset: ${what}`);
  if (!(bytes instanceof Uint8Array)) throw bad(`bytes are a Uint8Array, got ${showValue(bytes)}`);
  if (!(Number.isInteger(size) && size >= 1)) throw bad(`size is a whole number above 0, got ${showValue(size)}`);
  if (!Array.isArray(classes)) throw bad(`classes are a list of names, got ${showValue(classes)}`);
  if (!(labels instanceof Int32Array)) throw bad(`labels are an Int32Array, got ${showValue(labels)}`);
  if (!(places instanceof Int32Array)) throw bad(`places are an Int32Array, got ${showValue(places)}`);
  const pictures = labels.length;
  if (names?.length !== pictures) throw bad(`${pictures} labels and ${names?.length} names`);
  const image = 3 * size * size;
  if (bytes.length < pictures * image) {
    throw bad(`${pictures} pictures (3, ${size}, ${size}) take ${pictures * image} bytes, there are ${bytes.length}`);
  }
  const wrong = labels.find((label) => !(label >= 0 && label < classes.length));
  if (wrong !== undefined) throw bad(`a label of ${wrong}, there are ${classes.length} classes`);
  const lost = places.find((place) => !(place >= 0 && place < pictures));
  if (lost !== undefined) throw bad(`a place of ${lost}, there are ${pictures} pictures`);
}
