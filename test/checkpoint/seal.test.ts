// The checksum of checkpoints: the one of zip and PNG, over every byte.
import * as assert from 'uvu/assert';
import { BLANK_SEAL, checkSeal, seal } from '../../src/checkpoint/seal.js';
import { CheckpointError } from '../../src/index.js';
import { crc32 } from '../../src/io/crc32.js';
import { writeSafetensors } from '../../src/io/safetensors.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('checkpoint/seal');

/** Bit by bit, as the standard has it. */
function byHand(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

test('the checksum is the standard’s, of any length and from any byte on, in one piece or several', () => {
  assert.is(crc32(new TextEncoder().encode('123456789')), 0xcbf43926);
  assert.is(crc32(new Uint8Array(0)), 0);
  const all = Uint8Array.from(seeded(80, 1, 128), (v) => v + 128);
  for (let from = 0; from < 5; from++) {
    for (let end = from; end <= all.length; end += 3) {
      const bytes = all.subarray(from, end);
      assert.is(crc32(bytes), byHand(bytes), `${from} to ${end}`);
      const middle = Math.floor(bytes.length / 3);
      assert.is(crc32(bytes.subarray(middle), crc32(bytes.subarray(0, middle))), byHand(bytes));
    }
  }
});

test('a change of any byte is noticed', () => {
  const file = seal(writeSafetensors([['w', { shape: [3], data: Float32Array.of(1, 2, 3) }]], BLANK_SEAL));
  checkSeal(file, 'run');
  for (let i = 0; i < file.length; i++) {
    const damaged = file.slice();
    damaged[i] ^= 4;
    assert.throws(
      () => checkSeal(damaged, 'run'),
      (error: Error) => error instanceof CheckpointError && error.message.startsWith('run: '),
      `byte ${i} of ${file.length}`,
    );
  }
});

test.run();
