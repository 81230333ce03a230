// The safetensors format: a little-endian u64 header length, a JSON header, then raw tensors.
// https://github.com/huggingface/safetensors. Files are not trusted: every claim of the header is checked.
import { CheckpointError, showValue, UsageError } from '../errors.js';
import { checkOptions, oneOf, type Rules, requireBytes } from '../options.js';
import type { HostTensor, TypedArray } from '../tensor/dtype.js';
import { type ElementType, elementBytes, type Fail, readElements, requireFilled, writtenAs } from './elements.js';

export type { HostTensor };

/** A tensor as it is read from a file. */
export type StoredTensor = HostTensor<TypedArray>;

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** Tensors by name. */
  tensors: Map<string, StoredTensor>;
  /** Its texts by name. */
  metadata: Record<string, string>;
}

/** How tensors are written. */
export interface SafetensorsOptions {
  /** What f32 numbers are written as: 'f16' takes half the room and rounds to 11 bits; reading widens them again. Default 'f32'. */
  floats?: 'f32' | 'f16';
}

/** @internal */
export const WRITE_RULES: Rules<SafetensorsOptions> = { floats: oneOf('f32', 'f16') };

/** The header's key that names no tensor. */
const METADATA = '__metadata__';

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const TYPES: ReadonlyMap<string, ElementType> = new Map(
  (['f32', 'f64', 'f16', 'bf16', 'i64', 'i32', 'i16', 'i8', 'u64', 'u32', 'u16', 'u8', 'bool'] as const).map((type) => [
    type.toUpperCase(),
    type,
  ]),
);
const MAX_HEADER = 100_000_000;

/**
 * Reads a file's bytes. Floats come as f32, bytes and booleans as u8, all other whole numbers as i32. `name` is what messages
 * call the file. Takes at most 16 times the file's memory, and none for what a header only claims.
 * @throws CheckpointError naming the file and what is wrong with it.
 */
