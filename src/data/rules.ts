// What options of pictures and their order may be.
import { showValue, UsageError } from '../errors.js';
import type { Rule } from '../options.js';
import type { ColourStatistics } from './colours.js';

/** Keys of random numbers take its lowest 32 bits. */
export const seedRule: Rule = { be: 'a whole number', holds: Number.isSafeInteger };

export function checkSeed(where: string, seed: number): void {
  if (!seedRule.holds(seed)) throw new UsageError(`${where}: seed is ${seedRule.be}, got ${showValue(seed)}`);
}

/** Names of classes, in the order of their labels. */
export const classesRule: Rule = {
  be: 'a list of names, none of them twice',
  holds: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((name) => typeof name === 'string') &&
    new Set(value).size === value.length,
};

const three = (value: unknown, holds: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length === 3 && value.every(holds);

/** `dataset.colours()`, or made by hand. */
export const coloursRule: Rule = {
  be: 'what dataset.colours() gives: { mean, std, axes, axisStd }, three finite numbers each, axes three such rows',
  holds: (value) => {
    const { mean, std, axes, axisStd } = (value ?? {}) as Partial<ColourStatistics>;
    return (
      [mean, std, axisStd].every((row) => three(row, Number.isFinite)) &&
      three(axes, (row) => three(row, Number.isFinite))
    );
  },
};
