// Tensors above the binding limit are walked in windows, one dispatch each.
import { LimitError } from './errors.js';
import { showBytes } from './math.js';

/** A run of items that one dispatch handles. */
export interface Window {
  start: number;
  count: number;
}

const ALIGNMENT = 64; // elements: bindings start at multiples of 256 bytes

let bindingBytes = 128 * 1024 * 1024;

/** The largest storage binding in bytes. The runtime sets it from the device; tests lower it to walk in windows. */
export function setBindingLimit(bytes: number): void {
  bindingBytes = bytes;
}

export function bindingLimit(): number {
  return bindingBytes;
}

/**
 * Cuts `count` items into windows so that each tensor's piece fits one binding. `elementsPerItem` says, for each
 * tensor that is cut, how many 4-byte elements an item takes in it. Windows start at multiples of 64 items where
 * they can, so elementwise kernels (one element an item) need no base offset.
 * @throws LimitError if a single item is larger than a binding.
 */
export function windows(count: number, ...elementsPerItem: number[]): Window[] {
  const largest = Math.max(1, ...elementsPerItem);
  const fit = Math.floor((bindingBytes / 4 - ALIGNMENT) / largest);
  if (count * largest * 4 <= bindingBytes) return [{ start: 0, count }];
  if (fit < 1) {
    throw new LimitError(
      `one item of ${showBytes(largest * 4)} is above this device's largest binding, ${showBytes(bindingBytes)}`,
    );
  }
  const step = fit >= ALIGNMENT ? fit - (fit % ALIGNMENT) : fit;
  const cut: Window[] = [];
  for (let start = 0; start < count; start += step) cut.push({ start, count: Math.min(step, count - start) });
  return cut;
}
