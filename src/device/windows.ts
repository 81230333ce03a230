// Tensors above the binding limit are walked in windows, one dispatch each.
import { LimitError } from '../errors.js';
import { showBytes } from '../math.js';
import { activeRecorder, current } from './current.js';

/** A run of items that one dispatch handles. */
export interface Window {
  start: number;
  count: number;
}

const ALIGNMENT = 128; // elements: bindings start at multiples of 256 bytes, and halves are the smallest

/** The largest binding that WebGPU guarantees. */
const GUARANTEED = 128 * 1024 * 1024;

/** Lowers the open device's largest storage binding, in bytes, so that tests walk small tensors in windows. */
export function setBindingLimit(bytes: number): void {
  activeRecorder('setBindingLimit').host.bindingBytes = bytes;
}

/** The open device's largest storage binding in bytes. */
export function bindingLimit(): number {
  return current.open?.recorder.host.bindingBytes ?? GUARANTEED; // without a device the launch throws
}

/** Elements that fit a binding wherever they start. Counted in words: twice as many halves would. */
export function largestWindow(): number {
  return Math.floor(bindingLimit() / 4) - ALIGNMENT;
}

/**
 * Cuts `count` items into windows so that each tensor's piece fits one binding. `elementsPerItem` says, for each
 * tensor that is cut, how many 4-byte elements an item takes in it. Windows start at multiples of 128 items where
 * they can, so elementwise kernels (one element an item) need no base offset. `what` is an item's name in messages.
 * @throws LimitError if a single item is larger than a binding.
 */
export function windows(what: string, count: number, ...elementsPerItem: number[]): Window[] {
  return cut(what, count, elementsPerItem, bindingLimit() / 4);
}

/** Windows of what starts anywhere in its buffer, not at the beginning. */
export function windowsAnywhere(what: string, count: number, ...elementsPerItem: number[]): Window[] {
  return cut(what, count, elementsPerItem, largestWindow());
}

/** One window if all of it is at most `whole` elements. */
function cut(what: string, count: number, elementsPerItem: readonly number[], whole: number): Window[] {
  const largest = Math.max(1, ...elementsPerItem);
  const fit = Math.floor(largestWindow() / largest);
  if (count * largest <= whole) return [{ start: 0, count }];
  if (fit < 1) {
    throw new LimitError(
      `${what} of ${showBytes(largest * 4)} is above this device's largest binding, ${showBytes(bindingLimit())}`,
    );
  }
  const step = fit >= ALIGNMENT ? fit - (fit % ALIGNMENT) : fit;
  const pieces: Window[] = [];
  for (let start = 0; start < count; start += step) pieces.push({ start, count: Math.min(step, count - start) });
  return pieces;
}
