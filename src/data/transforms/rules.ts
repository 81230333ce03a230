// What options of transforms may be.
import { checkOptions, type Rule, type Rules, required } from '../../options.js';
import type { Random } from '../random.js';
import { checkBytes, type Picture, type Size } from './picture.js';

/** A side of a square, or [height, width]. */
export type Sides = number | readonly [height: number, width: number];

/** A range of numbers to draw from, evenly. */
export type Range = readonly [low: number, high: number];

const isSide = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1;
const isNumber = (value: unknown): boolean => Number.isFinite(value);
const list = (value: unknown, lengths: readonly number[], holds: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && lengths.includes(value.length) && value.every(holds);

const sidesRule: Rule = {
  be: 'a whole number of pixels, 1 or more, or [height, width]',
  holds: (value) => isSide(value) || list(value, [2], isSide),
};

export const sizeOf = (sides: Sides): Size =>
  typeof sides === 'number' ? { width: sides, height: sides } : { width: sides[1], height: sides[0] };

/** What transforms have whose result is of one size. */
export interface SizeOption {
  size: Sides;
}

export const sizeRules: Rules<SizeOption> = { size: required(sidesRule) };

/** [low, high] with `least` <= low <= high <= `most`. */
export const rangeRule = (least: number, most: number, open = false): Rule => ({
  be: `[low, high], numbers ${open ? 'above' : 'from'} ${least}${most < Infinity ? ` to ${most}` : ''}, the lower one first`,
  holds: (value) => {
    if (!list(value, [2], isNumber)) return false;
    const [low, high] = value as Range;
    return (open ? low > least : low >= least) && low <= high && high <= most;
  },
});

/** A number from 0 to `most` or a range of its own. */
export const amountRule = (least: number, most: number): Rule => {
  const range = rangeRule(least, most);
  return {
    be: `a number ${most < Infinity ? `from 0 to ${most}` : 'that is not negative'}, or ${range.be}`,
    holds: (value) => (isNumber(value) && (value as number) >= 0 && (value as number) <= most) || range.holds(value),
  };
};

const isByte = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256;

/** A colour, or one number for all three. */
export const fillRule: Rule = {
  be: 'a whole number from 0 to 255, or three of them',
  holds: (value) => isByte(value) || list(value, [3], isByte),
};

/** Three finite numbers, for red, green and blue. */
export const threeRule = (be: string, holds: (value: number) => boolean = () => true): Rule => ({
  be,
  holds: (value) => list(value, [3], (item) => isNumber(item) && holds(item as number)),
});

/** Names of steps that were drawn, each with a number. */
export const stepsRule = (names: readonly string[]): Rule => ({
  be: `a list of [name, number], the names of ${names.join(', ')}`,
  holds: (value) => Array.isArray(value) && value.every((step) => list(step, [2], anything) && isStep(step, names)),
});

const anything = (): boolean => true;
const isStep = ([name, amount]: unknown[], names: readonly string[]): boolean =>
  names.includes(name as string) && isNumber(amount);

/** What is put where there is no picture. */
export type Fill = number | readonly [red: number, green: number, blue: number];

export const fillOf = (fill: Fill = 0): readonly number[] => (typeof fill === 'number' ? [fill, fill, fill] : fill);

/** A number from a range. */
export const between = ([low, high]: Range, random: Random): number => low + (high - low) * random.unit();

/** @throws UsageError unless an op was given a picture of bytes and what keeps its rules. */
export function checkOp<T extends object>(where: string, picture: Picture, amounts: T, rules: Rules<T>): void {
  checkBytes(where, picture);
  checkOptions(where, amounts, rules);
}
