// Changes that damage, disk faults and attackers make to files. Every choice comes from the random numbers given.
import type { Random } from '../../../src/data/random.js';

const WORDS = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const LONGEST = 1 << 16;

type Change = (bytes: Uint8Array, random: Random, seeds: readonly Uint8Array[]) => Uint8Array;

const joined = (...parts: Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** A place and a length that fit. */
function span(bytes: Uint8Array, random: Random): [start: number, end: number] {
  const start = random.below(bytes.length + 1);
  return [start, Math.min(bytes.length, start + random.below(64))];
}

const changes: Change[] = [
  (bytes, random) => {
    const copy = bytes.slice();
    if (copy.length > 0) copy[random.below(copy.length)] ^= 1 << random.below(8);
    return copy;
  },
  (bytes, random) => {
    const copy = bytes.slice();
    if (copy.length > 0) copy[random.below(copy.length)] = random.below(256);
    return copy;
  },
  // A telling number in a field of two, four or eight bytes, in either byte order.
  (bytes, random) => {
    const size = [2, 4, 8][random.below(3)];
    if (bytes.length < size) return bytes;
    const copy = bytes.slice();
    const view = new DataView(copy.buffer);
    const at = random.below(copy.length - size + 1);
    const word = WORDS[random.below(WORDS.length)];
    const little = random.below(2) === 0;
    if (size === 2) view.setUint16(at, word, little);
    else if (size === 4) view.setUint32(at, word, little);
    else view.setBigUint64(at, BigInt(word) << BigInt(random.below(33)), little);
    return copy;
  },
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random) => {
    const [start, end] = span(bytes, random);
    return joined(bytes.subarray(0, start), bytes.subarray(end));
  },
  (bytes, random) => {
    const [start, end] = span(bytes, random);
    const noise = Uint8Array.from({ length: random.below(32) }, () => random.below(256));
    return joined(bytes.subarray(0, start), noise, bytes.subarray(end));
  },
  // A part that repeats, now and then very often.
  (bytes, random) => {
    const [start, end] = span(bytes, random);
    const times = Math.min([2, 3, 500][random.below(3)], Math.floor(LONGEST / Math.max(end - start, 1)));
    return joined(bytes.subarray(0, start), ...Array(times).fill(bytes.subarray(start, end)), bytes.subarray(end));
  },
  (bytes, random, seeds) => {
    const other = seeds[random.below(seeds.length)];
    const cut = random.below(bytes.length + 1);
    return joined(bytes.subarray(0, cut), other.subarray(Math.min(cut, other.length)));
  },
  (bytes, random) => {
    const copy = bytes.slice();
    const [from, end] = span(bytes, random);
    copy.copyWithin(random.below(bytes.length + 1), from, end);
    return copy;
  },
];

/** One to four changes, one after the other, to one of the seeds. */
export function mutate(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = seeds[random.below(seeds.length)];
  for (let left = 1 + random.below(4); left > 0; left--) {
    bytes = changes[random.below(changes.length)](bytes, random, seeds);
  }
  return bytes.slice(0, LONGEST);
}

/** Values that a JSON file might claim. */
const CLAIMS: readonly unknown[] = [
  ...[0, -1, 1, 0.5, 1e308, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 + 2, -(2 ** 40), null, true, '', 'F32', 'BF16', '1e999'],
  ...['__proto__', 'constructor', '../../etc/passwd', '\0', '\ud800', [], {}, [[]], [1e9, 1e9, 1e9], [-1], [0, 1e300]],
  ...[Number.NaN, { __proto__: null, toString: 1 }],
];
const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'length', '', 'a', 'dtype', 'shape', 'data_offsets'];

/** Changes values, keys and nesting of something that was JSON. Returns text, which may no longer be JSON. */
export function mutateJson(value: unknown, random: Random): string {
  const text = JSON.stringify(changedJson(value, random, 0)) ?? 'null';
  const kind = random.below(12);
  if (kind === 0) return text.replace(/"(\w+)"/, `"${KEYS[random.below(KEYS.length)]}"`);
  if (kind === 1) return text.replace('{', `{"__proto__":{"polluted":1},`);
  if (kind === 2) return text.replace(/-?\d+/, ['1e400', '-0', '9'.repeat(40), '0x1f', 'NaN'][random.below(5)]);
  if (kind === 3) return '['.repeat(5000) + text;
  if (kind === 4) return text.replace('{', `{${text.slice(1).split(',')[0]},`); // a key twice
  return text;
}

function changedJson(value: unknown, random: Random, depth: number): unknown {
  if (random.below(8) === 0) return CLAIMS[random.below(CLAIMS.length)];
  if (typeof value === 'number' && random.below(3) === 0) return value + [-1, 1, 4, 1e6, 0.5][random.below(5)];
  if (typeof value !== 'object' || value === null || depth > 6) return value;
  if (Array.isArray(value)) return value.map((item) => changedJson(item, random, depth + 1));
  const entries = Object.entries(value).map(([key, item]) => [key, changedJson(item, random, depth + 1)]);
  if (random.below(6) === 0) entries.splice(random.below(entries.length + 1), 1);
  if (random.below(6) === 0) entries.push([KEYS[random.below(KEYS.length)], CLAIMS[random.below(CLAIMS.length)]]);
  return Object.fromEntries(entries);
}
