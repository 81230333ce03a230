// Which layer a launch belongs to, for profiles.

import { showValue, UsageError } from '../errors.js';
import { requireFunction } from '../options.js';

/** The layer whose forward or backward pass is running. Ops do not know it, and launches are marked with it. */
let place = '';

/** Runs `body` with its launches marked as `name`'s, inside of where it is called. For profiles. */
export function within<T>(name: string, body: () => T): T {
  if (typeof name !== 'string') throw new UsageError(`within: name is a text, got ${showValue(name)}`);
  requireFunction('within', 'body', body);
  return at(place && name ? `${place}.${name}` : place || name, body);
}

/** Runs `body` with its launches marked as this place's. */
export function at<T>(name: string, body: () => T): T {
  const before = place;
  place = name;
  try {
    return body();
  } finally {
    place = before;
  }
}

/** Where launches are marked as coming from now. */
export function currentPlace(): string {
  return place;
}
