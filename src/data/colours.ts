// Means and principal axes of colours, from sums of whole numbers: exact, in whatever order they are added.
import { symmetricEigen } from './eigen.js';

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

/** Numbers in `colourSums`. */
export const COLOUR_SUMS = 9;

/** Of a picture (3, side, side): the sums of r, g, b, rr, gg, bb, rg, rb, gb over its pixels. */
export function colourSums(pixels: Uint8Array): number[] {
  const plane = pixels.length / 3;
  let [r, g, b, rr, gg, bb, rg, rb, gb] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < plane; i++) {
    const red = pixels[i];
    const green = pixels[plane + i];
    const blue = pixels[2 * plane + i];
    r += red;
    g += green;
    b += blue;
    rr += red * red;
    gg += green * green;
    bb += blue * blue;
    rg += red * green;
    rb += red * blue;
    gb += green * blue;
  }
  return [r, g, b, rr, gg, bb, rg, rb, gb];
}

/** What the sums of `count` pixels say. */
export function colourStatistics(sums: ArrayLike<number>, count: number): ColourStatistics {
  const mean = [0, 1, 2].map((c) => sums[c] / count);
  const covariance = (k: number, a: number, b: number) => sums[k] / count - mean[a] * mean[b];
  const [rr, gg, bb] = [covariance(3, 0, 0), covariance(4, 1, 1), covariance(5, 2, 2)];
  const [rg, rb, gb] = [covariance(6, 0, 1), covariance(7, 0, 2), covariance(8, 1, 2)];
  const { values, vectors } = symmetricEigen([
    [rr, rg, rb],
    [rg, gg, gb],
    [rb, gb, bb],
  ]);
  const deviation = (v: number) => Math.sqrt(Math.max(v, 0));
  return { mean, std: [rr, gg, bb].map(deviation), axes: vectors, axisStd: values.map(deviation) };
}
