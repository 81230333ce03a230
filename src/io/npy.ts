// NumPy's .npy format, versions 1 to 3: a magic string, a Python dictionary as text, then the array.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import { DataError } from '../device/errors.js';
import type { TypedArray } from '../tensor/dtype.js';
import type { StoredTensor } from './safetensors.js';

const MAGIC = '\x93NUMPY';
const DESCRIPTIONS: Record<string, { bytes: number; make: (own: ArrayBuffer) => TypedArray }> = {
  '<f4': { bytes: 4, make: (own) => new Float32Array(own) },
  '<i4': { bytes: 4, make: (own) => new Int32Array(own) },
  '|u1': { bytes: 1, make: (own) => new Uint8Array(own) },
};

/**
 * Reads an .npy file's bytes: f32, i32 or u8, little-endian, C order. `name` is what messages call the file.
 * @throws DataError naming the file and what is wrong with it.
 */
export function readNpy(bytes: Uint8Array, name = 'npy'): StoredTensor {
  const fail = (what: string): never => {
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
  if (!Object.hasOwn(DESCRIPTIONS, dtype)) fail(`dtype ${dtype}; known: ${Object.keys(DESCRIPTIONS).join(', ')}`);
  if (field(/'fortran_order':\s*(True|False)/, "'fortran_order'") === 'True') fail('Fortran order; save it in C order');
  const dims = field(/'shape':\s*\(([\d,\s]*)\)/, "'shape'");
  const shape = dims
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map(Number);
  if (!shape.every(Number.isSafeInteger)) fail(`shape (${dims})`);
  const { bytes: step, make } = DESCRIPTIONS[dtype];
  const needed = shape.reduce((n, size) => n * size, 1) * step;
  if (needed !== bytes.length - end) fail(`shape (${dims}) needs ${needed} bytes, the file has ${bytes.length - end}`);
  return { shape, data: make(new Uint8Array(bytes.subarray(end)).buffer) };
}

/** Writes an .npy file, version 1, with the array aligned to 64 bytes. */
export function writeNpy({ shape, data }: StoredTensor): Uint8Array {
  const dtype = data instanceof Float32Array ? '<f4' : data instanceof Int32Array ? '<i4' : '|u1';
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${dims}), }`;
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const file = new Uint8Array(start + data.byteLength);
  file.set(Uint8Array.from(`${MAGIC}\x01\0`, (letter) => letter.charCodeAt(0)));
  new DataView(file.buffer).setUint16(8, start - 10, true);
  file.set(new TextEncoder().encode(`${text.padEnd(start - 11)}\n`), 10);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return file;
}
