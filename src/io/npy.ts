// NumPy's .npy format, versions 1 to 3: a magic string, a Python dictionary as text, then the array.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import { DataError } from '../errors.js';
import { requireBytes } from '../options.js';
import type { HostTensor } from '../tensor/dtype.js';
import { type ElementType, elementBytes, type Fail, readElements, requireFilled, writtenAs } from './elements.js';
import type { StoredTensor } from './safetensors.js';

const MAGIC = '\x93NUMPY';
/** NumPy's names without their byte order. */
const NAMES: Record<ElementType, string> = {
  ...{ bool: 'b1', u8: 'u1', i8: 'i1', i16: 'i2', u16: 'u2', f16: 'f2', bf16: 'V2' },
  ...{ i32: 'i4', u32: 'u4', f32: 'f4', i64: 'i8', u64: 'u8', f64: 'f8' },
};
const READ = new Map(
  Object.entries(NAMES).flatMap(([type, name]) => (type === 'bf16' ? [] : [[name, type as ElementType]])),
);

/**
 * Reads an .npy file's bytes, in C order. Floats come as f32, bytes and booleans as u8, all other whole numbers as i32.
 * `name` is what messages call the file.
 * @throws DataError naming the file and what is wrong with it.
 */
export function readNpy(bytes: Uint8Array, name = 'npy'): StoredTensor {
  requireBytes('readNpy', bytes);
  const fail: Fail = (what) => {
    throw new DataError(`${name}: ${what}`);
  };
  if (bytes.length < 10 || [...MAGIC].some((letter, i) => bytes[i] !== letter.charCodeAt(0))) fail('not an .npy file');
  const version = bytes[6];
  if (version < 1 || version > 3) fail(`.npy version ${version}; known: 1, 2, 3`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) fail('cut off inside its header');
  const end = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length) fail('cut off inside its header');
  const text = new TextDecoder().decode(bytes.subarray(start, end));
  const field = (pattern: RegExp, what: string) =>
    pattern.exec(text)?.[1] ?? fail(`the header has no ${what}: ${text.trim()}`);
  const dtype = field(/'descr':\s*'([^']*)'/, "'descr'");
  const type = READ.get(dtype.slice(1));
  if (!type || !'<>|='.includes(dtype[0])) return fail(`dtype ${dtype}; known: ${[...READ.keys()].join(', ')}`);
  if (field(/'fortran_order':\s*(True|False)/, "'fortran_order'") === 'True') fail('Fortran order; save it in C order');
  const dims = field(/'shape':\s*\(([\d,\s]*)\)/, "'shape'");
  const shape = dims
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map(Number);
  if (!shape.every(Number.isSafeInteger)) fail(`shape (${dims})`);
  const needed = shape.reduce((n, size) => n * size, 1) * elementBytes(type);
  if (needed !== bytes.length - end) fail(`shape (${dims}) needs ${needed} bytes, the file has ${bytes.length - end}`);
  const tooLarge = (what: string) => fail(`the array has ${what}`);
  return { shape, data: readElements(type, bytes.subarray(end), tooLarge, dtype[0] !== '>') };
}

/**
 * Writes an .npy file, version 1, with the array aligned to 64 bytes and in the type that `data` has.
 * @throws DataError if `data` is no array of numbers or does not fill `shape`.
 */
export function writeNpy({ shape, data }: HostTensor): Uint8Array {
  const fail: Fail = (what) => {
    throw new DataError(`writeNpy: ${what}`);
  };
  const { type, bytes } = writtenAs(data, fail);
  requireFilled(shape, data, fail);
  const dtype = `${bytes.length === data.length ? '|' : '<'}${NAMES[type]}`;
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${dims}), }`;
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const file = new Uint8Array(start + bytes.length);
  file.set(Uint8Array.from(`${MAGIC}\x01\0`, (letter) => letter.charCodeAt(0)));
  new DataView(file.buffer).setUint16(8, start - 10, true);
  file.set(new TextEncoder().encode(`${text.padEnd(start - 11)}\n`), 10);
  file.set(bytes, start);
  return file;
}
