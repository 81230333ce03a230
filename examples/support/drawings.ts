// Pictures that the examples train on, drawn by their number: nothing to download, and the same on every machine.
import { mixKey, Random, TensorDataset } from '../../src/data/index.js';

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
  disc: (x, y) => x * x + y * y < 1,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.9,
  triangle: (x, y) => y < 0.8 && y > 2 * Math.abs(x) - 0.9,
  bars: (x, y) => Math.abs(x) < 1 && Math.abs(y) < 1 && Math.sin(8 * y) > 0,
  ring: (x, y) => Math.abs(x * x + y * y - 0.6) < 0.35,
  cross: (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.3 && Math.max(Math.abs(x), Math.abs(y)) < 1,
  ell: (x, y) => (Math.abs(x + 0.5) < 0.35 && Math.abs(y) < 0.9) || (Math.abs(y - 0.6) < 0.35 && Math.abs(x) < 0.85),
};

/** So many pictures (1, side, side) of each class: its shape somewhere, turned, on noise. */
export function drawnShapes(classes: readonly string[], each: number, salt: number, side: number) {
  const labels = Int32Array.from({ length: each * classes.length }, (_, n) => n % classes.length);
  const data = new Float32Array(labels.length * side * side);
  for (const [n, label] of labels.entries()) {
    const random = new Random(mixKey(salt, n));
    const [cx, cy, size, turn] = [10 + random.below(12), 10 + random.below(12), 6 + 4 * random.unit(), random.unit()];
    const [cos, sin] = [Math.cos(turn - 0.5), Math.sin(turn - 0.5)];
    for (let i = 0; i < side * side; i++) {
      const [dx, dy] = [((i % side) - cx) / size, (Math.floor(i / side) - cy) / size];
      const inside = shapes[classes[label]](dx * cos - dy * sin, dx * sin + dy * cos);
      data[n * side * side + i] = (inside ? 1.2 : 0) + 0.5 * random.normal();
    }
  }
  return new TensorDataset({ images: { data, shape: [labels.length, 1, side, side] }, labels });
}
