// The bytes of event files: their checksums and framing, and a file that TensorBoard's own reader has read (golden.ts says how).
import * as assert from 'uvu/assert';
import { crc32c } from '../../src/io/crc32.js';
import { encodePng, histogramOf, TensorBoardWriter } from '../../src/report/index.js';
import { drawnEvents, GOLDEN } from '../support/drawn-events.js';
import { suite } from '../support/suite.js';

const test = suite('report/tensorboard');
const ascii = (text: string) => new TextEncoder().encode(text);

test('the checksum is CRC-32C', () => {
  // RFC 3720, B.4, and the check value of the catalogue of parametrised CRC algorithms.
  assert.is(crc32c(ascii('123456789')), 0xe3069283);
  assert.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.is(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.is(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.is(crc32c(ascii('6789'), crc32c(ascii('12345'))), 0xe3069283, 'and goes on');
});

/** Records by the format's own words: length, its masked checksum, data, its masked checksum; bit by bit, with no table. */
function records(file: Uint8Array): Uint8Array[] {
  const bitwise = (bytes: Uint8Array) => {
    let sum = 0xffffffff;
    for (const byte of bytes) {
      sum ^= byte;
      for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
    }
    return ~sum >>> 0;
  };
  const masked = (bytes: Uint8Array) => {
    const sum = BigInt(bitwise(bytes));
    return Number((((sum >> 15n) | (sum << 17n)) + 0xa282ead8n) & 0xffffffffn);
  };
  const view = new DataView(file.buffer, file.byteOffset);
  const found: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    assert.is(view.getUint32(at + 8, true), masked(file.subarray(at, at + 8)), `length at ${at}`);
    const data = file.subarray(at + 12, at + 12 + length);
    assert.is(view.getUint32(at + 12 + length, true), masked(data), `data at ${at}`);
    found.push(data);
    at += 16 + length;
  }
  return found;
}

test('every kind of entry is a record with right checksums, the file version first', () => {
  const writer = new TensorBoardWriter({ now: () => 0 });
  drawnEvents(writer);
  const found = records(writer.bytes());
  assert.is(found.length, 1 + 6 + 4 + 1 + 1 + 3);
  assert.match(new TextDecoder().decode(found[0]), /brain\.Event:2$/);
});

test('the bytes are those that TensorBoard read', async () => {
  const writer = new TensorBoardWriter({ now: () => 1_795_728_423_881 });
  drawnEvents(writer);
  assert.equal([...writer.bytes()], [...GOLDEN]);
});

test('a page collects, a program takes each record as it comes', async () => {
  const taken: Uint8Array[] = [];
  const [page, program] = [
    new TensorBoardWriter({ now: () => 5 }),
    new TensorBoardWriter({ now: () => 5, write: (r) => taken.push(r) }),
  ];
  for (const writer of [page, program]) writer.addScalar('loss', 1, 2);
  assert.is(taken.length, 2);
  const blob = page.blob();
  assert.equal(
    [...new Uint8Array(await blob.arrayBuffer())],
    taken.flatMap((r) => [...r]),
  );
  assert.is(program.bytes().length, 0);
});

test('what cannot be written is refused by name', () => {
  const writer = new TensorBoardWriter();
  const says = (call: () => void, message: RegExp) =>
    assert.throws(call, (e: Error) => e.name === 'UsageError' && message.test(e.message));
  says(() => writer.addScalar('loss', '1' as never, 0), /^addScalar: loss takes a number, got '1'/);
  says(() => writer.addScalar('', 1, 0), /^TensorBoardWriter: a tag is a text, got ''/);
  says(
    () => writer.addScalar('loss', 1, -1),
    /^TensorBoardWriter: the step of 'loss' is a whole number, 0 or more, got -1/,
  );
  says(() => writer.addImage('x', Uint8Array.of(0xff, 0xd8, 0xff, 0), 0), /^addImage: takes the bytes of a PNG, got/);
  says(
    () => writer.addImage('x', encodePng(1, 1, new Uint8Array(4)).subarray(0, 20), 0),
    /^addImage: takes the bytes of a PNG/,
  );
  says(() => writer.addText('x', 1 as never, 0), /^addText: x takes a text, got 1/);
  says(() => writer.end('done' as never), /^end: takes 'success' or 'failure', got 'done'/);
  says(() => new TensorBoardWriter({ flush: 1 } as never), /^TensorBoardWriter: there is no option 'flush'/);
  writer.addHistogram('x', histogramOf([1, 2, 3]), Number.MAX_SAFE_INTEGER);
});

test.run();
