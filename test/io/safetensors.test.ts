import * as assert from 'uvu/assert';
import { Random } from '../../src/data/random.js';
import { CheckpointError, UsageError } from '../../src/errors.js';
import { readSafetensors, type StoredTensor, writeSafetensors } from '../../src/io/safetensors.js';
import type { HostArray, TypedArray } from '../../src/tensor/dtype.js';
import { suite } from '../support/suite.js';

const test = suite('safetensors');

/** A file with this header (text or value) and these data. */
function file(header: unknown, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

function refusal(bytes: Uint8Array): string {
  try {
    readSafetensors(bytes, 'w.safetensors');
  } catch (error) {
    assert.instance(error, CheckpointError);
    assert.match((error as Error).message, /^w\.safetensors: /);
    return (error as Error).message;
  }
  return 'accepted';
}

const f32 = (shape: unknown, offsets: unknown, dtype: unknown = 'F32') => ({ dtype, shape, data_offsets: offsets });
const four = new Uint8Array(4);

const tensors: [string, StoredTensor][] = [
  ['bytes', { shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ['weight', { shape: [2, 2], data: Float32Array.of(1.5, -0, Number.NaN, 1e-45) }],
  ['scalar', { shape: [], data: Int32Array.of(-7) }],
  ['none', { shape: [0, 5], data: new Float32Array() }],
  ['__proto__', { shape: [1], data: Float32Array.of(3) }],
];

test('what is written is read again, bit for bit', () => {
  const read = readSafetensors(writeSafetensors(tensors, { step: '7', 'quoted "key"': 'ü\n' }));
  assert.is(read.tensors.size, tensors.length);
  for (const [name, { shape, data }] of tensors) {
    const found = read.tensors.get(name)!;
    assert.equal(found.shape, shape);
    assert.is(found.data.constructor, data.constructor);
    assert.equal(new Uint8Array(found.data.buffer), new Uint8Array(data.buffer));
  }
  assert.equal(read.metadata, { step: '7', 'quoted "key"': 'ü\n' });
  assert.is(({} as Record<string, unknown>).shape, undefined);
});

test('the data are aligned, whatever the names', () => {
  for (let letters = 1; letters <= 8; letters++) {
    const bytes = writeSafetensors([['n'.repeat(letters), { shape: [1], data: Float32Array.of(3) }]]);
    assert.is(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8, 0);
  }
});

test('a part of a larger array is written, and nothing around it', () => {
  const data = Float32Array.of(1, 2, 3, 4).subarray(2);
  const { tensors } = readSafetensors(writeSafetensors([['part', { shape: [2], data }]]));
  assert.equal(tensors.get('part')!.data, Float32Array.of(3, 4));
});

test('the layout is the format: little-endian length, JSON padded by spaces, aligned data without gaps', () => {
  const bytes = writeSafetensors(tensors);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assert.is(length % 8, 0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  assert.equal(header.weight, { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] });
  assert.equal(header.bytes.data_offsets[1], bytes.length - 8 - length);
});

test('other dtypes are converted', () => {
  const data = new DataView(new ArrayBuffer(8 + 8 + 10));
  data.setFloat64(0, 0.1, true);
  data.setBigInt64(8, -5n, true);
  for (const [i, half] of [0x3c00, 0xc000, 0x0001, 0x7c00, 0x7e00].entries()) data.setUint16(16 + i * 2, half, true);
  const header = { d: f32([1], [0, 8], 'F64'), i: f32([1], [8, 16], 'I64'), h: f32([5], [16, 26], 'F16') };
  const read = readSafetensors(file(header, new Uint8Array(data.buffer))).tensors;
  assert.equal(read.get('d')!.data, Float32Array.of(0.1));
  assert.equal(read.get('i')!.data, Int32Array.of(-5));
  assert.equal([...read.get('h')!.data], [1, -2, 2 ** -24, Number.POSITIVE_INFINITY, Number.NaN]);
});

test('the types that PyTorch saves: bfloat16, bool, the other whole numbers', () => {
  const cases: [string, number, TypedArray, (view: DataView) => void][] = [
    ['BF16', 2, Float32Array.of(1, -3), (v) => [0x3f80, 0xc040].map((n, i) => v.setUint16(2 * i, n, true))],
    ['BOOL', 1, Uint8Array.of(1, 0), (v) => v.setUint8(0, 1)],
    ['I8', 1, Int32Array.of(-1, 5), (v) => [-1, 5].map((n, i) => v.setInt8(i, n))],
    ['I16', 2, Int32Array.of(-300, 5), (v) => [-300, 5].map((n, i) => v.setInt16(2 * i, n, true))],
    ['U16', 2, Int32Array.of(65535, 5), (v) => [65535, 5].map((n, i) => v.setUint16(2 * i, n, true))],
    ['U32', 4, Int32Array.of(70000, 5), (v) => [70000, 5].map((n, i) => v.setUint32(4 * i, n, true))],
    ['U64', 8, Int32Array.of(70000, 5), (v) => [70000n, 5n].map((n, i) => v.setBigUint64(8 * i, n, true))],
  ];
  for (const [dtype, step, expected, fill] of cases) {
    const bytes = new Uint8Array(2 * step);
    fill(new DataView(bytes.buffer));
    assert.equal(
      readSafetensors(file({ a: f32([2], [0, 2 * step], dtype) }, bytes)).tensors.get('a')!.data,
      expected,
      dtype,
    );
  }
  const large = new Uint8Array(Uint32Array.of(2 ** 31).buffer);
  assert.match(refusal(file({ a: f32([1], [0, 4], 'U32') }, large)), /tensor 'a' has 2147483648, beyond i32/);
});

test('an array is written in its own type, and anything else refused', () => {
  const all: [string, HostArray][] = [
    ['F64', Float64Array.of(0.1)],
    ['I8', Int8Array.of(-1)],
    ['I16', Int16Array.of(-1)],
    ['U16', Uint16Array.of(65535)],
    ['U32', Uint32Array.of(70000)],
    ['I64', BigInt64Array.of(-1n)],
  ];
  const bytes = writeSafetensors(all.map(([name, data]) => [name, { shape: [1], data }]));
  const header = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true)))),
  );
  for (const [name, data] of all) {
    assert.is(header[name].dtype, name);
    assert.is(readSafetensors(bytes).tensors.get(name)!.data[0], Math.fround(Number(data[0])));
  }
  for (const data of [[1], undefined, new DataView(new ArrayBuffer(4))]) {
    const write = () => writeSafetensors([['a', { shape: [1], data: data as never }]]);
    assert.throws(write, /^writeSafetensors: 'a': data is a typed array such as a Float32Array, got/);
  }
  assert.throws(() => readSafetensors(bytes.buffer as never), /^readSafetensors: takes a file's bytes as a Uint8Array/);
});

