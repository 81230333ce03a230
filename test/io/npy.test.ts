import * as assert from 'uvu/assert';
import { DataError } from '../../src/errors.js';
import { readNpy, writeNpy } from '../../src/io/npy.js';
import type { HostArray, TypedArray } from '../../src/tensor/dtype.js';
import { suite } from '../support/suite.js';

const test = suite('npy');

/** numpy.save of numpy.array([[1, 2, 3], [4, 5, 6]], 'i4'), by NumPy 1.24. */
const BY_NUMPY = `k05VTVBZAQB2AHsnZGVzY3InOiAnPGk0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAg
ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAAAAgAAAAMAAAAEAAAABQAAAAYA
AAA=`;

function refusal(bytes: Uint8Array): string {
  try {
    readNpy(bytes, 'a.npy');
  } catch (error) {
    assert.instance(error, DataError);
    assert.match((error as Error).message, /^a\.npy: /);
    return (error as Error).message;
  }
  return 'accepted';
}

/** A file of version 1 with this header. */
function file(header: string, bytes: number, version = 1): Uint8Array {
  const start = version === 1 ? 10 : 12;
  const out = new Uint8Array(start + header.length + bytes);
  const view = new DataView(out.buffer);
  const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
  out.set(latin1('\x93NUMPY'));
  out[6] = version;
  if (version === 1) view.setUint16(8, header.length, true);
  else view.setUint32(8, header.length, true);
  out.set(latin1(header), start);
  return out;
}

test('a file by NumPy is read, and written the same', () => {
  const bytes = Uint8Array.from(atob(BY_NUMPY), (c) => c.charCodeAt(0));
  const read = readNpy(bytes);
  assert.equal(read, { shape: [2, 3], data: Int32Array.of(1, 2, 3, 4, 5, 6) });
  assert.equal(writeNpy(read), bytes);
});

test('what is written is read again', () => {
  for (const data of [Float32Array.of(1.5, -0, Number.NaN), Int32Array.of(1, -2, 3), Uint8Array.of(0, 128, 255)]) {
    for (const shape of [[3], [1, 3], [3, 1, 1]]) {
      const bytes = writeNpy({ shape, data });
      const read = readNpy(bytes);
      assert.equal([read.shape, new Uint8Array(read.data.buffer)], [shape, new Uint8Array(data.buffer)]);
      assert.is(read.data.constructor, data.constructor);
      assert.is((bytes.length - data.byteLength) % 64, 0);
    }
  }
  assert.equal(readNpy(writeNpy({ shape: [], data: Int32Array.of(9) })).shape, []);
  assert.equal(readNpy(writeNpy({ shape: [0, 2], data: new Float32Array() })).shape, [0, 2]);
});

test('version 2, whose header may be longer', () => {
  assert.equal(readNpy(file("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n", 2, 2)).shape, [2]);
});

