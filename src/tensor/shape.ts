// Shapes: pure functions on lists of sizes.
import { ShapeError, showValue } from '../errors.js';

/** Sizes, the slowest dimension first: [batch, channels, height, width] for images, [] for a scalar. */
export type Shape = readonly number[];

/** How many elements a tensor of this shape has. A scalar, shape [], has one. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** A shape as people write it: [8, 3, 227, 227]. */
export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

/** Checks sizes given by a caller: whole and not negative. */
export function checkShape(op: string, shape: Shape): void {
  if (!Array.isArray(shape) || shape.includes(undefined) || !shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new ShapeError(`${op}: ${showValue(shape)} is not a shape (sizes are whole numbers, 0 or more)`);
  }
}

/** The shape of a model's input, or a list with the shape of each of its inputs. */
export type InputShape = Shape | readonly Shape[];

/** The shapes of a model's inputs, given by a caller. */
export function shapesOf(op: string, given: InputShape): readonly Shape[] {
  const several = Array.isArray(given) && given.length > 0 && given.every(Array.isArray);
  const shapes = (several ? given : [given]) as readonly Shape[];
  for (const shape of shapes) checkShape(op, shape);
  return shapes;
}

/** The shape two shapes broadcast to, by NumPy's and PyTorch's rule. */
export function broadcastShapes(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(`${op}: ${showShape(a)} and ${showShape(b)} do not broadcast (${x} against ${y})`);
    }
    return x === 1 ? y : x;
  });
}

/** A dimension counted from the front; negative ones count from the back. */
export function normalizeDim(op: string, dim: number, rank: number): number {
  const limit = Math.max(rank, 1);
  if (!Number.isInteger(dim) || dim < -limit || dim >= limit) {
    throw new ShapeError(`${op}: dim ${showValue(dim)} is out of range for a tensor with ${rank} dimensions`);
  }
  return dim < 0 ? dim + limit : dim;
}

/** Distinct dimensions in ascending order; null, undefined or an empty list means all of them. */
export function normalizeDims(op: string, dims: number | readonly number[] | null | undefined, rank: number): number[] {
  const list = typeof dims === 'number' ? [dims] : (dims ?? []);
  if (!Array.isArray(list)) throw new ShapeError(`${op}: dims are whole numbers, got ${showValue(dims)}`);
  if (list.length === 0) return Array.from({ length: rank }, (_, i) => i);
  const normal = list.map((d) => normalizeDim(op, d, rank)).sort((a, b) => a - b);
  const twice = normal.find((d, i) => d === normal[i + 1]);
  if (twice !== undefined) throw new ShapeError(`${op}: dim ${twice} is named twice in ${showShape(list)}`);
  return rank === 0 ? [] : normal;
}