test('floats as f16: half the room, rounded to the nearest, and all else as it is', () => {
  const third = Math.fround(1 / 3);
  const data = Float32Array.of(third, -0, Number.NaN, 65519, Number.NEGATIVE_INFINITY, 1e-9);
  const all: [string, HostArray][] = [
    ['weight', data],
    ['steps', Int32Array.of(70000)],
    ['double', Float64Array.of(0.1)],
  ];
  const pairs = all.map(([name, data]) => [name, { shape: [data.length], data }] as const);
  const bytes = writeSafetensors(pairs, {}, { floats: 'f16' });
  const header = new TextDecoder().decode(bytes);
  for (const entry of ['"weight":{"dtype":"F16"', '"steps":{"dtype":"I32"', '"double":{"dtype":"F64"'])
    assert.ok(header.includes(entry), entry);
  const { tensors } = readSafetensors(bytes);
  const halves = [0.333251953125, -0, Number.NaN, 65504, Number.NEGATIVE_INFINITY, 0];
  assert.equal([...tensors.get('weight')!.data], halves);
  assert.equal(tensors.get('steps')!.data, Int32Array.of(70000));
  const write = (value: number, options: object) =>
    writeSafetensors([['a', { shape: [1], data: Float32Array.of(value) }]], {}, options);
  assert.throws(
    () => write(-65520, { floats: 'f16' }),
    /^writeSafetensors: 'a': -65520 is beyond f16, whose largest number is 65504$/,
  );
  assert.throws(
    () => write(1, { floats: 'f8' }),
    (error: Error) => error instanceof UsageError && /^writeSafetensors: floats is/.test(error.message),
  );
});

