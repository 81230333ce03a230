// RandAugment (Cubuk et al. 2019): some ops of a list by chance, all of one strength.
import { UsageError } from '../../errors.js';
import { type Rules, required, whole } from '../../options.js';
import type { Random } from '../random.js';
import { type AffineOptions, affineRules, rotate, shearX, shearY, translateX, translateY } from './affine.js';
import { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from './colours.js';
import { round } from './exact.js';
import { type Kind, type Transform, transform } from './kind.js';
import type { Picture, Size } from './picture.js';
import { stepsRule } from './rules.js';
import { autocontrast, equalize, posterize, solarize } from './tones.js';

/** How many ops, and how strong. */
export interface RandAugmentOptions extends AffineOptions {
  /** Ops a picture. Default 2. */
  numOps?: number;
  /** Their strength, from 0 to numMagnitudeBins - 1. Default 9. */
  magnitude?: number;
  /** How many strengths there are, 2 or more. Default 31. */
  numMagnitudeBins?: number;
}

interface Op {
  /** What a strength from 0 to 1 is to it, in a picture of a size. */
  amount(strength: number, size: Size): number;
  /** Either way, by chance. */
  signed?: true;
  apply(picture: Picture, amount: number, how: AffineOptions): Picture;
}

const signed = (most: number, apply: Op['apply']): Op => ({ amount: (s) => s * most, signed: true, apply });

/** torchvision's, in its order. */
const OPS: Record<string, Op> = {
  Identity: { amount: () => 0, apply: (picture) => picture },
  ShearX: signed(0.3, shearX),
  ShearY: signed(0.3, shearY),
  TranslateX: { ...signed(0, translateX), amount: (s, { width }) => s * (150 / 331) * width },
  TranslateY: { ...signed(0, translateY), amount: (s, { height }) => s * (150 / 331) * height },
  Rotate: signed(30, rotate),
  Brightness: signed(0.9, (picture, amount) => adjustBrightness(picture, 1 + amount)),
  Color: signed(0.9, (picture, amount) => adjustSaturation(picture, 1 + amount)),
  Contrast: signed(0.9, (picture, amount) => adjustContrast(picture, 1 + amount)),
  Sharpness: signed(0.9, (picture, amount) => adjustSharpness(picture, 1 + amount)),
  Posterize: { amount: (s) => 8 - round(4 * s), apply: posterize },
  Solarize: { amount: (s) => 255 * (1 - s), apply: solarize },
  AutoContrast: { amount: () => 0, apply: autocontrast },
  Equalize: { amount: () => 0, apply: equalize },
};
const NAMES = Object.keys(OPS);

const RULES: Rules<RandAugmentOptions> = {
  numOps: whole(1),
  magnitude: whole(),
  numMagnitudeBins: whole(2),
  ...affineRules,
};

interface Steps {
  steps: [op: string, amount: number][];
}

export const randAugmentKind: Kind<RandAugmentOptions, Steps> = {
  name: 'RandAugment',
  takes: 'bytes',
  rules: RULES,
  check({ magnitude = 9, numMagnitudeBins = 31 }) {
    if (magnitude < numMagnitudeBins) return;
    throw new UsageError(`randAugment: magnitude is below numMagnitudeBins, ${numMagnitudeBins}, got ${magnitude}`);
  },
  drawn: { steps: required(stepsRule(NAMES)) },
  draw: ({ numOps = 2, magnitude = 9, numMagnitudeBins = 31 }, size, random) => ({
    steps: Array.from({ length: numOps }, () => drawOp(magnitude / (numMagnitudeBins - 1), size, random)),
  }),
  apply: (picture, { interpolation, fill }, { steps }) =>
    steps.reduce((made, [op, amount]) => OPS[op].apply(made, amount, { interpolation, fill }), picture),
};

function drawOp(strength: number, size: Size, random: Random): [string, number] {
  const name = NAMES[random.below(NAMES.length)];
  const { amount, signed } = OPS[name];
  const sign = signed && random.below(2) === 1 ? -1 : 1;
  return [name, sign * amount(strength, size)];
}

/**
 * `numOps` ops by chance out of Identity, ShearX, ShearY, TranslateX, TranslateY, Rotate, Brightness, Color, Contrast,
 * Sharpness, Posterize, Solarize, AutoContrast and Equalize, all of strength `magnitude`. torchvision's RandAugment, of PIL's
 * pictures. Draws { steps: [['ShearX', 0.09], ...] }.
 */
export function randAugment(options: RandAugmentOptions = {}): Transform {
  return transform(randAugmentKind, options);
}
