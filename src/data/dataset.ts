import { DataError } from '../device/errors.js';
import { Random, shuffled } from './random.js';

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
 */
export class ImageDataset {
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
  ) {}

  /** Pictures in this set. */
  get length(): number {
    return this.places.length;
  }

  /** The class of a picture, as its place in `classes`. */
  label(i: number): number {
    return this.allLabels[this.places[i]];
  }

  /** The file or drawing that a picture came from. */
  name(i: number): string {
    return this.allNames[this.places[i]];
  }

  /** The bytes (3, size, size) of a picture; a view, not a copy. */
  pixels(i: number): Uint8Array {
    const image = 3 * this.size * this.size;
    return this.bytes.subarray(this.places[i] * image, (this.places[i] + 1) * image);
  }

  /** Some of the pictures, by their place in this set. Nothing is copied. */
  subset(indices: Iterable<number>): ImageDataset {
    const places = Int32Array.from(indices, (i) => this.places[i]);
    return new ImageDataset(this.bytes, this.size, this.classes, this.allLabels, this.allNames, places);
  }

  /** How many pictures each class has, in the order of `classes`. */
  counts(): number[] {
    const counts = this.classes.map(() => 0);
    for (let i = 0; i < this.length; i++) counts[this.label(i)]++;
    return counts;
  }

  /**
   * Two parts in which every class has its share: [the rest, a `fraction` of each class]. The seed decides which.
   * @throws DataError unless 0 <= fraction < 1.
   */
  split(fraction: number, seed: number): [ImageDataset, ImageDataset] {
    if (!(fraction >= 0 && fraction < 1)) throw new DataError(`split: ${fraction} is not a fraction from 0 to below 1`);
    const rest: number[] = [];
    const part: number[] = [];
    for (const members of this.byClass(seed)) {
      const count = Math.round(members.length * fraction);
      part.push(...members.slice(0, count));
      rest.push(...members.slice(count));
    }
    const ascending = (list: number[]) => list.sort((a, b) => a - b);
    return [this.subset(ascending(rest)), this.subset(ascending(part))];
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
   * @throws DataError if the set is empty.
   */
  colours(most = 1000): ColourStatistics {
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

/** Eigenvalues, largest first, and unit eigenvectors of a symmetric matrix: Jacobi's rotations. @internal */
export function symmetricEigen(matrix: number[][]): { values: number[]; vectors: number[][] } {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v = a.map((_, i) => a.map((_, j) => Number(i === j)));
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (Math.abs(a[p][q]) < 1e-14) continue;
        const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < n; k++) [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
        for (let k = 0; k < n; k++) [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
        for (let k = 0; k < n; k++) [v[k][p], v[k][q]] = [c * v[k][p] - s * v[k][q], s * v[k][p] + c * v[k][q]];
      }
    }
  }
  const order = a.map((_, i) => i).sort((i, j) => a[j][j] - a[i][i]);
  return { values: order.map((i) => a[i][i]), vectors: order.map((i) => v.map((row) => row[i])) };
}