test('files that are not to be believed are refused with their reason', () => {
  const huge = file({});
  new DataView(huge.buffer).setBigUint64(0, 2n ** 63n, true);
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(5), /5 bytes/],
    [huge, /cut off/],
    [file('{"a":'), /not JSON/],
    [file('[]'), /not a JSON object/],
    [file('null'), /not a JSON object/],
    [file({ a: null }), /dtype/],
    [file({ a: 5 }), /dtype/],
    [file({ a: f32([1], [0, 4], 'F99') }, four), /dtype F99/],
    [file({ a: f32([1], [0, 4], 'toString') }, four), /dtype toString/],
    [file({ a: f32([1], [0, 4], ['F32']) }, four), /dtype \["F32"\]/],
    [file('{"a":{"dtype":{"toString":1},"shape":[1],"data_offsets":[0,4]}}', four), /dtype \{"toString":1\}/],
    [file(`{"${'x'.repeat(3e7)}":1, "a":1}`), /dtype undefined/],
    [file({ a: f32([-1], [0, 4]) }, four), /shape/],
    [file({ a: f32(['1'], [0, 4]) }, four), /shape/],
    [file({ a: f32([1.5], [0, 4]) }, four), /shape/],
    [file({ a: f32({ length: 1 }, [0, 4]) }, four), /shape/],
    [file({ a: f32([1], [0]) }, four), /offsets/],
    [file({ a: f32([1], null) }, four), /offsets/],
    [file({ a: f32([1], [4, 0]) }, four), /lies at 4 to 0/],
    [file({ a: f32([1], [0, 8]) }, four), /lies at 0 to 8/],
    [file({ a: f32([2], [0, 4]) }, four), /its shape needs 8/],
    [file({ a: f32([2 ** 40, 2 ** 40], [0, 4]) }, four), /its shape needs/],
    [file({ a: f32([1], [0, 4]), b: f32([1], [0, 4]) }, four), /overlap/],
    [file({ a: f32([1], [0, 4]), b: f32([1], [2, 6]) }, new Uint8Array(6)), /overlap/],
    [file({ a: f32([1], [4, 8]) }, new Uint8Array(8)), /belong to none/],
    [file({ a: f32([1], [0, 4]) }, new Uint8Array(8)), /belong to no tensor/],
    [
      file(
        '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
      ),
      /twice/,
    ],
    [file('{"a":{"dtype":"F32","shape":[0],"shape":[0],"data_offsets":[0,0]}}'), /twice/],
    [file({ __metadata__: null }), /__metadata__/],
    [file({ __metadata__: { a: 1 } }), /not text/],
    [file({ a: f32([1], [0, 8], 'I64') }, new Uint8Array(8).fill(127)), /beyond i32/],
  ];
  for (const [bytes, reason] of cases) assert.match(refusal(bytes), reason);
});

test('tensors that do not fit their shape, or share a name, are not written', () => {
  const one = { shape: [1], data: new Float32Array(1) };
  for (const bad of [
    [['a', { ...one, shape: [2] }]],
    [
      ['a', one],
      ['a', one],
    ],
  ] as [string, StoredTensor][][]) {
    assert.throws(
      () => writeSafetensors(bad),
      (error: Error) => error instanceof CheckpointError,
    );
  }
});

test('what is no list of pairs, and metadata that are no texts, are refused', () => {
  const one = { shape: [1], data: Float32Array.of(1) };
  const write =
    (...args: unknown[]) =>
    () =>
      writeSafetensors(...(args as Parameters<typeof writeSafetensors>));
  for (const [args, message] of [
    [
      [{ one }],
      /takes pairs of a name and \{ shape, data \}, as of a Map or Object\.entries\(object\), got an Object$/,
    ],
    [[undefined], /takes pairs .* got undefined$/],
    [[[one]], /takes pairs .* got an Object$/],
    [[[['one', null]]], /takes pairs .* got \['one', null\]$/],
    [[[['one', one]], { epoch: 3 }], /metadata\.epoch is a text, got 3$/], // no reader takes a number there
    [[[['one', one]], 'pt'], /metadata are texts by name, got 'pt'$/],
  ] as [unknown[], RegExp][]) {
    assert.throws(write(...args), (error: Error) => error.name === 'UsageError' && message.test(error.message));
  }
  assert.throws(write([['__metadata__', one]]), /no tensor can be called '__metadata__'/);
  assert.throws(write([['x', { shape: [1], data: () => 1 }]]), /got a function; a tensor’s is await t\.data\(\)/);
  assert.is(readSafetensors(writeSafetensors(new Map([['one', one]]))).tensors.size, 1);
});

test('changed bytes are read or refused, never worse', () => {
  const random = new Random(1);
  const whole = writeSafetensors(tensors, { a: 'b' });
  for (let i = 0; i < 500; i++) {
    const copy = whole.slice(0, random.unit() < 0.3 ? random.below(whole.length) : whole.length);
    for (let k = random.below(4); k >= 0 && copy.length > 0; k--) copy[random.below(copy.length)] = random.below(256);
    refusal(copy);
  }
});

test.run();
