// A checksum over a whole safetensors file, kept in the file's own metadata: the sum is taken with its eight digits as
// zeros. Other tools see one more line of metadata.
import { CheckpointError } from '../errors.js';
import { crc32 } from '../io/crc32.js';

/** The metadata that a file must be written with for `seal` to fill in. */
export const BLANK_SEAL = { checksum: 'crc32:00000000' };

const BEFORE_DIGITS = '"checksum":"crc32:';
const DIGITS = 8;
const ZEROS = new Uint8Array(DIGITS).fill(0x30);

/** Where the digits stand, or -1. Inside JSON strings quotes are escaped, so nothing but the metadata's key can match. */
function placeOfDigits(file: Uint8Array): number {
  if (file.length < 8) return -1;
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder('latin1').decode(file.subarray(8, 8 + Math.min(length, file.length)));
  const at = header.indexOf(BEFORE_DIGITS);
  return at < 0 ? -1 : 8 + at + BEFORE_DIGITS.length;
}

function sumOf([head, ...rest]: readonly Uint8Array[], place: number): string {
  const sum = crc32(head.subarray(place + DIGITS), crc32(ZEROS, crc32(head.subarray(0, place))));
  return rest
    .reduce((before, part) => crc32(part, before), sum)
    .toString(16)
    .padStart(DIGITS, '0');
}

/** Fills the checksum in, in place. */
export function seal<Bytes extends Uint8Array>(file: Bytes): Bytes {
  sealParts([file]);
  return file;
}

/** Fills the checksum of a file in parts in, in place; its header is the first of them. */
export function sealParts(parts: Uint8Array[]): Uint8Array[] {
  const place = placeOfDigits(parts[0]);
  parts[0].set(new TextEncoder().encode(sumOf(parts, place)), place);
  return parts;
}

/** @throws CheckpointError if a byte of the file is not as it was when it was sealed. */
export function checkSeal(file: Uint8Array, name: string): void {
  const place = placeOfDigits(file);
  if (place < 0) throw new CheckpointError(`${name}: has no checksum; it was cut, or written by another program`);
  const kept = new TextDecoder('latin1').decode(file.subarray(place, place + DIGITS));
  const found = sumOf([file], place);
  if (kept !== found) {
    throw new CheckpointError(`${name}: damaged: its checksum should be ${kept}, its bytes give ${found}`);
  }
}
