// The form of plain values that come from files.
import type { Json } from './stateful.js';

/** What is wrong with a value at `field`, such as 'position.step should be a number, it is null'; undefined if nothing is. */
export type Check = (value: unknown, field: string) => string | undefined;

const wrong = (value: unknown, field: string, expected: string): string => {
  const shown = JSON.stringify(value) ?? 'missing';
  return `${field} should be ${expected}, it is ${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}`;
};

const check =
  (expected: string, holds: (value: unknown) => boolean): Check =>
  (value, field) =>
    holds(value) ? undefined : wrong(value, field, expected);

export const number = check('a number', (value) => typeof value === 'number' && Number.isFinite(value));
export const whole = check(
  'a whole number, 0 or more',
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);
export const atLeastOne = check(
  'a whole number, 1 or more',
  (value) => Number.isSafeInteger(value) && (value as number) >= 1,
);
export const text = check('a text', (value) => typeof value === 'string');
const anyObject = check('an object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value));

export const list =
  (item: Check): Check =>
  (value, field) =>
    Array.isArray(value) ? first(value.entries(), item, (i) => `${field}[${i}]`) : wrong(value, field, 'a list');

/** An object with these fields; it may have others. */
export const record =
  (checks: Record<string, Check>): Check =>
  (value, field) =>
    anyObject(value, field) ??
    Object.entries(checks)
      .map(([key, item]) => item((value as Record<string, unknown>)[key], `${field}.${key}`))
      .find(Boolean);

/** An object whose values are all alike. */
export const dictionary =
  (item: Check): Check =>
  (value, field) =>
    anyObject(value, field) ?? first(Object.entries(value as object), item, (key) => `${field}.${key}`);

function first<K>(entries: Iterable<[K, unknown]>, item: Check, name: (key: K) => string): string | undefined {
  for (const [key, value] of entries) {
    const found = item(value, name(key));
    if (found) return found;
  }
}

/**
 * How a saved value differs in form from the run's own: the same fields, of the same types, lists as long; where the run's own is null, it
 * may be anything. Undefined if it does not.
 */
export function formMismatch(value: unknown, own: Json, field = 'its state'): string | undefined {
  if (own === null) return value === undefined ? wrong(value, field, 'there') : undefined;
  if (typeof own === 'number') return number(value, field);
  if (Array.isArray(own)) {
    if (!Array.isArray(value) || value.length !== own.length) return wrong(value, field, `a list of ${own.length}`);
    return own.map((item, i) => formMismatch(value[i], item, `${field}[${i}]`)).find(Boolean);
  }
  if (typeof own === 'object') {
    const extra = () => Object.keys(value as object).find((key) => !Object.hasOwn(own, key));
    const fields = () =>
      Object.entries(own)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => formMismatch((value as Record<string, unknown>)[key], item!, `${field}.${key}`))
        .find(Boolean);
    return anyObject(value, field) ?? fields() ?? (extra() && `${field} has '${extra()}', which this run's has not`);
  }
  return typeof value === typeof own ? undefined : wrong(value, field, `a ${typeof own}`);
}
