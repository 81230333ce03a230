// Transforms that make of each number another one, by its channel alone. Of bytes there are 256: any number of such
// transforms, one after the other, is one table a channel.
import type { Picture } from './picture.js';

/** What becomes of a number, 0 to 2 being its channel. The result is rounded to f32. */
export type Point = (value: number, channel: number) => number;

/** One after the other; none leaves the picture as it is. */
export function applyPoints(picture: Picture, points: readonly Point[]): Picture {
  if (points.length === 0) return picture;
  const { width, height, planes } = picture;
  const plane = width * height;
  const out = new Float32Array(3 * plane);
  for (let c = 0; c < 3; c++) {
    const part = planes.subarray(c * plane, (c + 1) * plane);
    if (part instanceof Uint8Array) lookUp(part, applyAll(points, BYTES, c), out, c * plane);
    else out.set(applyAll(points, part, c), c * plane);
  }
  return { width, height, planes: out };
}

const BYTES = Float32Array.from({ length: 256 }, (_, byte) => byte);

function applyAll(points: readonly Point[], values: Float32Array, channel: number): Float32Array {
  return points.reduce((made, point) => made.map((value) => point(value, channel)), values);
}

function lookUp(bytes: Uint8Array, table: Float32Array, out: Float32Array, at: number): void {
  for (let i = 0; i < bytes.length; i++) out[at + i] = table[bytes[i]];
}