export function readSafetensors(bytes: Uint8Array, name = 'safetensors'): SafetensorsFile {
  requireBytes('readSafetensors', bytes);
  const fail: Fail = (what) => {
    throw new CheckpointError(`${name}: ${what}`);
  };
  if (bytes.length < 8) fail(`not a safetensors file: ${bytes.length} bytes, the header's length alone takes 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > MAX_HEADER || headerLength > bytes.length - 8) {
    fail(`not a safetensors file, or cut off: a header of ${headerLength} bytes in a file of ${bytes.length}`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), fail);
  const body = bytes.subarray(8 + headerLength);
  const tensors = new Map<string, StoredTensor>();
  const metadata: Record<string, string> = {};
  const spans: { key: string; start: number; end: number }[] = [];
  for (const [key, value] of Object.entries(header)) {
    if (key === METADATA) {
      readMetadata(value, metadata, fail);
      continue;
    }
    const entry = checkEntry(key, value, body.length, fail);
    const [start, end] = entry.data_offsets;
    spans.push({ key, start, end });
    const beyond = (what: string) => fail(`tensor '${key}' has ${what}`);
    tensors.set(key, {
      shape: [...entry.shape],
      data: readElements(TYPES.get(entry.dtype)!, body.subarray(start, end), beyond),
    });
  }
  spans.sort((a, b) => a.start - b.start || a.end - b.end);
  let covered = 0;
  spans.forEach(({ key, start, end }, i) => {
    if (start < covered) fail(`tensors '${spans[i - 1].key}' and '${key}' overlap`);
    if (start > covered) fail(`${start - covered} bytes before tensor '${key}' belong to none`);
    covered = end;
  });
  if (covered !== body.length) fail(`${body.length - covered} bytes at the end belong to no tensor`);
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  let header: unknown;
  let text = '';
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    fail(`the header is not JSON (${(error as Error).message})`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) fail('the header is not a JSON object');
  const twice = repeatedKey(text);
  if (twice !== null) fail(`the header has '${twice}' twice`);
  return header as Record<string, unknown>;
}

/**
 * A key that an object of valid JSON text has twice, of which JSON.parse would silently keep the last; or null. By hand:
 * a regular expression runs out of stack in long strings.
 */
function repeatedKey(text: string): string | null {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (letter === '{') open.push(new Set());
    else if (letter === '}') open.pop();
    else if (letter === '"') {
      const start = at;
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
      if (!/^\s*:/.test(text.slice(at + 1, at + 64))) continue;
      const key: string = JSON.parse(text.slice(start, at + 1));
      if (open.at(-1)?.has(key)) return key;
      open.at(-1)?.add(key);
    }
  }
  return null;
}

function readMetadata(value: unknown, metadata: Record<string, string>, fail: Fail): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail('__metadata__ is not a JSON object');
  for (const [key, text] of Object.entries(value as object)) {
    if (typeof text !== 'string') fail(`metadata '${key}' is not text`);
    if (key !== '__proto__') metadata[key] = text;
  }
}

/** What was refused, for a message; it may be nested deeper than JSON.stringify goes. */
function shown(value: unknown): string {
  try {
    return String(JSON.stringify(value));
  } catch {
    return 'that is nested too deeply';
  }
}

function checkEntry(key: string, value: unknown, bodyLength: number, fail: Fail): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<Entry>;
  if (typeof dtype !== 'string' || !TYPES.has(dtype))
    fail(
      `tensor '${key}' has dtype ${typeof dtype === 'string' ? dtype : shown(dtype)}; known: ${[...TYPES.keys()].join(', ')}`,
    );
  const whole = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!whole(shape)) fail(`tensor '${key}' has shape ${shown(shape)}`);
  if (!whole(offsets) || (offsets as number[]).length !== 2) fail(`tensor '${key}' has offsets ${shown(offsets)}`);
  const entry = { dtype, shape, data_offsets: offsets } as Entry;
  const [start, end] = entry.data_offsets;
  const bytes = entry.shape.reduce((n, size) => n * size, 1) * elementBytes(TYPES.get(entry.dtype)!);
  if (start > end || end > bodyLength)
    fail(`tensor '${key}' lies at ${start} to ${end}, the data end at ${bodyLength}`);
  if (end - start !== bytes) fail(`tensor '${key}' holds ${end - start} bytes, its shape needs ${bytes}`);
  return entry;
}

/**
 * Writes tensors without gaps, as the format asks, in the types that their arrays have, larger elements first so that all are
 * aligned. Metadata values are text.
 * @throws CheckpointError if a tensor's data are no array of numbers, do not fill its shape or are beyond f16 where that was asked
 * for, or two have one name; UsageError for what is no list of pairs, metadata that are no texts, or options that it does not know.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, HostTensor]>,
  metadata: Record<string, string> = {},
  options: SafetensorsOptions = {},
): Uint8Array<ArrayBuffer> {
  checkOptions('writeSafetensors', options, WRITE_RULES);
  return joined(safetensorsParts(tensors, metadata, options));
}

/** Parts of a file, one after the other. @internal */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The same file in parts: its header, then each tensor's own memory. @internal */
export function safetensorsParts(
  tensors: Iterable<readonly [string, HostTensor]>,
  metadata: Record<string, string>,
  { floats }: SafetensorsOptions = {},
): Uint8Array[] {
  requireTexts(metadata);
  const all = requirePairs(tensors)
    .map(([key, { shape, data }]) => {
      const fail: Fail = (what) => {
        throw new CheckpointError(`writeSafetensors: '${key}': ${what}`);
      };
      const { type, bytes } = writtenAs(data, fail, floats);
      requireFilled(shape, data, fail);
      return { key, shape, dtype: type.toUpperCase(), bytes, step: elementBytes(type) };
    })
    .sort((a, b) => b.step - a.step); // stable
  const header: Record<string, unknown> = Object.assign(Object.create(null), { [METADATA]: metadata });
  let at = 0;
  for (const { key, shape, dtype, bytes } of all) {
    if (key === METADATA) throw new CheckpointError(`writeSafetensors: no tensor can be called '${key}'`);
    if (key in header) throw new CheckpointError(`writeSafetensors: two tensors are called '${key}'`);
    header[key] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(text.length / 8) * 8;
  const head = new Uint8Array(8 + headerLength).fill(32);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerLength), true);
  head.set(text, 8);
  return [head, ...all.map(({ bytes }) => bytes)];
}

function requirePairs(tensors: Iterable<readonly [string, HostTensor]>): (readonly [string, HostTensor])[] {
  const all = typeof Object(tensors)[Symbol.iterator] === 'function' ? [...tensors] : [tensors as never];
  for (const pair of all) {
    if (Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'object' && pair[1] !== null) continue;
    throw new UsageError(
      `writeSafetensors: takes pairs of a name and { shape, data }, as of a Map or Object.entries(object), got ${showValue(pair)}`,
    );
  }
  return all;
}

function requireTexts(metadata: unknown): void {
  if (typeof metadata !== 'object' || metadata === null)
    throw new UsageError(`writeSafetensors: metadata are texts by name, got ${showValue(metadata)}`);
  for (const [name, text] of Object.entries(metadata)) {
    if (typeof text !== 'string')
      throw new UsageError(`writeSafetensors: metadata.${name} is a text, got ${showValue(text)}`);
  }
}
