// Krizhevsky et al. 2012, section 4.1: one colour a picture, along the axes in which the training set's colours vary.
import { notNegative, oneOf, required } from '../../options.js';
import type { ColourStatistics } from '../colours.js';
import { coloursRule } from '../rules.js';
import { type Kind, type Transform, transform } from './kind.js';
import { threeRule } from './rules.js';

/** How far colours are shifted. */
export interface ColourShiftOptions {
  /** Deviation of the normal number that is drawn for each axis. Default 0.1, the paper's. */
  deviation?: number;
  /**
   * What that multiplies. 'deviation': the colours' standard deviation along the axis, as in the authors' own program.
   * 'eigenvalue': its square, as the paper's text has it. Of colours from 0 to 1. Default 'deviation'.
   */
  scale?: 'deviation' | 'eigenvalue';
}

interface Colours {
  colours: ColourStatistics;
}

/** One number an axis. */
interface Amounts {
  amounts: number[];
}

export const colourShiftKind: Kind<ColourShiftOptions & Colours, Amounts> = {
  name: 'ColourShift',
  takes: 'numbers',
  rules: { colours: required(coloursRule), deviation: notNegative, scale: oneOf('deviation', 'eigenvalue') },
  drawn: { amounts: required(threeRule('three numbers, one for each axis')) },
  draw: ({ deviation = 0.1, colours }, _size, random) => ({
    amounts: colours.axes.map(() => random.normal() * deviation),
  }),
  point({ colours, scale }, { amounts }) {
    const lengths = colours.axisStd.map((std) => (scale === 'eigenvalue' ? (std / 255) * (std / 255) : std / 255));
    const shift = [0, 1, 2].map((c) => amounts.reduce((sum, a, i) => sum + a * lengths[i] * colours.axes[i][c], 0));
    return (value, c) => value + shift[c];
  },
};

/**
 * Adds one colour to all pixels, along the axes of `dataset.colours()`: the paper's colour augmentation, for numbers from 0
 * to 1, so before `normalize`. torchvision has none. Draws { amounts }, one for each axis.
 */
export function colourShift(colours: ColourStatistics, options: ColourShiftOptions = {}): Transform {
  const { mean, std, axes, axisStd } = colours ?? {};
  return transform(colourShiftKind, { ...options, colours: colours && { mean, std, axes, axisStd } });
}
