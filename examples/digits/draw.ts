// Digits drawn with a pen of random width by a hand that trembles: strokes, turned, sheared, scaled and moved at random,
// on a page with noise. They stand in for handwritten ones, which are more varied.
import { mixKey, Random } from '../../src/data/index.js';

type Point = readonly [x: number, y: number];

/** Points on an ellipse, from one angle to another in turns of a clock that starts at 12 and runs with the hands. */
function arc(cx: number, cy: number, rx: number, ry: number, from: number, to: number): Point[] {
  const steps = 12;
  return Array.from({ length: steps + 1 }, (_, i) => {
    const angle = 2 * Math.PI * (from + ((to - from) * i) / steps);
    return [cx + rx * Math.sin(angle), cy - ry * Math.cos(angle)];
  });
}

/** The strokes of each digit in a square from (-1, -1), top left, to (1, 1). */
const STROKES: readonly (readonly Point[])[][] = [
  [arc(0, 0, 0.55, 0.85, 0, 1)],
  [
    [
      [-0.35, -0.5],
      [0.05, -0.85],
      [0.05, 0.85],
    ],
  ],
  [[...arc(0, -0.4, 0.5, 0.45, -0.2, 0.35), [-0.55, 0.85], [0.55, 0.85]]],
  [[...arc(0, -0.42, 0.45, 0.43, -0.15, 0.5), ...arc(0, 0.42, 0.52, 0.43, 0, 0.65)]],
  [
    [
      [0.15, -0.85],
      [-0.55, 0.3],
      [0.6, 0.3],
    ],
    [
      [0.25, -0.2],
      [0.25, 0.85],
    ],
  ],
  [[[0.5, -0.85], [-0.4, -0.85], [-0.45, -0.1], ...arc(-0.02, 0.33, 0.52, 0.5, -0.12, 0.62)]],
  [[[0.3, -0.85], ...arc(0, 0.35, 0.5, 0.5, -0.32, 0.68)]],
  [
    [
      [-0.55, -0.85],
      [0.55, -0.85],
      [-0.1, 0.85],
    ],
  ],
  [arc(0, -0.42, 0.42, 0.42, 0.5, 1.5), arc(0, 0.42, 0.52, 0.43, 0, 1)],
  [[...arc(0, -0.35, 0.48, 0.5, 0.25, 1.25), [0.3, 0.85]]],
];

/** The distance from a point to the line between two others. */
function distance([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const along = ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy || 1);
  const t = Math.min(Math.max(along, 0), 1);
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}

/** A random hand: where it puts a point of the unit strokes, in pixels. */
function hand(size: number, random: Random): (point: Point) => Point {
  const between = (low: number, high: number) => low + (high - low) * random.unit();
  const scale = (size / 2) * between(0.6, 0.9);
  const [wide, tall] = [scale * between(0.75, 1.1), scale];
  const [turn, shear] = [between(-0.25, 0.25), between(-0.3, 0.3)];
  const [left, top] = [between(-0.1, 0.1) * size, between(-0.1, 0.1) * size];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const tremble = 0.04 * scale;
  return ([x, y]) => {
    const [u, v] = [(x + shear * y) * wide, y * tall];
    const [dx, dy] = [tremble * random.normal(), tremble * random.normal()];
    return [size / 2 + left + cos * u - sin * v + dx, size / 2 + top + sin * u + cos * v + dy];
  };
}

function draw(digit: number, size: number, random: Random, out: Float32Array): void {
  const move = hand(size, random);
  const strokes = STROKES[digit].map((stroke) => stroke.map(move));
  const pen = size * (0.04 + 0.03 * random.unit());
  const noise = 0.15 * random.unit();
  for (let i = 0; i < size * size; i++) {
    const pixel: Point = [(i % size) + 0.5, Math.floor(i / size) + 0.5];
    let nearest = size;
    for (const stroke of strokes) {
      for (let j = 1; j < stroke.length; j++) nearest = Math.min(nearest, distance(pixel, stroke[j - 1], stroke[j]));
    }
    const ink = Math.min(Math.max(pen + 0.5 - nearest, 0), 1);
    out[i] = ink + noise * random.normal();
  }
}

/** Labelled drawings: `images` (count, 1, size, size), ink about 1 on paper about 0. The same for the same seed. */
export interface Digits {
  images: Float32Array;
  labels: Int32Array;
}

/** `count` drawings, as many of each digit. */
export function drawDigits(count: number, size: number, seed: number): Digits {
  const images = new Float32Array(count * size * size);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 10);
  for (const [i, digit] of labels.entries()) {
    draw(digit, size, new Random(mixKey(seed, i)), images.subarray(i * size * size, (i + 1) * size * size));
  }
  return { images, labels };
}

const SHADES = ' .:-=+*#%@';

/** A drawing as text, two letters a pixel. */
export function showDigit(pixels: Float32Array, size: number): string[] {
  const shade = (ink: number) => SHADES[Math.min(Math.max(Math.round(ink * 9), 0), 9)].repeat(2);
  return Array.from({ length: size }, (_, y) => Array.from(pixels.subarray(y * size, (y + 1) * size), shade).join(''));
}
