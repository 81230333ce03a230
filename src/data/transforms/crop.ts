// Parts of pictures: the middle, a place by chance, five and ten of them.
import { DataError } from '../../errors.js';
import { flag, oneOf } from '../../options.js';
import { round } from './exact.js';
import { flipColumns, flipRows } from './flip.js';
import { type Kind, type Transform, transform } from './kind.js';
import { type Padding, type PaddingMode, pad, padded, paddingRule } from './pad.js';
import { type Box, boxRules, mustLieIn, type Picture, type Size, sameKind } from './picture.js';
import { type Fill, fillRule, type Sides, type SizeOption, sizeOf, sizeRules } from './rules.js';

/** A part of a picture. */
export function crop(picture: Picture, { top, left, width, height }: Box): Picture {
  const out = sameKind(picture, { width, height });
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const from = (c * picture.height + top + y) * picture.width + left;
      out.planes.set(picture.planes.subarray(from, from + width), (c * height + y) * width);
    }
  }
  return out;
}

function mustHold(where: string, { width, height }: Size, part: Size): Size {
  if (part.width <= width && part.height <= height) return part;
  throw new DataError(
    `${where}: a crop of ${part.width} x ${part.height} from a picture of ${width} x ${height} pixels`,
  );
}

export const centerCropKind: Kind<SizeOption> = {
  name: 'CenterCrop',
  rules: sizeRules,
  size: ({ size }) => sizeOf(size),
  apply: (picture, { size }) => middle(picture, sizeOf(size)),
};

/** The central pixels. A smaller picture is put in the middle of black ones. torchvision's CenterCrop. */
export function centerCrop(size: Sides): Transform {
  return transform(centerCropKind, { size });
}

function middle(picture: Picture, { width, height }: Size): Picture {
  const missing = [Math.max(0, width - picture.width), Math.max(0, height - picture.height)];
  const [left, top] = missing.map((m) => Math.floor(m / 2));
  const [right, bottom] = missing.map((m) => Math.ceil(m / 2));
  const full = missing.some((m) => m > 0) ? pad(picture, [left, top, right, bottom]) : picture;
  return crop(full, { top: round((full.height - height) / 2), left: round((full.width - width) / 2), width, height });
}

const corners = (picture: Picture, { width, height }: Size): Picture[] => {
  const [right, bottom] = [picture.width - width, picture.height - height];
  const at = (top: number, left: number) => crop(picture, { top, left, width, height });
  return [at(0, 0), at(0, right), at(bottom, 0), at(bottom, right), middle(picture, { width, height })];
};

export const fiveCropKind: Kind<SizeOption> = {
  name: 'FiveCrop',
  rules: sizeRules,
  crops: 5,
  size: ({ size }, from) => mustHold('fiveCrop', from, sizeOf(size)),
  apply: (picture, { size }) => corners(picture, sizeOf(size)),
};

/** Five pictures: the corners (top left, top right, bottom left, bottom right) and the middle. torchvision's FiveCrop. */
export function fiveCrop(size: Sides): Transform {
  return transform(fiveCropKind, { size });
}

/** How ten crops are taken. */
export interface TenCropOptions {
  /** The second five from the picture upside down, not mirrored. Default false. */
  verticalFlip?: boolean;
}

export const tenCropKind: Kind<SizeOption & TenCropOptions> = {
  name: 'TenCrop',
  rules: { ...sizeRules, verticalFlip: flag },
  crops: 10,
  size: ({ size }, from) => mustHold('tenCrop', from, sizeOf(size)),
  apply(picture, { size, verticalFlip }) {
    const turned = verticalFlip ? flipRows(picture) : flipColumns(picture);
    return [picture, turned].flatMap((one) => corners(one, sizeOf(size)));
  },
};

/** Ten pictures: `fiveCrop`'s, and those of the mirrored picture. torchvision's TenCrop. */
export function tenCrop(size: Sides, options: TenCropOptions = {}): Transform {
  return transform(tenCropKind, { ...options, size });
}

/** How a part is taken by chance. */
export interface RandomCropOptions {
  /** Pixels put around the picture before: one number, [sides, top and bottom] or [left, top, right, bottom]. Default 0. */
  padding?: Padding;
  /** Puts pixels at both sides of a picture that is smaller than the crop. Default false. */
  padIfNeeded?: boolean;
  /** What is put there, 0 to 255: a number or [red, green, blue]. Default 0. */
  fill?: Fill;
  /** What is put there in place of `fill`: 'edge' repeats the border, 'reflect' and 'symmetric' mirror. Default 'constant'. */
  paddingMode?: PaddingMode;
}

interface Place {
  top: number;
  left: number;
}

export const randomCropKind: Kind<SizeOption & RandomCropOptions, Place> = {
  name: 'RandomCrop',
  rules: {
    ...sizeRules,
    ...{ padding: paddingRule, padIfNeeded: flag, fill: fillRule },
    paddingMode: oneOf('constant', 'edge', 'reflect', 'symmetric'),
  },
  size: (options, from) => mustHold('randomCrop', paddings(options, from).reduce(padded, from), sizeOf(options.size)),
  drawn: { top: boxRules.top, left: boxRules.left },
  draw(options, from, random) {
    const { width, height } = paddings(options, from).reduce(padded, from);
    const part = sizeOf(options.size);
    return { top: random.below(height - part.height + 1), left: random.below(width - part.width + 1) };
  },
  apply(picture, options, place) {
    const { fill, paddingMode } = options;
    const full = paddings(options, picture).reduce((part, edges) => pad(part, edges, fill, paddingMode), picture);
    const part = { ...place, ...sizeOf(options.size) };
    mustLieIn('randomCrop', full, part);
    return crop(full, part);
  },
};

/** What is put around, one after the other: a mirrored border is mirrored again. */
function paddings({ size, padding = 0, padIfNeeded = false }: SizeOption & RandomCropOptions, from: Size): Padding[] {
  const all: Padding[] = padding === 0 ? [] : [padding];
  const { width, height } = all.reduce(padded, from);
  const part = sizeOf(size);
  if (padIfNeeded && width < part.width) all.push([part.width - width, 0]);
  if (padIfNeeded && height < part.height) all.push([0, part.height - height]);
  return all;
}

/** A part from any place, each as likely. torchvision's RandomCrop. Draws { top, left }. */
export function randomCrop(size: Sides, options: RandomCropOptions = {}): Transform {
  return transform(randomCropKind, { ...options, size });
}
