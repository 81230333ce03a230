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
export function withSegment(file: Uint8Array, marker: number, body: readonly number[]): Uint8Array {
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
