// Files of lines that say of themselves whether they are whole: a checksum, then JSON. Lines are appended one by one; what a
// crash, a full disk or a flipped bit leaves is told from the rest.
import { closeSync, openSync, readSync } from 'node:fs';
import { crc32 } from '../io/crc32.js';

const DIGITS = 8;
const PIECE = 2 ** 16;
const NEWLINE = 10;

/** `before` goes into the checksum: lines made with another one are no lines. */
export function checkedLine(content: unknown, before = 0): string {
  const text = JSON.stringify(content);
  const sum = crc32(Buffer.from(text), before);
  return `${sum.toString(16).padStart(DIGITS, '0')} ${text}\n`;
}

/** The content of a line without its end; undefined if it is damaged. */
export function readLine(line: Buffer, before = 0): unknown {
  const sum = Number.parseInt(line.toString('latin1', 0, DIGITS), 16);
  const text = line.subarray(DIGITS + 1);
  if (line[DIGITS] !== 32 || crc32(text, before) !== sum) return undefined;
  return JSON.parse(text.toString());
}

/** Hands on every line of a file, without its end. Returns whether the last one has none: it was cut off. */
export function eachLine(path: string, use: (line: Buffer) => void): boolean {
  const handle = openSync(path, 'r');
  try {
    const piece = Buffer.alloc(PIECE);
    let rest = Buffer.alloc(0);
    for (let read = readSync(handle, piece); read > 0; read = readSync(handle, piece)) {
      const text = Buffer.concat([rest, piece.subarray(0, read)]);
      let at = 0;
      for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, at)) {
        use(text.subarray(at, end));
        at = end + 1;
      }
      rest = text.subarray(at);
    }
    return rest.length > 0;
  } finally {
    closeSync(handle);
  }
}
