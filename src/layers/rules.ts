// What the arguments and options of layers may be: said when a layer is made, not when it first runs.
import { type Rule, whole } from '../options.js';

/** A size that is given once or for each axis. */
export const sizes = (least: number): Rule => ({
  be: `a whole number, ${least} or more, or a pair of them`,
  holds: (value) =>
    whole(least).holds(value) ||
    (Array.isArray(value) && value.length === 2 && Array.from(value).every(whole(least).holds)),
});

/** `rule`, or one of some names. */
export const orOneOf = (rule: Rule, ...names: string[]): Rule => ({
  be: `${rule.be}, or ${names.map((name) => `'${name}'`).join(' or ')}`,
  holds: (value) => rule.holds(value) || names.includes(value as string),
});
