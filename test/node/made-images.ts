// Small image files made on the spot, for tests of decoding.
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';

export type Painter = (x: number, y: number) => readonly [number, number, number, number?];

function painted(width: number, height: number, paint: Painter): Buffer {
  const data = Buffer.alloc(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const [r, g, b, alpha = 255] = paint(i % width, Math.floor(i / width));
    data.set([r, g, b, alpha], i * 4);
  }
  return data;
}

export function makeJpeg(width: number, height: number, paint: Painter, quality = 95): Uint8Array {
  return new Uint8Array(jpeg.encode({ width, height, data: painted(width, height, paint) }, quality).data);
}

export function makePng(width: number, height: number, paint: Painter): Uint8Array {
  const png = new PNG({ width, height });
  png.data = painted(width, height, paint);
  return new Uint8Array(PNG.sync.write(png));
}

/** A soft picture without flat parts. */
export const gradient: Painter = (x, y) => [(x * 7 + y) % 256, (y * 5 + 40) % 256, (x * 3 + y * 2) % 256];

/** A JPEG with another segment after its first two bytes. */
function withSegment(file: Uint8Array, marker: number, body: readonly number[]): Uint8Array {
  const length = body.length + 2;
  return Uint8Array.from([
    ...file.subarray(0, 2),
    0xff,
    marker,
    length >> 8,
    length & 255,
    ...body,
    ...file.subarray(2),
  ]);
}

/** Exif's orientation tag as an APP1 segment, in either byte order. */
export function withOrientation(file: Uint8Array, orientation: number, little: boolean): Uint8Array {
  const order = (...bytes: number[]) => (little ? [...bytes].reverse() : bytes);
  const entry = [...order(0x01, 0x12), ...order(0, 3), ...order(0, 0, 0, 1), ...order(0, orientation), 0, 0];
  const tiff = [
    ...(little ? [0x49, 0x49] : [0x4d, 0x4d]),
    ...order(0, 42),
    ...order(0, 0, 0, 8),
    ...order(0, 1),
    ...entry,
  ];
  return withSegment(file, 0xe1, [...[...'Exif\0\0'].map((letter) => letter.charCodeAt(0)), ...tiff, 0, 0, 0, 0]);
}

/** Where a start-of-frame marker's segment begins: its length, then precision, height, width, components. */
export function frameAt(file: Uint8Array): number {
  return file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc0) + 2;
}

/** One change at random: a byte, a run of bytes, a cut, or bytes put in. `random` gives numbers in [0, 1). */
export function mutated(file: Uint8Array, random: () => number): Uint8Array {
  const at = Math.floor(random() * file.length);
  const byte = () => Math.floor(random() * 256);
  const kind = Math.floor(random() * 4);
  if (kind === 0) return file.map((old, i) => (i === at ? byte() : old));
  if (kind === 1) return file.map((old, i) => (i >= at && i < at + 8 ? byte() : old));
  if (kind === 2) return file.slice(0, at);
  return Uint8Array.from([...file.subarray(0, at), byte(), byte(), ...file.subarray(at)]);
}

/** A piece of a JPEG: its marker's second byte, what follows the length, and, of a scan, the bytes behind. */
export interface Segment {
  marker: number;
  body: Uint8Array;
  scan: Uint8Array;
}

/** The segments of a file that our encoder made: no fill bytes, no restarts. */
export function splitSegments(file: Uint8Array): Segment[] {
  const segments: Segment[] = [];
  for (let at = 2; at < file.length - 2; ) {
    const end = at + 2 + file[at + 2] * 256 + file[at + 3];
    const next = file[at + 1] === 0xda ? file.length - 2 : end;
    segments.push({ marker: file[at + 1], body: file.slice(at + 4, end), scan: file.slice(end, next) });
    at = next;
  }
  return segments;
}

/** A JPEG of these segments; `between` stands before each but the first. */
export function joinSegments(segments: readonly Segment[], between = new Uint8Array(0)): Uint8Array {
  const parts = segments.flatMap(({ marker, body, scan }, i) => {
    const length = body.length + 2;
    const head = marker === 0xd8 ? [0xff, marker] : [0xff, marker, length >> 8, length & 255];
    return [i > 0 ? between : new Uint8Array(0), Uint8Array.from(head), Uint8Array.from(body), scan];
  });
  return new Uint8Array(Buffer.concat([Uint8Array.of(0xff, 0xd8), ...parts, Uint8Array.of(0xff, 0xd9)]));
}

/** An entry of a TIFF directory: tag, type, count, and a value that fits four bytes. */
export type Field = [tag: number, type: number, count: number, value: number];

/** A TIFF of one directory, at `at`. */
export function tiff(fields: readonly Field[], { little = false, at = 8 } = {}): number[] {
  const file = Buffer.alloc(at + 2 + 12 * fields.length + 4);
  const write = (bytes: number, value: number, to: number) =>
    little ? file.writeUIntLE(value, to, bytes) : file.writeUIntBE(value, to, bytes);
  file.write(little ? 'II' : 'MM', 'latin1');
  write(2, 42, 2);
  write(4, at, 4);
  write(2, fields.length, at);
  const sizes: Record<number, number> = { 1: 1, 2: 1, 3: 2, 6: 1, 7: 1, 8: 2 };
  for (const [i, [tag, type, count, value]] of fields.entries()) {
    const entry = at + 2 + 12 * i;
    write(2, tag, entry);
    write(2, type, entry + 2);
    write(4, count, entry + 4);
    write(sizes[type] ?? 4, value, entry + 8);
  }
  return [...file];
}

/** What an APP1 segment of Exif holds. */
export const exif = (file: readonly number[]): Uint8Array =>
  Uint8Array.from([...[...'Exif\0\0'].map((letter) => letter.charCodeAt(0)), ...file]);

/** A piece of a PNG. */
export interface Chunk {
  type: string;
  body: Uint8Array;
}

export function splitChunks(file: Uint8Array): Chunk[] {
  const bytes = Buffer.from(file);
  const chunks: Chunk[] = [];
  for (let at = 8; at < bytes.length; ) {
    const end = at + 12 + bytes.readUInt32BE(at);
    chunks.push({ type: bytes.toString('latin1', at + 4, at + 8), body: file.slice(at + 8, end - 4) });
    at = end;
  }
  return chunks;
}

export function joinChunks(chunks: readonly Chunk[]): Uint8Array {
  const parts = chunks.map(({ type, body }) => {
    const part = Buffer.alloc(body.length + 12);
    part.writeUInt32BE(body.length);
    part.write(type, 4, 'latin1');
    part.set(body, 8);
    part.writeUInt32BE(checksum(part.subarray(4, -4)), body.length + 8);
    return part;
  });
  return new Uint8Array(Buffer.concat([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), ...parts]));
}

/** CRC-32, bit by bit. */
function checksum(bytes: Uint8Array): number {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}
