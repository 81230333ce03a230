// From packed bytes to the network's input: crop, mirror, shift colours, subtract the mean, scale.
import { DataError } from '../device/errors.js';
import type { ColourStatistics } from './dataset.js';
import { mixKey, Random } from './random.js';

/** How pictures become inputs. All random choices depend on (seed, epoch, picture) alone. */
export interface AugmentOptions {
  /** Side of the crop; at most the stored size. */
  crop: number;
  /** 'random' crops anywhere, 'center' in the middle, 'ten' gives corners and centre, plain and mirrored. */
  place: 'random' | 'center' | 'ten';
  /** Mirrors every other picture, by chance. Only with 'random'. Default false. */
  flip?: boolean;
  /** Standard deviation of the paper's colour shift along the principal axes (section 4.1: 0.1); 0 is off. Default 0. */
  colourShift?: number;
  /** The training set's: subtracted and divided by, whatever set is augmented. */
  colours: ColourStatistics;
  /** A whole number. */
  seed: number;
}

/** How many inputs a picture gives: 10 with 'ten', else 1. */
export function cropsPerPicture({ place }: Pick<AugmentOptions, 'place'>): number {
  return place === 'ten' ? 10 : 1;
}

interface Cut {
  left: number;
  top: number;
  mirror: boolean;
}

/**
 * Writes the crop or crops, (3, crop, crop) f32 each, of a picture (3, size, size) to `out` from element `at` on. Values
 * are (byte - mean + shift) / std, channel by channel; `picture` is its place in the data set.
 * @throws DataError if the crop is larger than the picture.
 */
export function augment(
  bytes: Uint8Array,
  size: number,
  out: Float32Array,
  at: number,
  options: AugmentOptions,
  epoch: number,
  picture: number,
): void {
  const { crop, colours, colourShift = 0 } = options;
  if (crop > size) throw new DataError(`augment: a crop of ${crop} from pictures of ${size}`);
  const random = new Random(mixKey(options.seed, epoch, picture));
  const cuts = place(options, size, random);
  const shift = [0, 0, 0];
  if (colourShift > 0) {
    colours.axes.forEach((axis, i) => {
      const amount = random.normal() * colourShift * colours.axisStd[i];
      for (let c = 0; c < 3; c++) shift[c] += axis[c] * amount;
    });
  }
  cuts.forEach((cut, i) => {
    copyCrop(bytes, size, out, at + i * 3 * crop * crop, cut, options, shift);
  });
}

function place({ place, crop, flip = false }: AugmentOptions, size: number, random: Random): Cut[] {
  const rest = size - crop;
  const middle = Math.floor(rest / 2);
  if (place === 'center') return [{ left: middle, top: middle, mirror: false }];
  if (place === 'random') {
    const [left, top] = [random.below(rest + 1), random.below(rest + 1)];
    return [{ left, top, mirror: flip && random.unit() < 0.5 }];
  }
  const corners = [
    [0, 0],
    [rest, 0],
    [0, rest],
    [rest, rest],
    [middle, middle],
  ];
  return [false, true].flatMap((mirror) => corners.map(([left, top]) => ({ left, top, mirror })));
}

function copyCrop(
  bytes: Uint8Array,
  size: number,
  out: Float32Array,
  at: number,
  { left, top, mirror }: Cut,
  { crop, colours }: AugmentOptions,
  shift: number[],
): void {
  for (let c = 0; c < 3; c++) {
    const scale = 1 / (colours.std[c] || 1);
    const offset = (shift[c] - colours.mean[c]) * scale;
    for (let y = 0; y < crop; y++) {
      const row = (c * size + top + y) * size + left;
      const to = at + (c * crop + y) * crop;
      if (mirror) for (let x = 0; x < crop; x++) out[to + x] = bytes[row + crop - 1 - x] * scale + offset;
      else for (let x = 0; x < crop; x++) out[to + x] = bytes[row + x] * scale + offset;
    }
  }
}