test('every type of NumPy that f32, i32 or u8 can hold is read, of either byte order', () => {
  const cases: [string, TypedArray, (view: DataView) => void][] = [
    ['<f8', Float32Array.of(0.1, -2), (v) => [0.1, -2].map((n, i) => v.setFloat64(8 * i, n, true))],
    ['>f8', Float32Array.of(0.1, -2), (v) => [0.1, -2].map((n, i) => v.setFloat64(8 * i, n, false))],
    ['>f4', Float32Array.of(1.5, 3), (v) => [1.5, 3].map((n, i) => v.setFloat32(4 * i, n, false))],
    ['<f2', Float32Array.of(1, -2), (v) => [0x3c00, 0xc000].map((n, i) => v.setUint16(2 * i, n, true))],
    ['>f2', Float32Array.of(1, -2), (v) => [0x3c00, 0xc000].map((n, i) => v.setUint16(2 * i, n, false))],
    ['>i2', Int32Array.of(-300, 7), (v) => [-300, 7].map((n, i) => v.setInt16(2 * i, n, false))],
    ['>u2', Int32Array.of(65535, 7), (v) => [65535, 7].map((n, i) => v.setUint16(2 * i, n, false))],
    ['>u4', Int32Array.of(70000, 7), (v) => [70000, 7].map((n, i) => v.setUint32(4 * i, n, false))],
    ['>i8', Int32Array.of(-5, 7), (v) => [-5n, 7n].map((n, i) => v.setBigInt64(8 * i, n, false))],
    ['<i8', Int32Array.of(-5, 7), (v) => [-5n, 7n].map((n, i) => v.setBigInt64(8 * i, n, true))],
    ['>i4', Int32Array.of(-5, 7), (v) => [-5, 7].map((n, i) => v.setInt32(4 * i, n, false))],
    ['<i2', Int32Array.of(-300, 7), (v) => [-300, 7].map((n, i) => v.setInt16(2 * i, n, true))],
    ['|i1', Int32Array.of(-5, 7), (v) => [-5, 7].map((n, i) => v.setInt8(i, n))],
    ['<u2', Int32Array.of(65535, 7), (v) => [65535, 7].map((n, i) => v.setUint16(2 * i, n, true))],
    ['<u4', Int32Array.of(70000, 7), (v) => [70000, 7].map((n, i) => v.setUint32(4 * i, n, true))],
    ['|b1', Uint8Array.of(1, 0), (v) => v.setUint8(0, 1)],
  ];
  for (const [descr, expected, fill] of cases) {
    const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (2,), }`;
    const bytes = file(header, 2 * (Number(descr[2]) || 1));
    fill(new DataView(bytes.buffer, 10 + header.length));
    assert.equal(readNpy(bytes).data, expected, descr);
  }
});

test('an array is written in its own type, and anything else refused', () => {
  const cases: [HostArray, string][] = [
    [Float64Array.of(0.1), '<f8'],
    [Int8Array.of(-1), '|i1'],
    [Int16Array.of(-1), '<i2'],
    [Uint16Array.of(65535), '<u2'],
    [Uint32Array.of(70000), '<u4'],
    [BigInt64Array.of(-1n), '<i8'],
    [Uint8ClampedArray.of(255), '|u1'],
  ];
  for (const [data, descr] of cases) {
    const bytes = writeNpy({ shape: [1], data });
    assert.match(new TextDecoder().decode(bytes.subarray(10, 60)), `'descr': '${descr}'`);
    assert.equal(Number(readNpy(bytes).data[0]), Math.fround(Number(data[0])));
  }
  for (const data of [[1], new DataView(new ArrayBuffer(4)), undefined, 'x']) {
    assert.throws(() => writeNpy({ shape: [1], data: data as never }), /^writeNpy: data is a typed array such as/);
  }
  assert.throws(() => writeNpy({ shape: [2], data: Int32Array.of(1) }), /^writeNpy: 1 values, its shape needs 2/);
  assert.throws(
    () => readNpy(new ArrayBuffer(8) as never),
    /^readNpy: takes a file's bytes as a Uint8Array, got an ArrayBuffer/,
  );
});

test('files that are not to be believed are refused with their reason', () => {
  const header = (descr: string, order: string, shape: string) =>
    `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;
  assert.match(refusal(new Uint8Array(4)), /not an \.npy file/);
  assert.match(refusal(file('{}', 0, 9)), /version 9/);
  assert.match(refusal(file(header('<f4', 'False', '1,'), 4).slice(0, 20)), /cut off/);
  assert.match(refusal(file('{}', 0)), /no 'descr'/);
  assert.match(refusal(file(header('<c8', 'False', '1,'), 8)), /dtype <c8; known: b1, u1/);
  assert.match(refusal(file(header('f4', 'False', '1,'), 4)), /dtype f4/);
  assert.match(refusal(file(header('constructor', 'False', '1,'), 8)), /dtype constructor/);
  assert.match(refusal(file(header('<f4', 'True', '1,'), 4)), /Fortran/);
  assert.match(refusal(file(header('<f4', 'False', '-1,'), 4)), /no 'shape'/);
  assert.match(refusal(file(header('<f4', 'False', '2,'), 4)), /needs 8 bytes, the file has 4/);
  assert.match(refusal(file(header('<f4', 'False', '9999999999, 9999999999, 9999999999'), 4)), /needs/);
  assert.match(
    refusal(file(header('<f4', 'False', '99999999999999999999, 0'), 0)),
    /shape \(99999999999999999999, 0\)/,
  );
});

test('a Buffer of Node’s pool, and any other part of a larger array', () => {
  const file = writeNpy({ shape: [3], data: Float32Array.of(1, 2, 3) });
  const larger = new Uint8Array(file.length + 64);
  larger.set(file, 9);
  const part = larger.subarray(9, 9 + file.length);
  assert.equal(readNpy(part).data, Float32Array.of(1, 2, 3));
  const { Buffer } = globalThis as { Buffer?: { from(bytes: Uint8Array): Uint8Array } };
  if (Buffer) assert.equal(readNpy(Buffer.from(file)).data, Float32Array.of(1, 2, 3));
});

test.run();
