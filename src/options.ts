// Options are looked at before they are used: a name that nobody reads, or a value out of range, would be ignored in silence.
import { showValue, UsageError } from './errors.js';

/** What one option may be: `holds` tells, `be` says it, as in "lr is a number above 0". */
export interface Rule {
  /** What it is, for messages: 'a number above 0'. */
  be: string;
  /** Whether a value is that. */
  holds: (value: unknown) => boolean;
  /** There is no default: the option must be given. */
  needed?: boolean;
}

/** A rule for each option of T; one left out does not compile. */
export type Rules<T> = { readonly [Name in keyof T]-?: Rule };

const number = (be: string, holds: (value: number) => boolean): Rule => ({
  be,
  holds: (value) => typeof value === 'number' && holds(value),
});

/** Checked where it is used. */
export const anything: Rule = { be: 'anything', holds: () => true };
export const finite: Rule = number('a finite number', Number.isFinite);
export const positive: Rule = number('a finite number above 0', (n) => n > 0 && Number.isFinite(n));
export const notNegative: Rule = number('a finite number, 0 or more', (n) => n >= 0 && Number.isFinite(n));
/** A probability, or a part of a whole. */
export const share: Rule = number('a number from 0 to 1', (n) => n >= 0 && n <= 1);
/** A decay: 1 would never forget. */
export const below1: Rule = number('a number from 0 to below 1', (n) => n >= 0 && n < 1);
/** Adam's betas. */
export const twoDecays: Rule = {
  be: 'two numbers from 0 to below 1',
  holds: (value) => Array.isArray(value) && value.length === 2 && value.every(below1.holds),
};
export const flag: Rule = { be: 'true or false', holds: (value) => typeof value === 'boolean' };
export const callback: Rule = { be: 'a function', holds: (value) => typeof value === 'function' };

/** A whole number, `least` or more. */
export const whole = (least = 0): Rule =>
  number(`a whole number, ${least} or more`, (n) => Number.isSafeInteger(n) && n >= least);

/** What an i32 tensor holds. */
export const int32: Rule = number('a whole number of i32', (n) => n === (n | 0));

export const oneOf = (...values: readonly (string | number | null)[]): Rule => ({
  be: values
    .map(showValue)
    .join(values.length > 2 ? ', ' : ' or ')
    .replace(/, ([^,]*)$/, ' or $1'),
  holds: (value) => (values as readonly unknown[]).includes(value),
});

/** Where null is a value of its own. */
export const orNull = (rule: Rule): Rule => ({
  be: `${rule.be}, or null`,
  holds: (value) => value === null || rule.holds(value),
});

/** @throws UsageError unless the value can be called. */
export function requireFunction(where: string, what: string, value: unknown): void {
  if (typeof value !== 'function') throw new UsageError(`${where}: ${what} is a function, got ${showValue(value)}`);
}

/** @throws UsageError unless a reader was given bytes: a Uint8Array, and so Node's Buffer. */
export function requireBytes(where: string, bytes: unknown): void {
  if (bytes instanceof Uint8Array) return;
  throw new UsageError(`${where}: takes a file's bytes as a Uint8Array, got ${showValue(bytes)}`);
}

/** An option without a default. */
export const required = (rule: Rule): Rule => ({ ...rule, needed: true });

/**
 * Checks an object of options: that it is one, that each name is known, each value keeps its rule and what is required is there.
 * Undefined stands for the default.
 * @throws UsageError that names the option, and the one that was probably meant.
 */
export function checkOptions<T extends object>(where: string, options: T, rules: Rules<T>): void {
  const names = Object.keys(rules) as (keyof T & string)[];
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new UsageError(`${where}: takes options { ${names.join(', ')} }, got ${showValue(options)}`);
  }
  for (const name of Object.keys(options) as typeof names) {
    if (!Object.hasOwn(rules, name))
      throw new UsageError(`${where}: there is no option '${name}'; ${meant(name, names)}`);
    const [rule, value] = [rules[name], options[name]];
    if (value !== undefined && !rule.holds(value)) {
      throw new UsageError(`${where}: ${name} is ${rule.be}, got ${showValue(value)}`);
    }
  }
  for (const name of names) {
    if (rules[name].needed && options[name] === undefined) {
      throw new UsageError(`${where}: ${name} is missing; it is ${rules[name].be}`);
    }
  }
}

/** The known name that is nearest to a wrong one, or all of them where none is near. */
export function meant(name: string, names: readonly string[]): string {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const distances = names.map((known) => ({ known, distance: edits(plain(name), plain(known)) }));
  const nearest = distances.sort((a, b) => a.distance - b.distance)[0];
  const near = nearest && nearest.distance <= Math.min(2, nearest.known.length / 2);
  if (near) return `did you mean '${nearest.known}'?`;
  return names.length > 0 ? `known are ${names.join(', ')}` : 'it takes none';
}

/** Letters to insert, delete or replace, or neighbours to swap, to make one of the other (optimal string alignment). */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  let before = row;
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + Number(a[i - 1] !== b[j - 1]);
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1, swap ? before[j - 2] + 1 : Number.POSITIVE_INFINITY));
    }
    before = row;
    row = next;
  }
  return row[b.length];
}
