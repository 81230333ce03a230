// Pictures that the examples train on, drawn by their number: nothing to download, and the same on every machine.
import { ImageDataset, MemoryPixels, mixKey, Random } from '../../src/data/index.js';

/** A disc (1) and a square (2) on noise, in colours that do not tell them apart, and the class of each pixel. */
export function discAndSquare(salt: number, number: number, side: number) {
  const random = new Random(mixKey(salt, number));
  const x = Float32Array.from({ length: 3 * side * side }, () => 0.2 * random.normal());
  const y = new Int32Array(side * side);
  for (const shape of [1, 2]) {
    const [cx, cy, r] = [random.below(side), random.below(side), 6 + random.below(5)];
    const colour = [0, 1, 2].map(() => 2 * random.unit() - 1);
    for (let i = 0; i < y.length; i++) {
      const [dx, dy] = [(i % side) - cx, Math.floor(i / side) - cy];
      if (shape === 1 ? dx * dx + dy * dy > r * r : Math.max(Math.abs(dx), Math.abs(dy)) > r) continue;
      y[i] = shape;
      for (const [c, value] of colour.entries()) x[c * side * side + i] += 1.5 * value;
    }
  }
  return { x: { data: x, shape: [3, side, side] }, y: { data: y, shape: [side, side] } };
}

/** Whether a place, from the middle in units of the size, belongs to a shape. */
const shapes: Record<string, (x: number, y: number) => boolean> = {
  ring: (x, y) => Math.abs(x * x + y * y - 0.6) < 0.35,
  cross: (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.3 && Math.max(Math.abs(x), Math.abs(y)) < 1,
  ell: (x, y) => (Math.abs(x + 0.5) < 0.35 && Math.abs(y) < 0.9) || (Math.abs(y - 0.6) < 0.35 && Math.abs(x) < 0.85),
};

/** So many pictures of each class in colour: its shape in any colour, place, size and turn, beside a disc, on a ground that shades into another. */
export function drawnScenes(classes: readonly string[], each: number, salt: number, side: number): ImageDataset {
  const labels = Int32Array.from({ length: each * classes.length }, (_, n) => n % classes.length);
  const pictures = Array.from(labels, (label, n) => scene(classes[label], new Random(mixKey(salt, n)), side));
  const names = Array.from(labels, (label, n) => `${classes[label]}.${n}`);
  return new ImageDataset(new MemoryPixels(side, pictures), side, classes, labels, names);
}

/** Planes (3, side, side). */
function scene(shape: string, random: Random, side: number): Uint8Array {
  const between = (low: number, high: number) => low + (high - low) * random.unit();
  const colour = () => [0, 1, 2].map(() => between(20, 235));
  const distance = (a: number[], b: number[]) => a.reduce((sum, v, c) => sum + Math.abs(v - b[c]), 0);
  const [top, bottom, disc] = [colour(), colour(), colour()];
  const middle = top.map((v, c) => (v + bottom[c]) / 2);
  let own = colour();
  while (distance(own, middle) < 120) own = colour();
  const [cx, cy, size, turn] = [between(0.35, 0.65), between(0.35, 0.65), between(0.24, 0.36), between(-0.6, 0.6)];
  const [discX, discY, radius, noise] = [between(0, 1), between(0, 1), between(0.03, 0.13), between(4, 25)];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const picture = new Uint8Array(3 * side * side);
  for (let i = 0; i < side * side; i++) {
    const [x, y] = [(i % side) / side, Math.floor(i / side) / side];
    const [dx, dy] = [(x - cx) / size, (y - cy) / size];
    const inside = shapes[shape](dx * cos - dy * sin, dx * sin + dy * cos);
    const onDisc = Math.hypot(x - discX, y - discY) < radius;
    for (let c = 0; c < 3; c++) {
      const value = inside ? own[c] : onDisc ? disc[c] : top[c] * (1 - y) + bottom[c] * y;
      picture[c * side * side + i] = Math.max(0, Math.min(255, Math.round(value + noise * random.normal())));
    }
  }
  return picture;
}
