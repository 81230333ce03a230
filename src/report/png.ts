// Small pictures made of numbers, and encoded pictures as data URLs.
import { showValue, UsageError } from '../errors.js';
import { crc32 } from '../io/crc32.js';

/** A picture's bytes: PNG or JPEG. */
export type EncodedPicture = Uint8Array;

/**
 * Pixels (height, width, 4) of 8 bits, red, green, blue and opacity, as a PNG. Nothing is compressed: it is for small pictures, in
 * pages and in Node alike.
 * @throws UsageError if the pixels are not as many.
 */
export function encodePng(
  width: number,
  height: number,
  rgba: Uint8Array | Uint8ClampedArray,
): Uint8Array<ArrayBuffer> {
  if (!(width > 0 && height > 0 && rgba.length === width * height * 4)) {
    throw new UsageError(`encodePng: ${width} x ${height} pixels are ${width * height * 4} bytes, got ${rgba.length}`);
  }
  const rows = new Uint8Array(height * (1 + 4 * width)); // each row begins with its filter: 0, none
  for (let y = 0; y < height; y++) rows.set(rgba.subarray(y * 4 * width, (y + 1) * 4 * width), y * (1 + 4 * width) + 1);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 6], 8); // 8 bits, RGBA
  return join([PNG, chunk('IHDR', header), chunk('IDAT', stored(rows)), chunk('IEND', new Uint8Array())]);
}

const PNG: Uint8Array = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

function chunk(type: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, crc32(bytes.subarray(4, 8 + body.length)));
  return bytes;
}

/** A zlib stream of blocks that are stored as they are. */
function stored(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x78, 0x01)];
  for (let at = 0; at < bytes.length; at += 0xffff) {
    const block = bytes.subarray(at, at + 0xffff);
    const last = Number(at + 0xffff >= bytes.length);
    const [low, high] = [block.length & 255, block.length >> 8];
    parts.push(Uint8Array.of(last, low, high, low ^ 255, high ^ 255), block);
  }
  let [a, b] = [1, 0]; // Adler-32
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return join([...parts, Uint8Array.of(b >> 8, b & 255, a >> 8, a & 255)]);
}

/** Bytes, one after the other. */
export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** 'image/png' or 'image/jpeg', by the first bytes. @throws UsageError for any other. */
export function pictureType(where: string, bytes: EncodedPicture): 'image/png' | 'image/jpeg' {
  const begins = (...start: number[]) => start.every((byte, i) => bytes[i] === byte);
  if (bytes instanceof Uint8Array && begins(...PNG)) return 'image/png';
  if (bytes instanceof Uint8Array && begins(0xff, 0xd8, 0xff)) return 'image/jpeg';
  throw new UsageError(`${where}: a picture is the bytes of a PNG or a JPEG, got ${showValue(bytes)}`);
}

/** Width and height as a PNG says them. @throws UsageError if it is none. */
export function pngSize(where: string, bytes: EncodedPicture): { width: number; height: number } {
  if (pictureType(where, bytes) !== 'image/png' || bytes.length < 24) {
    throw new UsageError(`${where}: takes the bytes of a PNG, got ${showValue(bytes)}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** A picture that stands in the page itself. */
export function dataUrl(where: string, bytes: EncodedPicture): string {
  return `data:${pictureType(where, bytes)};base64,${base64(bytes)}`;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** By hand: `btoa` takes a text, and making one of megabytes takes seconds. */
function base64(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  for (let at = 0, to = 0; at < bytes.length; at += 3, to += 4) {
    const [a, b = 0, c = 0] = [bytes[at], bytes[at + 1], bytes[at + 2]];
    text[to] = DIGITS.charCodeAt(a >> 2);
    text[to + 1] = DIGITS.charCodeAt(((a & 3) << 4) | (b >> 4));
    text[to + 2] = at + 1 < bytes.length ? DIGITS.charCodeAt(((b & 15) << 2) | (c >> 6)) : 61;
    text[to + 3] = at + 2 < bytes.length ? DIGITS.charCodeAt(c & 63) : 61;
  }
  return new TextDecoder().decode(text);
}
